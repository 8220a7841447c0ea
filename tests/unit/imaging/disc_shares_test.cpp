#include "lib/imaging/disc_shares.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

namespace lensmill::imaging {
namespace {

// Gauss's nine points per smooth piece of a cut: below 1e-9 for a whole disc in one
// cell, less where the circle only crosses.
constexpr double cut_tolerance = 1.0e-9;

/// Integral over cell and disc in pix^2 of a function given in pixel coordinates, by
/// the cell's samples.
double integral(const Cell& cell, const DiscArea& disc,
                const std::function<double(double, double)>& function) {
  const auto share = disc_shares(cell, disc);
  const double half = cell.half_pix();
  double sum = 0.0;
  for (std::size_t k = 0; k < samples_per_cell; ++k) {
    sum += share[k] * half * half * gauss_weight[k / 3] * gauss_weight[k % 3] *
           function(cell.x_pix + half * gauss_node[k % 3],
                    cell.y_pix + half * gauss_node[k / 3]);
  }
  return sum;
}

double one(double, double) { return 1.0; }

TEST(DiscShares, AreOneInsideAndZeroOutside) {
  const Cell cell{.x_pix = 7.0, .y_pix = 9.0};

  for (const double share : disc_shares(cell, {8.0, 8.0, 4.0})) EXPECT_EQ(share, 1.0);
  for (const double share : disc_shares(cell, {2.0, 9.0, 4.0})) EXPECT_EQ(share, 0.0);
}

TEST(DiscShares, IntegrateQuadraticsOverADiscInsideOneCell) {
  const Cell cell{.x_pix = 3.0, .y_pix = 4.0};
  const DiscArea disc{.x_pix = 3.1, .y_pix = 3.95, .radius_pix = 0.37};
  const double r2 = 0.37 * 0.37;
  const double area = std::numbers::pi * r2;

  EXPECT_NEAR(integral(cell, disc, one), area, cut_tolerance);
  EXPECT_NEAR(integral(cell, disc, [](double x, double) { return x; }), 3.1 * area,
              3.1 * cut_tolerance);
  EXPECT_NEAR(
      integral(cell, disc, [](double x, double) { return (x - 3.1) * (x - 3.1); }),
      0.25 * area * r2, cut_tolerance);
  EXPECT_NEAR(
      integral(cell, disc,
               [](double x, double y) { return (x - 3.1) * (x - 3.1) * (y - 3.95); }),
      0.0, cut_tolerance);
}

TEST(DiscShares, OfAllCellsOfADiscGiveItsArea) {
  for (const double radius : {0.6, 3.0, 5.0}) {
    for (const DiscArea disc :
         {DiscArea{31.5, 31.5, radius}, DiscArea{32.0, 31.0, radius},
          DiscArea{31.27, 32.41, radius}}) {
      double area = 0.0;
      for (int row = 20; row < 45; ++row) {
        for (int column = 20; column < 45; ++column) {
          area += integral(
              {.x_pix = static_cast<double>(column), .y_pix = static_cast<double>(row)},
              disc, one);
        }
      }
      EXPECT_NEAR(area, std::numbers::pi * radius * radius, 100.0 * cut_tolerance);
    }
  }
}

TEST(DiscShares, OfQuartersAddUpToTheCells) {
  const Cell cell{.x_pix = 5.0, .y_pix = 2.0};
  const auto biquadratic = [](double x, double y) {
    return (1.0 + 0.3 * x + 0.2 * x * x) * (2.0 - 0.4 * y + 0.1 * y * y);
  };
  for (const DiscArea disc : {DiscArea{1.0, 0.0, 4.3}, DiscArea{9.0, 2.0, 4.0},
                              DiscArea{5.0, 5.9, 4.2}, DiscArea{4.9, 1.2, 0.7}}) {
    double quarters = 0.0;
    for (const double dy : {-0.25, 0.25}) {
      for (const double dx : {-0.25, 0.25}) {
        quarters +=
            integral({.x_pix = cell.x_pix + dx, .y_pix = cell.y_pix + dy, .level = 1},
                     disc, biquadratic);
      }
    }

    const double whole = integral(cell, disc, biquadratic);

    EXPECT_GT(whole, 0.0);
    EXPECT_NEAR(whole, quarters, 10.0 * cut_tolerance);
  }
}

}  // namespace
}  // namespace lensmill::imaging
