#include "lib/imaging/symmetric_transform.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "lib/psf/function_kernel.hpp"
#include "lib/psf/gaussian.hpp"

namespace lensmill::imaging {
namespace {

// Single precision, relative to the sum of the samples' sizes.
constexpr double single_precision = 3.0e-7;
constexpr std::complex<float> untouched{7.0f, 7.0f};

psf::LatticeKernel symmetric_kernel(int half_y, int half_x) {
  psf::LatticeKernel kernel;
  kernel.origin_y = half_y;
  kernel.origin_x = half_x;
  kernel.samples.assign(2 * half_y + 1, 2 * half_x + 1, 0.0);
  for (int j = 0; j < kernel.samples.ny(); ++j) {
    for (int i = 0; i < kernel.samples.nx(); ++i) {
      const int y = std::abs(j - half_y);
      const int x = std::abs(i - half_x);
      kernel.samples(j, i) = std::sin(1.0 + 3.0 * y + 0.7 * x * x) + 0.2 * x - 0.1 * y;
    }
  }
  return kernel;
}

std::vector<float> even_factors(int n) {
  std::vector<float> factors(static_cast<std::size_t>(n));
  for (int k = 0; k < n; ++k) {
    factors[static_cast<std::size_t>(k)] =
        1.5f + static_cast<float>(std::cos(2.0 * std::numbers::pi * k / n));
  }
  return factors;
}

/// The definition, in double.
double transform_of(const psf::LatticeKernel& kernel, int reach_y, int reach_x,
                    double ky, double kx) {
  double sum = 0.0;
  for (int y = -reach_y; y <= reach_y; ++y) {
    for (int x = -reach_x; x <= reach_x; ++x) {
      sum += kernel.samples(kernel.origin_y + y, kernel.origin_x + x) *
             std::cos(2.0 * std::numbers::pi * (ky * y + kx * x));
    }
  }
  return sum;
}

struct Case {
  int ny, nx, reach_y, reach_x;
};

TEST(SymmetricTransform, IsTheTransformByItsDefinition) {
  const auto kernel = symmetric_kernel(6, 5);
  double sizes = 0.0;
  for (const double value : kernel.samples.pixels()) sizes += std::abs(value);
  for (const Case& c : {Case{16, 20, 6, 5}, Case{20, 16, 5, 4}, Case{16, 16, 0, 0},
                        Case{16, 24, 1, 5}}) {
    SCOPED_TRACE(c.ny * 100 + c.reach_y);
    SymmetricTransform symmetric(c.ny, c.nx);
    const auto factor_y = even_factors(c.ny);
    const auto factor_x = even_factors(c.nx);
    const int stride = c.nx + 3;
    std::vector<std::complex<float>> values(
        static_cast<std::size_t>(c.ny) * static_cast<std::size_t>(stride), untouched);
    const ImageView<std::complex<float>> spectrum(values.data(), c.ny, stride);
    for (int repeat = 0; repeat < 2; ++repeat) {  // with used buffers, too
      symmetric.transform(kernel, c.reach_y, c.reach_x, factor_y, factor_x, spectrum);
      for (int ky = 0; ky < c.ny; ++ky) {
        for (int kx = 0; kx < c.nx; ++kx) {
          const double expected = double{factor_y[static_cast<std::size_t>(ky)]} *
                                  double{factor_x[static_cast<std::size_t>(kx)]} *
                                  transform_of(kernel, c.reach_y, c.reach_x,
                                               double(ky) / c.ny, double(kx) / c.nx);
          const auto value = spectrum(ky, kx);
          constexpr double largest_factors = 2.5 * 2.5;
          EXPECT_NEAR(double{value.real()}, expected,
                      single_precision * largest_factors * sizes);
          EXPECT_EQ(value.imag(), 0.0f);
        }
        for (int kx = c.nx; kx < stride; ++kx) EXPECT_EQ(spectrum(ky, kx), untouched);
      }
    }
  }
}

TEST(IsMirrorSymmetric, TakesRoundPsfsAndNothingElse) {
  EXPECT_TRUE(is_mirror_symmetric(psf::make_lattice_kernel(
      psf::Gaussian({.fwhm_pix = 3.1}), {.size = {17, 17}, .oversample = 1})));
  EXPECT_TRUE(is_mirror_symmetric(symmetric_kernel(3, 4)));
  EXPECT_FALSE(is_mirror_symmetric(psf::make_lattice_kernel(
      psf::Gaussian({.fwhm_pix = 3.1}), {.size = {16, 17}, .oversample = 1})));
  EXPECT_FALSE(is_mirror_symmetric(psf::make_lattice_kernel(
      psf::Gaussian({.fwhm_pix = 3.1, .q = 0.8, .phi_rad = 0.3}),
      {.size = {17, 17}, .oversample = 1})));
  auto off_centre = symmetric_kernel(3, 4);
  off_centre.origin_x = 3;
  EXPECT_FALSE(is_mirror_symmetric(off_centre));
  auto lopsided = symmetric_kernel(3, 4);
  lopsided.samples(3, 8) += 1.0e-16 + 1.0e-15 * std::abs(lopsided.samples(3, 8));
  EXPECT_FALSE(is_mirror_symmetric(lopsided));
}

}  // namespace
}  // namespace lensmill::imaging
