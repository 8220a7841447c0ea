#include "pipeline/probe/classify.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "lib/core/random_stream.hpp"
#include "pipeline/rerender/render_sample.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::Region;
using catalogue::Split;

constexpr int stamp_size_pix = 24;
constexpr double middle = 11.5;
constexpr double sigma_nmgy = 0.006;
constexpr double pedestal_nmgy = 1.0e-3;
constexpr int pairs = 1500;
// A chance of 6e-5 to miss by this many standard errors.
constexpr double sigmas = 4.0;

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

/// Pairs of pure sky: the negative one image, the positive an own one (as independent
/// noise as arcs can bring) or the same; a pedestal in the core of some.
struct Pairs {
  std::vector<SampledRow> rows;
  std::vector<char> valid;
  std::vector<float> features;
  analysis::FeatureShape shape =
      analysis::FeatureShape::for_stamp(stamp_size_pix, 1, 5);
};

Pairs draw(bool same_noise, double pedestal_share) {
  Pairs all;
  analysis::FeatureExtractor extractor(all.shape);
  std::vector<float> features(all.shape.count());
  for (int k = 0; k < pairs; ++k) {
    RandomStream stream(3, k, StreamTag::self_test);
    const double place = stream.uniform();
    const auto split = place < 0.6   ? Split::train
                       : place < 0.8 ? Split::validation
                                     : Split::test;
    all.rows.push_back({.row = k, .injection_id = k, .host = k, .split = split});
    all.valid.push_back(1);
    const auto noise = [&] {
      Image<float> image(stamp_size_pix, stamp_size_pix);
      for (float& pixel : image.pixels()) {
        pixel = static_cast<float>(sigma_nmgy * stream.normal());
      }
      return image;
    };
    const Image<float> negative = noise();
    Image<float> positive = same_noise ? negative : noise();
    if (stream.uniform() < pedestal_share) {
      for (int y = 0; y < stamp_size_pix; ++y) {
        for (int x = 0; x < stamp_size_pix; ++x) {
          if (std::hypot(x - middle, y - middle) >= 5.0) continue;
          positive(y, x) += static_cast<float>(pedestal_nmgy);
        }
      }
    }
    for (const Image<float>* image : {&std::as_const(positive), &negative}) {
      const analysis::BandStamp stamp{.image = *image, .noise_sigma_nmgy = sigma_nmgy};
      extractor.extract(std::span(&stamp, 1), middle, middle, features);
      all.features.insert(all.features.end(), features.begin(), features.end());
    }
  }
  return all;
}

RegionFit fit(const Pairs& all, Region region) {
  return fit_region(all.features, all.shape, region, all.rows, all.valid);
}

analysis::Estimate auc(const Pairs& all, Region region,
                       Classifier classifier = Classifier::logistic) {
  return analysis::auc_estimate(analysis::auc_components(
      test_pairs(fit(all, region).test_scores[static_cast<std::size_t>(classifier)],
                 all.rows, all.valid, [](const SampledRow&) { return true; })));
}

TEST(FitRegion, SeesNothingWhereThereIsNothing) {
  const auto all = draw(false, 0.0);

  for (const Region region : {Region::core, Region::annulus, Region::full}) {
    for (const Classifier classifier : all_classifiers) {
      const auto found = auc(all, region, classifier);

      EXPECT_NEAR(found.value, 0.5, sigmas * found.standard_error)
          << to_string(region) << to_string(classifier);
      EXPECT_LT(found.standard_error, 0.03);
    }
  }
}

TEST(FitRegion, GivesEqualPairsEqualScores) {
  const auto all = draw(true, 0.0);

  for (const Classifier classifier : all_classifiers) {
    EXPECT_EQ(auc(all, Region::full, classifier).value, 0.5) << to_string(classifier);
  }
}

TEST(FitRegion, FindsAPedestalInTheCoreAndOnlyThere) {
  const auto all = draw(false, 1.0);
  // The best linear classifier sums the core's 80 pixels.
  const double best =
      normal_cdf(std::sqrt(80.0) * pedestal_nmgy / sigma_nmgy / std::numbers::sqrt2);

  const auto core = auc(all, Region::core);
  const auto annulus = auc(all, Region::annulus);

  EXPECT_LT(core.value, best + sigmas * core.standard_error);
  // What is lost to learning 80 weights from 900 pairs.
  EXPECT_GT(core.value, best - 0.08 - sigmas * core.standard_error);
  EXPECT_NEAR(annulus.value, 0.5, sigmas * annulus.standard_error);
}

TEST(FitRegion, FindsAPedestalInAFifthOfTheStamps) {
  // With the pair's own noise in both stamps the pedestal is all that differs.
  const auto core = auc(draw(true, 0.2), Region::core);

  EXPECT_GT(core.lower, 0.5);
  EXPECT_GT(core.value, 0.5 + sigmas * core.standard_error);
}

TEST(FitRegion, TreesSeeAVarianceThatNoLinearScoreDoes) {
  auto all = draw(false, 0.0);
  // Positives of one mean and twice the noise.
  for (std::size_t k = 0; k < all.rows.size(); ++k) {
    for (std::size_t f = 0; f < all.shape.core_count(); ++f) {
      all.features[2 * k * all.shape.count() + f] *= 2.0F;
    }
  }

  const auto linear = auc(all, Region::core);
  const auto trees = auc(all, Region::core, Classifier::boosted_trees);

  EXPECT_NEAR(linear.value, 0.5, sigmas * linear.standard_error);
  EXPECT_GT(trees.value, 0.9);
}

TEST(HostsPerSplit, CountsAHostOnce) {
  const std::vector<SampledRow> rows{{.host = 4, .split = Split::train},
                                     {.host = 4, .split = Split::train},
                                     {.host = 5, .split = Split::train},
                                     {.host = 6, .split = Split::test}};
  const std::vector<char> valid{1, 1, 0, 1};

  EXPECT_EQ(hosts_per_split(rows, {}), (std::array<std::int64_t, 3>{2, 0, 1}));
  EXPECT_EQ(hosts_per_split(rows, valid), (std::array<std::int64_t, 3>{1, 0, 1}));
}

TEST(FitRegion, LeavesOutRowsThatAreNotValid) {
  auto all = draw(false, 1.0);
  auto fewer = all;
  // Nonsense in rows that do not count must change nothing.
  for (std::size_t k = 0; k < fewer.rows.size(); k += 7) {
    all.valid[k] = fewer.valid[k] = 0;
    for (std::size_t f = 0; f < 2 * all.shape.count(); ++f) {
      fewer.features[2 * k * all.shape.count() + f] = 1.0e6F;
    }
  }

  const auto a = fit(all, Region::core);
  const auto b = fit(fewer, Region::core);

  EXPECT_EQ(a.test_scores, b.test_scores);
  const auto split = rows_per_split(all.rows, all.valid);
  for (const auto& scores : a.test_scores) {
    EXPECT_EQ(scores.size(), 2 * static_cast<std::size_t>(split[2]));
  }
}

TEST(ProbeLimits, ACounterImageIsVisibleAboveAnSnrOfThree) {
  EXPECT_FALSE(has_visible_counter_image({.counter_image_snr = 2.99}));
  EXPECT_TRUE(has_visible_counter_image({.counter_image_snr = 3.01}));
}

TEST(ProbeLimits, AStoredStampDiffersFromATwentiethOfTheNoiseOn) {
  EXPECT_FALSE(differs_from_stored(0.0499));
  EXPECT_TRUE(differs_from_stored(0.0501));
}

TEST(ProbeLimits, AStoredStampIsLegacyWhereThatFitsBetterAndWithinTheNoise) {
  const auto legacy = [](double deviation, double misfit, double misfit_legacy) {
    ProbedRow row;
    row.stored_deviation = deviation;
    row.stored_misfit = misfit;
    row.stored_misfit_legacy = misfit_legacy;
    return stored_is_legacy(row);
  };

  EXPECT_TRUE(legacy(0.0501, 5.0, 0.99));
  EXPECT_FALSE(legacy(0.0499, 5.0, 0.99));
  EXPECT_FALSE(legacy(0.0501, 5.0, 1.01));
  EXPECT_FALSE(legacy(0.0501, 0.9, 0.91));
  EXPECT_FALSE(legacy(0.0501, 5.0, measure::not_a_number));
}

TEST(ProbeLimits, EachPartNeedsItsFewestRows) {
  EXPECT_TRUE(enough_rows({50, 20, 20}));
  EXPECT_FALSE(enough_rows({49, 20, 20}));
  EXPECT_FALSE(enough_rows({50, 19, 20}));
  EXPECT_FALSE(enough_rows({50, 20, 19}));
}

TEST(TestPairs, PicksScoresOfWantedRows) {
  const std::vector<SampledRow> rows{
      {.injection_id = 0, .split = Split::test},
      {.injection_id = 1, .split = Split::train},
      {.injection_id = 2, .host = 5, .split = Split::test},
      {.injection_id = 3, .split = Split::test}};
  const std::vector<char> valid{1, 1, 1, 0};
  const std::vector<double> scores{1.0, 2.0, 3.0, 4.0};

  const auto pairs_found = test_pairs(
      scores, rows, valid, [](const SampledRow& row) { return row.injection_id == 2; });

  ASSERT_EQ(pairs_found.size(), 2U);
  EXPECT_EQ(pairs_found[0].score, 3.0);
  EXPECT_TRUE(pairs_found[0].positive);
  EXPECT_EQ(pairs_found[0].host, 5);
  EXPECT_EQ(pairs_found[1].score, 4.0);
  EXPECT_FALSE(pairs_found[1].positive);
}

}  // namespace
}  // namespace lensmill::pipeline
