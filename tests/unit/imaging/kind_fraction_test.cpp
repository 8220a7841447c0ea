#include "lib/imaging/kind_fraction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace lensmill::imaging {
namespace {

constexpr double rounding = 1.0e-14;

double counted_fraction(double value, double slope_u, double slope_v) {
  constexpr int n = 2000;
  int negative = 0;
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      const double u = (i + 0.5) / n - 0.5;
      const double v = (j + 0.5) / n - 0.5;
      negative += value + slope_u * u + slope_v * v < 0.0 ? 1 : 0;
    }
  }
  return negative / (static_cast<double>(n) * n);
}

TEST(NegativeFraction, IsTheAreaBelowTheLine) {
  // Each of 2000 rows may be off by one sample of 2000.
  constexpr double counting_error = 1.0 / 2000.0;
  struct Line {
    double value, slope_u, slope_v;
  };
  for (const Line& line :
       {Line{0.1, 0.7, -0.4}, Line{-0.3, 0.2, 0.9}, Line{0.45, 1.0, 0.1},
        Line{0.0, -2.0, 1.0}, Line{-0.5, 0.6, 0.6}}) {
    EXPECT_NEAR(negative_fraction(line.value, line.slope_u, line.slope_v),
                counted_fraction(line.value, line.slope_u, line.slope_v),
                counting_error);
  }
}

TEST(NegativeFraction, HandlesFlatAndOneSidedCells) {
  EXPECT_EQ(negative_fraction(0.3, 0.0, 0.0), 0.0);
  EXPECT_EQ(negative_fraction(-0.3, 0.0, 0.0), 1.0);
  EXPECT_NEAR(negative_fraction(0.25, 1.0, 0.0), 0.25, rounding);
  EXPECT_EQ(negative_fraction(5.0, 1.0, 2.0), 0.0);
}

TEST(KindShares, SplitALinearDeterminantByArea) {
  // det A = x - 0.2 on [-1, 1]: negative on 60 % of the cell.
  CellSamples samples{};
  for (std::size_t k = 0; k < samples_per_cell; ++k) {
    samples.determinant[k] = gauss_node[k % 3] - 0.2;
    samples.trace[k] = 1.0;
  }

  const KindShares shares = kind_shares(samples, CentralImages::possible);

  double saddle = 0.0;
  double minimum = 0.0;
  for (std::size_t k = 0; k < samples_per_cell; ++k) {
    const double weight = 0.25 * gauss_weight[k / 3] * gauss_weight[k % 3];
    saddle += weight * shares[std::size_t(kind_index(lens::ImageKind::saddle))][k];
    minimum += weight * shares[std::size_t(kind_index(lens::ImageKind::minimum))][k];
  }
  EXPECT_NEAR(saddle, 0.6, rounding);
  EXPECT_NEAR(minimum, 0.4, rounding);
}

TEST(KindShares, NegativeTraceMakesTheRestMaxima) {
  CellSamples samples{};
  samples.determinant.fill(0.5);
  samples.trace.fill(-2.0);

  const KindShares shares = kind_shares(samples, CentralImages::possible);

  for (const double share : shares[std::size_t(kind_index(lens::ImageKind::maximum))]) {
    EXPECT_EQ(share, 1.0);
  }
}

TEST(KindShares, ALensWithoutCentralImagesHasNoneByExtrapolation) {
  // Towards a singular centre at the lower left: det A falls steeply, and its tangent
  // at the last node would be positive beyond it.
  CellSamples samples{};
  for (std::size_t k = 0; k < samples_per_cell; ++k) {
    samples.determinant[k] = -0.01 - std::pow(0.5 - 0.5 * gauss_node[k % 3], 4);
    samples.trace[k] = -1.0;
  }

  const auto with = kind_shares(samples, CentralImages::possible);
  const auto without = kind_shares(samples, CentralImages::none);

  const auto maximum = std::size_t(kind_index(lens::ImageKind::maximum));
  EXPECT_GT(*std::ranges::max_element(with[maximum]), 0.0);
  EXPECT_EQ(*std::ranges::max_element(without[maximum]), 0.0);
  EXPECT_EQ(*std::ranges::min_element(
                without[std::size_t(kind_index(lens::ImageKind::saddle))]),
            1.0);
}

}  // namespace
}  // namespace lensmill::imaging
