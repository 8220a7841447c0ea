#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lib/analysis/features.hpp"
#include "lib/analysis/roc.hpp"
#include "pipeline/rerender/sampled_row.hpp"

namespace lensmill::pipeline {

/// A counter-image is visible above this SNR.
inline constexpr double visible_snr = 3.0;
inline bool has_visible_counter_image(const SampledRow& row) {
  return row.counter_image_snr > visible_snr;
}

/// Fewest rows that a part of the data must have.
inline constexpr std::int64_t fewest_train_rows = 50;
inline constexpr std::int64_t fewest_other_rows = 20;

/// Rows of each part, of those with a flag in `valid` (all where it is empty).
std::array<std::int64_t, 3> rows_per_split(std::span<const SampledRow> rows,
                                           std::span<const char> valid);
/// Whether there are enough of each.
bool enough_rows(const std::array<std::int64_t, 3>& rows);

/// Distinct hosts of each part, likewise.
std::array<std::int64_t, 3> hosts_per_split(std::span<const SampledRow> rows,
                                            std::span<const char> valid);

/// What is trained on a region.
enum class Classifier { logistic, boosted_trees };
inline constexpr std::array all_classifiers{Classifier::logistic,
                                            Classifier::boosted_trees};
inline constexpr std::size_t classifier_count = all_classifiers.size();
std::string_view to_string(Classifier classifier);

/// A region's classifiers and how they do on the test rows.
struct RegionFit {
  double l2 = 0.0;  ///< chosen on the validation rows
  bool converged = true;
  int trees = 0;  ///< chosen on the validation rows
  /// By classifier, of each valid test row in order: score of the positive, of the
  /// negative.
  std::array<std::vector<double>, classifier_count> test_scores{};
};

/// Logistic regression on the training rows with each strength of a short list, of
/// which that of the least log-loss on the validation rows counts; boosted trees, as
/// many as the validation rows ask for. Both score the test rows.
/// \param features [row, positive | negative, feature] of all sampled rows
/// \param valid one flag per row: rows without are left out
/// \pre enough_rows
RegionFit fit_region(std::span<const float> features,
                     const analysis::FeatureShape& shape, analysis::Region region,
                     std::span<const SampledRow> rows, std::span<const char> valid);

/// Test scores as pairs of stamps, of the valid test rows that `wanted` accepts.
template <class Wanted>
std::vector<analysis::Scored> test_pairs(std::span<const double> test_scores,
                                         std::span<const SampledRow> rows,
                                         std::span<const char> valid, Wanted&& wanted) {
  std::vector<analysis::Scored> pairs;
  std::size_t k = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].split != catalogue::Split::test || valid[i] == 0) continue;
    if (wanted(rows[i])) {
      pairs.push_back({test_scores[k], true, rows[i].host});
      pairs.push_back({test_scores[k + 1], false, rows[i].host});
    }
    k += 2;
  }
  return pairs;
}

}  // namespace lensmill::pipeline
