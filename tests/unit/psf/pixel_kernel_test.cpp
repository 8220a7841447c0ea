#include "lib/psf/pixel_kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/gaussian.hpp"

namespace lensmill::psf {
namespace {

constexpr double rounding = 1.0e-12;
/// The quintic spline through a sampled Gaussian of FWHM 5 samples (oversample.hpp).
constexpr double spline_tolerance = 5.0e-5;

/// A Gaussian seen through pixels (or not), as a stored kernel shifted by (dx, dy)
/// pixels.
PixelKernel stored_gaussian(double fwhm_pix, int n, int samples_per_pixel,
                            bool includes_pixel, double dx = 0.0, double dy = 0.0) {
  PixelKernel kernel{.values = Image<double>(n, n),
                     .samples_per_pixel = samples_per_pixel,
                     .includes_pixel = includes_pixel,
                     .name = "test"};
  const double sigma = fwhm_pix / std::sqrt(8.0 * std::log(2.0));
  const auto axis = [&](double at) {
    const double scale = 1.0 / (sigma * std::sqrt(2.0));
    if (!includes_pixel) {
      return std::exp(-at * at * scale * scale) * scale / std::sqrt(std::acos(-1.0));
    }
    return 0.5 * (std::erf((at + 0.5) * scale) - std::erf((at - 0.5) * scale));
  };
  const double s = samples_per_pixel;
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      kernel.values(j, i) = axis((j - kernel.origin_y()) / s - dy) *
                            axis((i - kernel.origin_x()) / s - dx) / (s * s);
    }
  }
  return kernel;
}

double peak(const LatticeKernel& kernel) {
  return *std::ranges::max_element(kernel.samples.pixels());
}

/// Worst difference from the pixel-integrated Gaussian, over the lattice.
double error_of(const LatticeKernel& kernel, double fwhm_pix) {
  const double sigma = fwhm_pix / std::sqrt(8.0 * std::log(2.0));
  const double scale = 1.0 / (sigma * std::sqrt(2.0));
  const auto axis = [&](int index, int origin) {
    const double at = (index - origin) / static_cast<double>(kernel.oversample);
    return 0.5 * (std::erf((at + 0.5) * scale) - std::erf((at - 0.5) * scale));
  };
  double worst = 0.0;
  for (int j = 0; j < kernel.samples.ny(); ++j) {
    for (int i = 0; i < kernel.samples.nx(); ++i) {
      worst = std::max(worst,
                       std::abs(kernel.samples(j, i) -
                                axis(j, kernel.origin_y) * axis(i, kernel.origin_x)));
    }
  }
  return worst / peak(kernel);
}

TEST(PixelKernel, EffectiveKernelIsUsedAsStored) {
  for (int n : {20, 21}) {
    PixelKernel stored = stored_gaussian(4.0, n, 1, true, 0.3, -0.2);
    for (double& value : stored.values.pixels()) value *= 1.02;

    const LatticeKernel kernel =
        make_lattice_kernel(stored, {.normalisation = Normalisation::keep});

    EXPECT_TRUE(std::ranges::equal(kernel.samples.pixels(), stored.values.pixels()));
    EXPECT_EQ(kernel.origin_y, (n - 1) / 2);
    EXPECT_NEAR(kernel.sum, 1.02,
                1.0e-3);  // what a 20 x 20 box contains of the Gaussian
    EXPECT_NEAR(kernel.centroid_x_pix, 0.3, 1.0e-3);
    EXPECT_NEAR(kernel.centroid_y_pix, -0.2, 1.0e-3);
  }
}

TEST(PixelKernel, EvenKernelPeakingAtHalfItsSizeMovesTheImageAsStored) {
  const PixelKernel stored = stored_gaussian(3.0, 20, 1, true, 1.0, 1.0);

  const LatticeKernel kernel = make_lattice_kernel(stored, {});

  EXPECT_EQ(kernel.samples(kernel.origin_y + 1, kernel.origin_x + 1), peak(kernel));
  EXPECT_NEAR(kernel.centroid_x_pix, 1.0, 1.0e-6);
}

TEST(PixelKernel, UnitPolicyScalesTheSumToOne) {
  PixelKernel stored = stored_gaussian(4.0, 15, 1, true);
  for (double& value : stored.values.pixels()) value *= 3.7;

  const LatticeKernel kernel = make_lattice_kernel(stored, {});

  EXPECT_NEAR(kernel.sum, 1.0, rounding);
}

TEST(PixelKernel, RecentrePutsTheCentroidOnTheOrigin) {
  for (int n : {30, 31}) {
    const PixelKernel stored = stored_gaussian(5.0, n, 1, true, 0.27, -1.4);

    const LatticeKernel kernel =
        make_lattice_kernel(stored, {.centring = Centring::recentre});

    EXPECT_NEAR(kernel.centroid_x_pix, 0.0, 1.0e-6);
    EXPECT_NEAR(kernel.centroid_y_pix, 0.0, 1.0e-6);
    EXPECT_LT(error_of(kernel, 5.0), spline_tolerance);
  }
}

TEST(PixelKernel, PixelIsAppliedOnceWhereTheKernelLacksIt) {
  const PixelKernel stored = stored_gaussian(5.0, 31, 1, false);

  const LatticeKernel applied = make_lattice_kernel(stored, {});
  const LatticeKernel as_stored =
      make_lattice_kernel(stored, {.pixel_response = PixelResponse::omit});

  EXPECT_LT(error_of(applied, 5.0), spline_tolerance);
  EXPECT_GT(error_of(as_stored, 5.0), 1.0e-2);  // without the pixel it is too sharp
  EXPECT_EQ(as_stored.samples.ny(), 31);
}

TEST(PixelKernel, FinerSamplesServeAnyLattice) {
  for (int samples_per_pixel : {1, 2, 3, 4}) {
    for (int oversample : {1, 2, 4}) {
      for (bool includes_pixel : {true, false}) {
        const PixelKernel stored = stored_gaussian(5.0, 28 * samples_per_pixel + 1,
                                                   samples_per_pixel, includes_pixel);

        const LatticeKernel kernel =
            make_lattice_kernel(stored, {.oversample = oversample});

        EXPECT_LT(error_of(kernel, 5.0), spline_tolerance)
            << samples_per_pixel << " -> " << oversample << " " << includes_pixel;
        EXPECT_EQ(kernel.oversample, oversample);
      }
    }
  }
}

std::string message_of(const PixelKernel& kernel) {
  try {
    make_lattice_kernel(kernel, {});
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST(PixelKernel, UnusableKernelsAreRefusedByName) {
  PixelKernel kernel = stored_gaussian(4.0, 9, 1, true);
  kernel.name = "kernels.h5:/psf/00";
  PixelKernel bad = kernel;
  bad.values(2, 3) = std::numeric_limits<double>::quiet_NaN();
  PixelKernel zero = kernel;
  for (int i = 0; i < 9; ++i) {
    for (int j = 0; j < 9; ++j) zero.values(j, i) = (i - 4.0) * 0.1;
  }
  PixelKernel empty;

  EXPECT_THAT(message_of(bad),
              testing::AllOf(testing::HasSubstr("kernels.h5:/psf/00"),
                             testing::HasSubstr("1 of its 81 values")));
  EXPECT_THAT(message_of(zero), testing::HasSubstr("its sum is zero"));
  EXPECT_THAT(message_of(empty), testing::HasSubstr("has no pixels"));
}

}  // namespace
}  // namespace lensmill::psf
