#include "lib/core/random_bulk.hpp"

#include <gtest/gtest.h>

#include <hwy/highway.h>
#include <array>

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/core/instruction_targets.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill {
namespace {

// A statistic this many standard deviations off has probability below 1e-6; seeds are
// fixed, so the tests either always pass or always fail.
constexpr double five_sigma = 5.0;

/// Restricts run-time dispatch to some instruction levels while it lives.
class OnlyTargets {
 public:
  explicit OnlyTargets(std::int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ~OnlyTargets() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

RandomStream test_stream(std::int64_t id = 5) {
  return {20260206, id, StreamTag::sky_noise, 2};
}

TEST(FillBits, EqualsWordsDrawnOneByOneAtEveryInstructionLevel) {
  const auto levels = hwy::SupportedTargets() & HWY_TARGETS;
  std::vector<std::uint32_t> expected(1003);
  auto one_by_one = test_stream();
  for (auto& word : expected) word = one_by_one.bits();

  for (std::int64_t left = levels; left != 0; left &= left - 1) {
    const OnlyTargets restriction(left & -left);
    std::vector<std::uint32_t> words(expected.size());
    auto bulk = test_stream();
    bulk.fill_bits(words);
    EXPECT_EQ(words, expected) << hwy::TargetName(left & -left);
  }
}

TEST(FillBits, CounterIsCarriedFromOneCallToTheNext) {
  std::vector<std::uint32_t> whole(64), parts(64);
  auto a = test_stream();
  auto b = test_stream();

  a.fill_bits(whole);
  b.fill_bits(std::span(parts).first(8));
  b.fill_bits(std::span(parts).subspan(8));

  EXPECT_EQ(whole, parts);
}

TEST(FillNormal, ElementDoesNotDependOnHowManyAreDrawn) {
  std::vector<float> many(1500), few(7);

  test_stream().fill_normal(many);
  test_stream().fill_normal(few);

  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(FillNormal, KolmogorovSmirnovAndMoments) {
  constexpr std::size_t draws = 400000;
  std::vector<float> z(draws);
  test_stream().fill_normal(z);
  double sum = 0.0, squares = 0.0, fourths = 0.0, neighbours = 0.0;
  for (std::size_t i = 0; i < draws; ++i) {
    const double v = static_cast<double>(z[i]);
    sum += v;
    squares += v * v;
    fourths += v * v * v * v;
    if (i > 0) neighbours += v * static_cast<double>(z[i - 1]);
  }
  std::ranges::sort(z);
  double distance = 0.0;
  for (std::size_t i = 0; i < draws; ++i) {
    const double cdf = 0.5 * std::erfc(-static_cast<double>(z[i]) / std::sqrt(2.0));
    distance = std::max({distance, std::abs(cdf - double(i) / draws),
                         std::abs(cdf - double(i + 1) / draws)});
  }

  const double root = std::sqrt(double(draws));
  // Kolmogorov: P(sqrt(n) D > 2.7) = 2 exp(-2 2.7^2) = 9e-7.
  EXPECT_LT(distance * root, 2.7);
  EXPECT_NEAR(sum / draws, 0.0, five_sigma / root);
  EXPECT_NEAR(squares / draws, 1.0, five_sigma * std::sqrt(2.0) / root);
  EXPECT_NEAR(fourths / draws, 3.0, five_sigma * std::sqrt(96.0) / root);
  EXPECT_NEAR(neighbours / draws, 0.0, five_sigma / root);
}

class FillPoisson : public testing::TestWithParam<double> {};

TEST_P(FillPoisson, ChiSquareAgainstTheExactDistribution) {
  constexpr std::size_t draws = 400000;
  const double mean = GetParam();
  const std::vector<double> means(draws, mean);
  std::vector<double> counts(draws);

  test_stream().fill_poisson(means, counts);

  // Cells of consecutive counts with at least 25 expected draws each.
  constexpr double least_expected = 25.0;
  const auto largest = static_cast<std::size_t>(mean + 12.0 * std::sqrt(mean) + 20.0);
  std::vector<double> observed(largest + 1, 0.0);
  for (double k : counts) {
    ASSERT_GE(k, 0.0);
    ASSERT_EQ(k, std::floor(k));
    observed[std::min(static_cast<std::size_t>(k), largest)] += 1.0;
  }
  double chi_square = 0.0, cell_observed = 0.0, cell_expected = 0.0, left = draws;
  int cells = 0;
  for (std::size_t k = 0; k <= largest; ++k) {
    const double kd = static_cast<double>(k);
    const double expected =
        draws * std::exp(kd * std::log(mean) - mean - std::lgamma(kd + 1.0));
    cell_observed += observed[k];
    cell_expected += expected;
    left -= expected;
    if (cell_expected >= least_expected && left >= least_expected) {
      chi_square += std::pow(cell_observed - cell_expected, 2) / cell_expected;
      ++cells;
      cell_observed = cell_expected = 0.0;
    }
  }
  const double last_expected = cell_expected + std::max(left, 0.0);
  chi_square += std::pow(cell_observed - last_expected, 2) / last_expected;
  const double freedom = cells;  // cells + 1 classes, one constraint
  if (freedom > 0) {
    EXPECT_LT((chi_square - freedom) / std::sqrt(2.0 * freedom), five_sigma)
        << "chi^2 " << chi_square << " for " << freedom << " degrees of freedom";
  }
}
INSTANTIATE_TEST_SUITE_P(BothMethods, FillPoisson,
                         testing::Values(0.01, 0.5, 3.0, 12.0, 29.9, 30.0, 45.0, 300.0,
                                         1.0e4));

TEST(FillPoissonMean, ZeroNegativeAndNaNGiveNone) {
  const std::vector<double> means{0.0, -1.0, std::nan(""), 5.0};
  std::vector<double> counts(4, -9.0);

  test_stream().fill_poisson(means, counts);

  EXPECT_EQ(counts[0], 0.0);
  EXPECT_EQ(counts[1], 0.0);
  EXPECT_EQ(counts[2], 0.0);
}

TEST(FillPoissonMean, DeviateGrowsWithTheMeanForTheSameUniform) {
  constexpr std::size_t pixels = 200;
  std::vector<double> before(pixels, 0.0), counts(pixels);

  for (double mean : {0.1, 1.0, 10.0, 29.0, 29.999, 30.0, 31.0, 60.0, 1000.0}) {
    test_stream().fill_poisson(std::vector<double>(pixels, mean), counts);
    // Order 1/mean of the expansion leaves 4.5e-6 of cumulative probability at 30:
    // none of 200 uniforms falls there.
    for (std::size_t i = 0; i < pixels; ++i) EXPECT_GE(counts[i], before[i]) << mean;
    before = counts;
  }
}

TEST(FillPoissonMean, OtherPixelsMeansChangeNothing) {
  std::vector<double> a(100, 2.0), b(100, 500.0), from_a(100), from_b(100);
  b[37] = a[37];

  test_stream().fill_poisson(a, from_a);
  test_stream().fill_poisson(b, from_b);

  EXPECT_EQ(from_a[37], from_b[37]);
}

// Levels with fused multiply-add agree to the bit whatever their vector width.
TEST(BulkNumbers, DoNotDependOnTheVectorWidth) {
  const auto levels = hwy::SupportedTargets() & HWY_TARGETS & ~HWY_SCALAR;
  const auto wide = levels & v4_targets;
  if ((levels & HWY_AVX2) == 0 || wide == 0) GTEST_SKIP() << "no two widths with FMA";
  std::vector<double> means(1000);
  for (std::size_t i = 0; i < means.size(); ++i) {
    means[i] = 0.1 * static_cast<double>(i);
  }
  std::vector<float> normals[2];
  std::vector<double> counts[2];

  int i = 0;
  for (const auto level :
       std::array<std::int64_t, 2>{std::int64_t{HWY_AVX2}, std::int64_t{wide}}) {
    const OnlyTargets restriction(level);
    normals[i].resize(1000);
    counts[i].resize(1000);
    test_stream().fill_normal(normals[i]);
    test_stream().fill_poisson(means, counts[i]);
    ++i;
  }

  EXPECT_EQ(normals[0], normals[1]);
  EXPECT_EQ(counts[0], counts[1]);
}

}  // namespace
}  // namespace lensmill
