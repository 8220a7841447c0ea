#include "lib/analysis/mixture.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

TEST(MixtureFraction, OfCertainStampsIsTheirShareWithItsInterval) {
  std::vector<double> ratios(40, -200.0);
  for (std::size_t k = 0; k < 10; ++k) ratios[k] = 200.0;

  const auto found = mixture_fraction(ratios);

  EXPECT_NEAR(found.value, 0.25, 1e-9);
  // The likelihood-ratio interval of 10 out of 40 (scipy.optimize: 0.15002, 0.37205).
  EXPECT_NEAR(found.lower, 0.15002, 1e-5);
  EXPECT_NEAR(found.upper, 0.37205, 1e-5);
  EXPECT_TRUE(found.is_mixed());
}

TEST(MixtureFraction, UndecidedStampsDoNotMix) {
  std::vector<double> ratios(40, 200.0);
  ratios[0] = 1.0;
  ratios[1] = -2.9;
  ratios[2] = -4.0;

  const auto found = mixture_fraction(ratios);

  EXPECT_FALSE(found.is_mixed());
  EXPECT_GT(found.value, 0.9);
  EXPECT_EQ(mixture_fraction(std::vector<double>(20, 0.0)).lower, 0.0);
  EXPECT_EQ(mixture_fraction(std::vector<double>(20, 0.0)).upper, 1.0);
}

TEST(MixtureFraction, OneOrTwoStrangeStampsAmongManyAreNoMixture) {
  std::vector<double> ratios(200, -500.0);
  ratios[7] = ratios[70] = 40.0;

  EXPECT_FALSE(mixture_fraction(ratios).is_mixed());
  ratios[100] = 40.0;
  EXPECT_TRUE(mixture_fraction(ratios).is_mixed());
  // Three that cannot be told from chance are none either.
  ratios[7] = ratios[70] = ratios[100] = 2.0;
  EXPECT_FALSE(mixture_fraction(ratios).is_mixed());
}

// Stamps between two Gaussian hypotheses d' = 2 apart: ratios as they come.
TEST(MixtureFraction, ASetOfOneKindIsNotCalledMixed) {
  int mixed = 0, covered = 0;
  constexpr int sets = 200;
  for (int set = 0; set < sets; ++set) {
    RandomStream stream(9, set, StreamTag::self_test);
    std::vector<double> pure, half;
    for (int k = 0; k < 200; ++k) {
      const double z = stream.normal();
      pure.push_back(2.0 * (z - 1.0));
      half.push_back(2.0 * (z + (k % 2 == 0 ? 2.0 : 0.0) - 1.0));
    }
    mixed += mixture_fraction(pure).is_mixed() ? 1 : 0;
    const auto found = mixture_fraction(half);
    covered += found.lower <= 0.5 && found.upper >= 0.5 ? 1 : 0;
    EXPECT_TRUE(found.is_mixed());
  }

  // Whatever the ratios' law, ln L(f) - ln L(0) above 8 has a chance of exp(-8) at most
  // for each f: 0.07 sets in 200.
  EXPECT_LE(mixed, 1);
  // 90 % of 200, four standard deviations.
  EXPECT_GT(covered, 163);
}

}  // namespace
}  // namespace lensmill::analysis
