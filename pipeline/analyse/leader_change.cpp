#include "pipeline/analyse/leader_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/analysis/sign_change.hpp"

namespace lensmill::pipeline {
namespace {

using namespace analysis;
using Sums = std::span<const double>;

/// Mean contribution of the counter-image minus the outer image's, by bin.
struct Curve {
  std::vector<double> theta_e_arcsec, difference;
};

template <class SumsOf>
Curve curve_of(const AnalysisInput& input, std::size_t first, SumsOf sums_of) {
  Curve curve;
  for (std::size_t bin = 0; bin < input.bins(); ++bin) {
    const Sums q = sums_of(bin);
    curve.theta_e_arcsec.push_back(mean_of(q_theta_e, q_offset_rows)(q));
    curve.difference.push_back(mean_of(first + counter_image, q_core_rows)(q) -
                               mean_of(first + outer_image, q_core_rows)(q));
  }
  return curve;
}

Estimate change_of(const AnalysisInput& input, std::size_t first) {
  const auto& b = input.bootstrap;
  const auto place = [](const Curve& curve) {
    return sign_change(curve.theta_e_arcsec, curve.difference);
  };
  std::vector<double> replicates;
  replicates.reserve(b.replicates());
  for (std::size_t r = 0; r < b.replicates(); ++r) {
    replicates.push_back(place(
        curve_of(input, first, [&](std::size_t bin) { return b.replicate(r, bin); })));
  }
  return from_replicates(
      place(curve_of(input, first, [&](std::size_t bin) { return b.data(bin); })),
      std::move(replicates));
}

/// Sign of the difference in the first or last bin that has one.
template <class Range>
double end_of(Range values) {
  for (const double value : values) {
    if (value < 0.0 || value > 0.0) return value;
  }
  return 0.0;
}

bool same_sign(const Curve& curve) {
  const double first = end_of(std::span(curve.difference));
  return std::ranges::none_of(curve.difference,
                              [&](double value) { return value * first < 0.0; });
}

std::string name_of(double difference) {
  return difference > 0.0 ? "counter-image" : "outer image";
}

}  // namespace

LeaderChanges leader_changes(const AnalysisInput& input) {
  LeaderChanges out{.table = {.id = "leader_change",
                              .title = "theta_E at which the larger part of the core "
                                       "changes from one image to the other",
                              .columns = {{"ranking"}, {"below"}, {"above"}},
                              .rows = {}},
                    .sentences = {}};
  out.table.add_estimate_columns("theta_e", "arcsec");
  struct Ranking {
    const char *name, *words;
    std::size_t first;
  };
  for (const auto& ranking :
       {Ranking{"split", "By cause, before the PSF", q_split},
        Ranking{"net_kind", "By image, net of what the PSF moves", q_net}}) {
    const auto curve = curve_of(input, ranking.first, [&](std::size_t bin) {
      return input.bootstrap.data(bin);
    });
    const double low = end_of(std::span(curve.difference));
    const double high =
        end_of(std::vector(curve.difference.rbegin(), curve.difference.rend()));
    if (low == 0.0) continue;  // no bin has rows
    const Estimate change = change_of(input, ranking.first);
    std::vector<Cell> row{std::string(ranking.name), name_of(low), name_of(high)};
    append(row, change);
    out.table.rows.push_back(std::move(row));
    if (low * high > 0.0) {
      out.sentences.push_back(fmt::format(
          "{}, the {} gives the larger part of the core at {} theta_E.", ranking.words,
          name_of(low), same_sign(curve) ? "every" : "the smallest and the largest"));
    } else {
      out.sentences.push_back(fmt::format(
          "{}, the {} gives the larger part of the core below theta_E = {} arcsec, the "
          "{} above it.",
          ranking.words, name_of(low),
          std::isnan(change.value) ? "(several changes)" : with_interval(change),
          name_of(high)));
    }
  }
  return out;
}

}  // namespace lensmill::pipeline
