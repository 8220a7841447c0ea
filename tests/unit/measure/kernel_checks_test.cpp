#include "lib/measure/kernel_checks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/measure/core_centroid.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/gaussian.hpp"
#include "lib/psf/moffat.hpp"
#include "lib/psf/pixel_kernel.hpp"

namespace lensmill::measure {
namespace {

/// Of a centroid of a sampled, nearly noise-free core.
constexpr double centroid_error_pix = 1.0e-3;

/// A Moffat kernel as a file contains it: n x n, its peak at index `peak`, unit sum.
psf::PixelKernel stored_moffat(int n, double peak, double fwhm = 4.5) {
  psf::PixelKernel kernel{
      .values = Image<double>(n, n), .includes_pixel = true, .name = "moffat"};
  const double alpha2 = 0.25 * fwhm * fwhm / (std::pow(2.0, 1.0 / 3.0) - 1.0);
  double sum = 0.0;
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      const double r2 = (i - peak) * (i - peak) + (j - peak) * (j - peak);
      kernel.values(j, i) = std::pow(1.0 + r2 / alpha2, -3.0);
      sum += kernel.values(j, i);
    }
  }
  for (double& value : kernel.values.pixels()) value /= sum;
  return kernel;
}

/// numpy.roll along x.
psf::PixelKernel rolled(psf::PixelKernel kernel, int by) {
  const Image<double> values = kernel.values;
  const int n = values.nx();
  for (int j = 0; j < values.ny(); ++j) {
    for (int i = 0; i < n; ++i) kernel.values(j, (i + by + n) % n) = values(j, i);
  }
  return kernel;
}

KernelPromise keep_of(const psf::PixelKernel& stored) {
  const auto moments = psf::kernel_moments(stored);
  return {.normalisation = psf::Normalisation::keep,
          .centring = psf::Centring::keep,
          .kept_sum = moments.sum,
          .kept_x_pix = moments.centroid_x_pix,
          .kept_y_pix = moments.centroid_y_pix};
}

psf::LatticeKernel lattice_of(const psf::PixelKernel& stored,
                              psf::Normalisation normalisation,
                              psf::Centring centring = psf::Centring::keep) {
  return psf::make_lattice_kernel(
      stored, {.normalisation = normalisation, .centring = centring});
}

const PsfTestRow& find(const std::vector<PsfTestRow>& rows, const std::string& name) {
  const auto at = std::ranges::find_if(
      rows, [&](const PsfTestRow& row) { return row.name.starts_with(name); });
  if (at == rows.end()) throw std::runtime_error("no row " + name);
  return *at;
}

PsfTestRow core_of(const psf::PixelKernel& stored, double accepted = 0.0) {
  auto promise = keep_of(stored);
  promise.accepted_pix = accepted;
  return find(check_kernel(lattice_of(stored, psf::Normalisation::keep), promise),
              "core_offset_pix");
}

TEST(KernelChecks, AKernelInItsPlacePasses) {
  const auto stored = stored_moffat(63, 31);

  for (const auto& row :
       check_kernel(lattice_of(stored, psf::Normalisation::keep), keep_of(stored))) {
    EXPECT_TRUE(row.passed) << row.name << " " << row.measured;
  }
}

TEST(KernelChecks, ARolledKernelFails) {
  const auto row = core_of(rolled(stored_moffat(63, 31), 5));

  EXPECT_NEAR(row.measured, 5.0, centroid_error_pix);
  EXPECT_TRUE(failed(row));
}

TEST(KernelChecks, AnEvenCropWithItsPeakAtHalfFails) {
  // 62 x 62 of 63 x 63: the peak stays at index 31 = n/2, the origin is (n-1)//2 = 30.
  const auto row = core_of(stored_moffat(62, 31));

  EXPECT_NEAR(row.measured, std::sqrt(2.0), centroid_error_pix);
  EXPECT_TRUE(failed(row));
}

TEST(KernelChecks, OffsetsAreWarnedOfAndFailAtTheirLimits) {
  struct Case {
    double peak;
    bool warns, fails;
  };
  // Off along the diagonal: 0.06 is 0.085 px, 0.08 is 0.113 px, 0.34 is 0.481 px.
  for (const Case& c : {Case{31.06, false, false},
                        {31.08, true, false},
                        {31.34, true, false},
                        {31.36, false, true}}) {
    const auto row = core_of(stored_moffat(63, c.peak));

    EXPECT_EQ(warned(row), c.warns) << c.peak << " " << row.measured;
    EXPECT_EQ(failed(row), c.fails) << c.peak << " " << row.measured;
  }
}

TEST(KernelChecks, HalfAPixelFailsUnlessItIsAccepted) {
  const auto symmetric = stored_moffat(62, 30.5);

  EXPECT_NEAR(core_of(symmetric).measured, std::sqrt(0.5), centroid_error_pix);
  EXPECT_TRUE(failed(core_of(symmetric)));
  EXPECT_TRUE(failed(core_of(symmetric, 0.6)));
  EXPECT_TRUE(warned(core_of(symmetric, 0.75)));
}

TEST(KernelChecks, WingsAndNoiseDoNotMoveTheCore) {
  auto stored = stored_moffat(63, 31);
  // A neighbour's light in one corner moves the first moments by pixels.
  for (int j = 0; j < 6; ++j) {
    for (int i = 0; i < 6; ++i) stored.values(j, i) += 2.0e-3;
  }

  const auto kernel = lattice_of(stored, psf::Normalisation::keep);

  EXPECT_LT(kernel.centroid_x_pix, -1.5);
  EXPECT_LT(core_centroid(kernel).offset_pix(), 2.0e-3);
}

TEST(KernelChecks, RecentringByPulledMomentsIsSeen) {
  auto stored = stored_moffat(63, 31);
  for (int j = 0; j < 6; ++j) {
    for (int i = 0; i < 6; ++i) stored.values(j, i) += 2.0e-3;
  }
  KernelPromise promise{.centring = psf::Centring::recentre};

  const auto rows = check_kernel(
      lattice_of(stored, psf::Normalisation::unit, psf::Centring::recentre), promise);

  EXPECT_TRUE(find(rows, "kernel_centroid_x_pix (recentre)").passed);
  EXPECT_TRUE(failed(find(rows, "core_offset_pix")));
}

TEST(KernelChecks, SumsAndMomentsAreThoseOfTheSamplesNotOfTheRecord) {
  const auto stored = stored_moffat(33, 16);
  const auto unit = lattice_of(stored, psf::Normalisation::unit);
  auto more = unit;
  for (double& sample : more.samples.pixels()) sample *= 1.01;
  auto shifted = unit;
  shifted.centroid_x_pix = 0.1;

  EXPECT_TRUE(find(check_kernel(unit, {}), "kernel_sum (unit)").passed);
  EXPECT_FALSE(find(check_kernel(more, {}), "kernel_sum (unit)").passed);
  EXPECT_FALSE(find(check_kernel(more, {}), "recorded_sum").passed);
  EXPECT_FALSE(find(check_kernel(shifted, {}), "recorded_centroid_x_pix").passed);
  EXPECT_TRUE(find(check_kernel(shifted, {}), "recorded_centroid_y_pix").passed);
}

TEST(KernelChecks, KeepIsHeldToTheFileNotToItself) {
  const auto stored = stored_moffat(33, 16.3);
  auto kernel = lattice_of(stored, psf::Normalisation::keep);
  for (double& sample : kernel.samples.pixels()) sample *= 4.0;
  psf::record_moments(kernel);
  kernel.origin_y += 1;
  psf::record_moments(kernel);

  const auto rows = check_kernel(kernel, keep_of(stored));

  EXPECT_TRUE(failed(find(rows, "kernel_sum (keep)")));
  EXPECT_TRUE(failed(find(rows, "kernel_centroid_y_pix (keep)")));
  EXPECT_TRUE(find(rows, "kernel_centroid_x_pix (keep)").passed);
}

TEST(KernelChecks, AStarsFluxIsNoticedFromATenthOn) {
  for (const double sum : {0.899, 0.901, 1.099, 1.101}) {
    auto stored = stored_moffat(33, 16);
    for (double& value : stored.values.pixels()) value *= sum;

    const auto rows =
        check_kernel(lattice_of(stored, psf::Normalisation::keep), keep_of(stored));

    EXPECT_EQ(warned(find(rows, "flux_of_unit_star (keep)")), std::abs(sum - 1.0) > 0.1)
        << sum;
  }
}

TEST(KernelChecks, AStarsFluxThatIsNotKeptIsNoticed) {
  auto stored = stored_moffat(33, 16);
  for (double& value : stored.values.pixels()) value *= 30.0;

  const auto rows =
      check_kernel(lattice_of(stored, psf::Normalisation::keep), keep_of(stored));

  EXPECT_TRUE(warned(find(rows, "flux_of_unit_star (keep)")));
  for (double& value : stored.values.pixels()) value *= -1.0;
  EXPECT_TRUE(failed(
      find(check_kernel(lattice_of(stored, psf::Normalisation::keep), keep_of(stored)),
           "flux_of_unit_star (keep)")));
}

TEST(KernelChecks, WhatCannotBeMeasuredFails) {
  auto kernel = lattice_of(stored_moffat(33, 16), psf::Normalisation::unit);
  kernel.samples(3, 3) = std::numeric_limits<double>::quiet_NaN();
  auto nothing = kernel;
  std::ranges::fill(nothing.samples.pixels(), 0.0);

  EXPECT_TRUE(failed(find(check_kernel(kernel, {}), "kernel_sum")));
  EXPECT_TRUE(failed(find(check_kernel(nothing, {}), "core_offset_pix")));
}

TEST(CoreCentroid, IsExactOnFinerLatticesAndForWideAndSharpCores) {
  for (const double fwhm : {1.2, 4.0, 9.0}) {
    for (const int oversample : {1, 4}) {
      const psf::Gaussian psf({.fwhm_pix = fwhm, .q = 0.6, .phi_rad = 0.5});
      auto kernel =
          psf::make_lattice_kernel(psf, {.size = {31, 24}, .oversample = oversample});

      EXPECT_LT(core_centroid(kernel).offset_pix(), centroid_error_pix);
      kernel.origin_y -= oversample;
      EXPECT_NEAR(core_centroid(kernel).y_pix, 1.0, centroid_error_pix);
    }
  }
}

}  // namespace
}  // namespace lensmill::measure
