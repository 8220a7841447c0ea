#include "lib/catalogue/sobol.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "tests/unit/catalogue/seed_priors.hpp"

namespace lensmill::catalogue {
namespace {

TEST(ScrambledSobol, EveryAlignedBlockFillsEveryInterval) {
  constexpr std::uint32_t points = 256;
  for (int dimension = 0; dimension < max_sobol_dimensions; ++dimension) {
    const ScrambledSobol sobol(dimension,
                               0x9e3779b9u + static_cast<unsigned>(dimension));
    for (std::uint32_t first : {0u, 256u, 7936u}) {
      std::set<int> intervals;
      for (std::uint32_t i = 0; i < points; ++i) {
        intervals.insert(static_cast<int>(sobol(first + i) * points));
      }
      EXPECT_EQ(intervals.size(), points) << dimension;
    }
  }
}

TEST(ScrambledSobol, FirstTwoDimensionsAreANetInBase2) {
  // 256 points of the first two dimensions form a (0, 8, 2)-net: one point in each of
  // the 2^a x 2^b boxes, a + b = 8.
  const ScrambledSobol x(0, 12345u);
  const ScrambledSobol y(1, 67890u);
  for (int a = 0; a <= 8; ++a) {
    std::set<std::pair<int, int>> boxes;
    for (std::uint32_t i = 0; i < 256; ++i) {
      boxes.insert({static_cast<int>(std::ldexp(x(i), a)),
                    static_cast<int>(std::ldexp(y(i), 8 - a))});
    }
    EXPECT_EQ(boxes.size(), 256u) << a;
  }
}

TEST(ScrambledSobol, NeighbouringDimensionsAreNotTheSame) {
  // The integral of (u - 1/2)(v - 1/2) is 0; a defective direction number shows as a
  // correlation. Random points would scatter by 1/12/sqrt(n) = 1.3e-3.
  constexpr std::uint32_t points = 4096;
  // Pairs of later dimensions are less even: the worst of 2016 random pairs would be
  // off by 3.5 times as much.
  constexpr double scatter = 1.3e-3;
  constexpr int early = 32;
  for (int a = 0; a < max_sobol_dimensions; ++a) {
    const double limit = a < early ? scatter : 2.0 * scatter;
    for (int b = 0; b < a; ++b) {
      const ScrambledSobol u(a, 11u + static_cast<unsigned>(a));
      const ScrambledSobol v(b, 11u + static_cast<unsigned>(b));
      double sum = 0.0;
      for (std::uint32_t i = 0; i < points; ++i) sum += (u(i) - 0.5) * (v(i) - 0.5);
      EXPECT_LT(std::abs(sum / points), limit) << a << " " << b;
    }
  }
}

TEST(SobolDesign, IntegratesAPriorBetterThanRandomRowsWould) {
  // Mean of lens ellipticity ~ U(0.05, 0.5) over 1024 rows: random rows scatter by
  // 0.45/sqrt(12 * 1024) = 4e-3, a stratified design by at most 0.45/1024.
  constexpr int rows = 1024;
  auto config = seed_config();
  config.design = Design::sobol;
  const InjectionSampler sampler(config);
  double sum = 0.0;

  for (int id = 0; id < rows; ++id) {
    const double q = sampler.sample(id).lens_q;
    sum += (1.0 - q) / (1.0 + q);
  }

  EXPECT_NEAR(sum / rows, 0.275, 0.45 / rows);
}

}  // namespace
}  // namespace lensmill::catalogue
