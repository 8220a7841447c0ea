#include "lib/analysis/boosted_trees.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/analysis/roc.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

constexpr std::size_t features = 6;

/// Stamps of standard normal features; positives have a product of the first two above
/// 0, which no linear score can tell.
LabelledRows product_of_two(int samples, std::int64_t stream_id) {
  LabelledRows rows;
  RandomStream stream(5, stream_id, StreamTag::self_test);
  for (int k = 0; k < samples; ++k) {
    const auto first = rows.x.size();
    for (std::size_t f = 0; f < features; ++f) {
      rows.x.push_back(static_cast<float>(stream.normal()));
    }
    rows.positive.push_back(rows.x[first] * rows.x[first + 1] > 0.0F ? 1 : 0);
  }
  return rows;
}

double auc(const std::vector<double>& scores, const LabelledRows& rows) {
  std::vector<Scored> scored;
  for (std::size_t k = 0; k < scores.size(); ++k) {
    scored.push_back({scores[k], rows.positive[k] != 0, static_cast<std::int64_t>(k)});
  }
  return auc_components(scored).auc;
}

TEST(BoostedTrees, SeeWhatNoLinearScoreDoes) {
  const auto train = product_of_two(2000, 0);
  const auto test = product_of_two(1000, 2);

  const auto found = fit_boosted_trees(train, product_of_two(600, 1), test.x, features);

  // scikit-learn's HistGradientBoostingClassifier reaches 0.99 on the like.
  EXPECT_GT(auc(found.test, test), 0.97);
  EXPECT_LT(found.validation_loss, 0.3);
  EXPECT_GT(found.trees, 10);
}

TEST(BoostedTrees, SeeNothingInChance) {
  auto train = product_of_two(2000, 0);
  auto validation = product_of_two(600, 1);
  auto test = product_of_two(1000, 2);
  // Labels of other stamps.
  train.positive = product_of_two(2000, 3).positive;
  validation.positive = product_of_two(600, 4).positive;
  test.positive = product_of_two(1000, 5).positive;

  const auto found = fit_boosted_trees(train, validation, test.x, features);

  EXPECT_NEAR(auc(found.test, test), 0.5, 4.0 * std::sqrt(1.0 / 12.0 * 4.0 / 1000.0));
}

TEST(BoostedTrees, GiveTheSameBitsAgainAndEqualStampsEqualScores) {
  const auto train = product_of_two(500, 0);
  const auto validation = product_of_two(200, 1);
  const auto test = product_of_two(100, 2);
  auto twice = test.x;
  twice.insert(twice.end(), test.x.begin(), test.x.end());

  const auto first = fit_boosted_trees(train, validation, twice, features);
  const auto again = fit_boosted_trees(train, validation, twice, features);

  EXPECT_EQ(first.test, again.test);
  ASSERT_EQ(first.test.size(), 200U);
  EXPECT_TRUE(std::equal(first.test.begin(), first.test.begin() + 100,
                         first.test.begin() + 100));
}

}  // namespace
}  // namespace lensmill::analysis
