#include "lib/psf/stretched_kernel.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lensmill::psf {
namespace {

// Bilinear interpolation of a Gaussian of sigma 6 samples errs by at most 1/8 of its
// second derivative, 1 / (4 sigma^2) = 0.7 % of the peak for both axes.
constexpr double bilinear_error = 0.007;
constexpr double rounding = 1.0e-12;

LatticeKernel gaussian(double sigma, int size) {
  LatticeKernel kernel;
  kernel.samples.assign(size, size);
  kernel.origin_y = kernel.origin_x = (size - 1) / 2;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const double r2 =
          std::pow(y - kernel.origin_y, 2) + std::pow(x - kernel.origin_x, 2);
      kernel.samples(y, x) = std::exp(-0.5 * r2 / (sigma * sigma));
    }
  }
  return kernel;
}

double sum(const Image<double>& image) {
  double total = 0.0;
  for (const double value : image.pixels()) total += value;
  return total;
}

TEST(StretchedKernel, OfAGaussianIsTheWiderGaussianOfTheSameSum) {
  const auto kernel = gaussian(6.0, 61);
  for (const double width : {0.8, 1.25}) {
    const auto actual = stretched(kernel, width);
    const double peak = 1.0 / (width * width);

    EXPECT_NEAR(sum(actual.samples), sum(kernel.samples),
                rounding * sum(kernel.samples));
    for (int y = -20; y <= 20; y += 5) {
      for (int x = -20; x <= 20; x += 5) {
        const double r2 = (y * y + x * x) / (width * width);
        EXPECT_NEAR(actual.samples(actual.origin_y + y, actual.origin_x + x),
                    peak * std::exp(-0.5 * r2 / 36.0), 2.0 * bilinear_error * peak)
            << width << ' ' << y << ' ' << x;
      }
    }
  }
}

TEST(StretchedKernel, ByOneIsTheSame) {
  const auto kernel = gaussian(6.0, 31);

  const auto actual = stretched(kernel, 1.0);

  ASSERT_EQ(actual.samples.ny(), 31);
  for (std::size_t i = 0; i < kernel.samples.size(); ++i) {
    EXPECT_NEAR(actual.samples.pixels()[i], kernel.samples.pixels()[i], rounding);
  }
}

TEST(StretchedKernel, GrowsSoThatNothingIsCutOff) {
  const auto kernel = gaussian(6.0, 31);

  const auto actual = stretched(kernel, 1.4);

  EXPECT_GE(actual.samples.ny(), 1.4 * 31);
  EXPECT_EQ(actual.origin_y, (actual.samples.ny() - 1) / 2);
}

}  // namespace
}  // namespace lensmill::psf
