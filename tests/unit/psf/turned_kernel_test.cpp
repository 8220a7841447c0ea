#include "lib/psf/turned_kernel.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "lib/psf/kernel_moments.hpp"

namespace lensmill::psf {
namespace {

/// Moments are summed in another order.
constexpr double rounding = 1.0e-14;

/// Every sample its own number; origin off the middle.
LatticeKernel numbered(int ny, int nx) {
  LatticeKernel kernel;
  kernel.samples.assign(ny, nx);
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) kernel.samples(y, x) = 1.0 + 10.0 * y + x;
  }
  kernel.origin_y = (ny - 1) / 2;
  kernel.origin_x = (nx - 1) / 2;
  kernel.oversample = 2;
  record_moments(kernel);
  return kernel;
}

/// Of the sample (dx, dy) from the origin.
double at(const LatticeKernel& kernel, int dx, int dy) {
  return kernel.samples(kernel.origin_y + dy, kernel.origin_x + dx);
}

TEST(TurnedKernel, HasEachSampleWhereTheTurnPutsIt) {
  // Odd and even sides, whose origin is not in the middle.
  for (const auto& [ny, nx] : {std::pair{5, 7}, {6, 4}, {5, 4}}) {
    const LatticeKernel kernel = numbered(ny, nx);
    for (int turns = 0; turns < 4; ++turns) {
      for (const bool mirrored : {false, true}) {
        LatticeKernel turned;
        turn_kernel(kernel, {.quarter_turns = turns, .mirrored = mirrored}, turned);

        for (int y = 0; y < ny; ++y) {
          for (int x = 0; x < nx; ++x) {
            int dx = (x - kernel.origin_x) * (mirrored ? -1 : 1);
            int dy = y - kernel.origin_y;
            for (int k = 0; k < turns; ++k) dx = -std::exchange(dy, dx);
            EXPECT_EQ(at(turned, dx, dy), kernel.samples(y, x));
          }
        }
        LatticeKernel measured = turned;
        record_moments(measured);
        EXPECT_NEAR(turned.sum, measured.sum, rounding * measured.sum);
        EXPECT_NEAR(turned.centroid_x_pix, measured.centroid_x_pix, rounding);
        EXPECT_NEAR(turned.centroid_y_pix, measured.centroid_y_pix, rounding);
        EXPECT_EQ(turned.oversample, 2);
      }
    }
  }
}

TEST(TurnedKernel, FourQuartersAreNone) {
  const LatticeKernel kernel = numbered(6, 4);
  LatticeKernel turned = kernel;
  for (int k = 0; k < 4; ++k) {
    LatticeKernel next;
    turn_kernel(turned, {.quarter_turns = 1}, next);
    turned = next;
  }

  EXPECT_EQ(turned.origin_y, kernel.origin_y);
  EXPECT_EQ(turned.origin_x, kernel.origin_x);
  for (std::size_t k = 0; k < kernel.samples.size(); ++k) {
    EXPECT_EQ(turned.samples.pixels()[k], kernel.samples.pixels()[k]);
  }
}

TEST(TurnInvariant, IsWhatLooksTheSameInEveryOrientation) {
  const auto gaussian = [](int n, double q, double shift) {
    Image<double> image(n, n);
    const double middle = 0.5 * (n - 1);
    for (int y = 0; y < n; ++y) {
      for (int x = 0; x < n; ++x) {
        const double dx = x - middle - shift;
        const double dy = y - middle;
        image(y, x) = std::exp(-0.1 * (q * dx * dx + dy * dy / q));
      }
    }
    return image;
  };

  EXPECT_TRUE(is_turn_invariant(gaussian(15, 1.0, 0.0)));
  EXPECT_FALSE(is_turn_invariant(gaussian(15, 0.9, 0.0)));
  EXPECT_FALSE(is_turn_invariant(gaussian(15, 1.0, 0.1)));
  // An even side has its origin off the middle.
  EXPECT_FALSE(is_turn_invariant(gaussian(14, 1.0, 0.0)));
}

}  // namespace
}  // namespace lensmill::psf
