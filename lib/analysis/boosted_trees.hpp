#pragma once

#include <span>
#include <vector>

namespace lensmill::analysis {

/// Stamps as rows of features, for boosted trees.
struct LabelledRows {
  std::vector<float> x;        ///< [sample, feature]
  std::vector<char> positive;  ///< [sample]
};

/// Scores by boosted trees, and how many there are.
struct TreeScores {
  int trees = 0;                 ///< of the least validation loss
  double validation_loss = 0.0;  ///< mean log-loss there
  std::vector<double> test{};    ///< logits, [sample]
};

/// Gradient-boosted regression trees on the logistic loss (Friedman 2001, Ann. Stat.
/// 29, 1189; Chen & Guestrin 2016, arXiv:1603.02754), by the XGBoost library: trees of
/// depth 4, learning rate 0.1, histograms of 64 bins. They are added until the log-loss
/// of the validation samples has not fallen for 30 trees, at most 300; those of the
/// least loss count. One thread, no subsampling: the same input gives the same scores
/// with one version of the library.
///
/// \param features per sample; > 0
/// \param test [sample, feature]
/// \throws Error: what the library refuses
TreeScores fit_boosted_trees(const LabelledRows& train, const LabelledRows& validation,
                             std::span<const float> test, std::size_t features);

}  // namespace lensmill::analysis
