#include "lib/analysis/counterfactual_sums.hpp"

#include <cmath>
#include <utility>

#include "lib/analysis/shapley.hpp"

namespace lensmill::analysis {
CounterfactualSums::CounterfactualSums(Bins bins)
    : bins_(std::move(bins)), sums_(bins_.count() + 1, c_quantities) {}

bool CounterfactualSums::add(const CounterfactualRow& row) {
  const auto value = std::span(row.value);
  const auto correct = value.first(correct_game_size);
  if (!all_usable(correct)) return false;
  const std::size_t cell = bins_.of(row.theta_e_arcsec);
  const std::size_t group = sums_.group_of(row.unit);
  const auto put = [&](std::size_t quantity, double x) {
    sums_.add(cell, group, quantity, x);
  };
  sums_.count_row(group);
  put(c_rows, 1.0);
  put(c_core, value[correct_subset]);
  put(c_rest, value[0]);
  const auto three = shapley_values(correct);
  for (std::size_t k = 0; k < correct_causes; ++k) put(c_shapley + k, three[k]);
  put(c_leads + largest(three), 1.0);
  if (!all_usable(value) || !all_usable(row.split)) return true;
  put(c_both_rows, 1.0);
  put(c_both_core, value[correct_subset]);
  put(c_both_rest, value[0]);
  put(c_legacy_core, value[legacy_subset]);
  const double difference = value[legacy_subset] - value[correct_subset];
  put(c_operator, difference);
  put(c_operator_change, std::abs(difference));
  for (std::size_t k = 0; k < split_causes; ++k) put(c_split + k, row.split[k]);
  const auto four = shapley_values(value);
  for (std::size_t k = 0; k < game_causes; ++k) put(c_both_shapley + k, four[k]);
  put(c_both_leads + largest(four), 1.0);
  return true;
}

}  // namespace lensmill::analysis
