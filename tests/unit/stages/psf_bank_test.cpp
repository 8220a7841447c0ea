// The kernels of a run's analytic PSFs, and the lattice that its PSFs need.

#include "stages/psf_bank.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>

#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/psf/moffat.hpp"
#include "lib/psf/oversample.hpp"
#include "stages/lattice_choice.hpp"
#include "tests/support/oversample_for_fwhm.hpp"

namespace lensmill::stages {
namespace {

using config::PsfKind;
using ::testing::HasSubstr;

constexpr int stamp_pix = 64;
constexpr double core_radius_pix = 5.0;
/// Sums of kernels' samples.
constexpr double quadrature = 1.0e-5;

config::PsfSection section_of(PsfKind kind) {
  config::PsfSection section;
  section.kind = kind;
  return section;
}

config::RunConfig config_of(const config::PsfSection& section) {
  config::RunConfig config;
  config.bands = {"r"};
  config.grid.stamp_size_pix = stamp_pix;
  config.psf = {section};
  return config;
}

catalogue::Injection row_of(double fwhm_pix, double beta) {
  catalogue::Injection row;
  row.psf_fwhm_pix[0] = fwhm_pix;
  row.psf_moffat_beta = beta;
  return row;
}

psf::LatticeKernel kernel_of(const config::PsfSection& section,
                             const catalogue::Injection& row) {
  const PsfBank bank({section}, std::make_shared<const Inputs>(), 1,
                     psf::PixelResponse::apply,
                     kernel_reach(config_of(section), imaging::Deposit::spline, 0));
  psf::FunctionKernelWorkspace workspace;
  psf::LatticeKernel kernel;
  bank.make(0, row, workspace, kernel);
  return kernel;
}

/// Flux in r < 5 pix (whole pixels by their centre) of a point source at (dy, dx).
double core_flux(const psf::LatticeKernel& kernel, int dy, int dx) {
  double sum = 0.0;
  for (int y = -5; y <= 5; ++y) {
    for (int x = -5; x <= 5; ++x) {
      if (std::hypot(x, y) >= core_radius_pix) continue;
      const int j = y - dy + kernel.origin_y;
      const int i = x - dx + kernel.origin_x;
      if (j < 0 || j >= kernel.samples.ny() || i < 0 || i >= kernel.samples.nx())
        continue;
      sum += kernel.samples(j, i);
    }
  }
  return sum;
}

/// Largest difference of the core flux of a point source of unit flux, anywhere on the
/// stamp, from that by the whole PSF.
double worst_core_error(const psf::LatticeKernel& kernel, double fwhm_pix,
                        double beta) {
  constexpr int reach = stamp_pix / 2;
  const psf::LatticeKernel whole =
      psf::make_lattice_kernel(psf::Moffat({.fwhm_pix = fwhm_pix}, beta),
                               {.size = {2 * stamp_pix + 1, 2 * stamp_pix + 1},
                                .normalisation = psf::Normalisation::keep});
  double worst = 0.0;
  for (int dy = 0; dy <= reach; dy += 2) {
    for (int dx = 0; dx <= dy; dx += 2) {
      worst = std::max(worst,
                       std::abs(core_flux(kernel, dy, dx) - core_flux(whole, dy, dx)));
    }
  }
  return worst;
}

TEST(PsfBank, CoreFluxIsThatOfTheWholePsfWhereverTheLightIs) {
  // KernelReach: 2 % of core_tolerance, of the light beyond.
  constexpr double of_the_light = 2.0e-5;
  for (const double beta : {2.0, 2.5, 3.5, 5.0}) {
    for (const double fwhm : {3.5, 4.6, 6.0, 8.0}) {
      const auto kernel = kernel_of(section_of(PsfKind::moffat), row_of(fwhm, beta));

      EXPECT_LT(worst_core_error(kernel, fwhm, beta), of_the_light)
          << beta << " " << fwhm << " kernel " << kernel.samples.ny();
      EXPECT_EQ(kernel.point_flux, 1.0);
      const int side = kernel.samples.ny();
      EXPECT_NEAR(kernel.sum,
                  psf::Moffat({.fwhm_pix = fwhm}, beta).enclosed_energy({side, side}),
                  quadrature);
    }
  }
}

TEST(PsfBank, WhatAStatedCutLeavesIsScaledAsStated) {
  constexpr double rounding = 1.0e-12;
  auto section = section_of(PsfKind::moffat);
  section.enclosed_energy = 0.998;
  const auto by_energy = kernel_of(section, row_of(4.6, 2.5));
  section.enclosed_energy = 0.0;
  section.size_pix = {33, 33};
  const auto by_size = kernel_of(section, row_of(4.6, 2.5));
  section.normalisation = psf::Normalisation::keep;
  const auto kept = kernel_of(section, row_of(4.6, 2.5));

  const psf::Moffat moffat({.fwhm_pix = 4.6}, 2.5);
  EXPECT_NEAR(by_energy.sum, 1.0, rounding);
  EXPECT_NEAR(by_size.sum, 1.0, rounding);
  EXPECT_NEAR(by_size.point_flux, 1.0, rounding);
  EXPECT_NEAR(kept.sum, moffat.enclosed_energy({33, 33}), quadrature);
}

TEST(PsfBank, KeepSaysWhatTheCutLeaves) {
  auto section = section_of(PsfKind::moffat);
  section.size_pix = {33, 33};
  section.normalisation = psf::Normalisation::keep;

  const auto kernel = kernel_of(section, row_of(4.6, 2.5));

  EXPECT_EQ(kernel.point_flux, kernel.sum);
}

TEST(PsfBank, TheDiscreteOperationsKernelHasUnitSum) {
  const PsfBank bank({section_of(PsfKind::moffat)}, std::make_shared<const Inputs>(), 1,
                     psf::PixelResponse::omit);
  psf::FunctionKernelWorkspace workspace;
  psf::LatticeKernel kernel;

  bank.make(0, row_of(4.6, 2.5), workspace, kernel);

  constexpr double rounding = 1.0e-12;
  EXPECT_NEAR(kernel.sum, 1.0, rounding);
  EXPECT_LT(kernel.samples.ny(), stamp_pix + 16);  // cut at 0.998 of the flux
}

LatticeChoice choice_for(config::RunConfig config, double fwhm_pix,
                         const Inputs& inputs = {}) {
  return choose_lattice(config, inputs, imaging::Deposit::spline,
                        {{.band = 0, .sharpest_fwhm_pix = fwhm_pix, .rows = {}}});
}

std::string refusal_of(const config::RunConfig& config, double fwhm_pix) {
  try {
    choice_for(config, fwhm_pix);
  } catch (const ConfigError& error) {
    EXPECT_EQ(static_cast<int>(error.exit_code()), 78);
    return error.what();
  }
  return "";
}

TEST(ChooseLattice, GoesByTheTolerance) {
  auto config = config_of(section_of(PsfKind::moffat));

  EXPECT_EQ(choice_for(config, 3.5).lattice.oversample, 1);
  EXPECT_EQ(choice_for(config, 3.3).lattice.oversample, 2);
  config.render.pixel_tolerance = 1.0e-4;
  EXPECT_EQ(choice_for(config, 5.5).lattice.oversample, 1);
  EXPECT_EQ(choice_for(config, 4.6).lattice.oversample, 2);
  config.render.pixel_tolerance = 1.0e-5;
  EXPECT_EQ(choice_for(config, 4.6).lattice.oversample, 2);
  EXPECT_EQ(choice_for(config, 3.5).lattice.oversample, 4);
}

TEST(ChooseLattice, SharperPsfsThanItCanCarryAreRefused) {
  auto config = config_of(section_of(PsfKind::gaussian));

  EXPECT_EQ(choice_for(config, 0.3).lattice.oversample, 16);
  EXPECT_THAT(refusal_of(config, 0.2), HasSubstr("too few for psf.r"));
  EXPECT_THAT(refusal_of(config, 0.2), HasSubstr("too sharp for these pixels"));
  config.convolve.oversample = 2;
  EXPECT_THAT(refusal_of(config, 1.0), HasSubstr("use `auto`"));
  EXPECT_EQ(refusal_of(config, 2.0), "");
}

/// A Moffat through the pixel, `per_pixel` samples per pixel.
psf::PixelKernel stored_moffat(double fwhm_pix, int per_pixel) {
  const int side = 2 * static_cast<int>(6.0 * fwhm_pix) + 1;
  const auto kernel =
      psf::make_lattice_kernel(psf::Moffat({.fwhm_pix = fwhm_pix}, 3.5),
                               {.size = {side, side}, .oversample = per_pixel});
  psf::PixelKernel stored{.values = kernel.samples,
                          .samples_per_pixel = per_pixel,
                          .includes_pixel = true,
                          .name = "stored"};
  for (double& value : stored.values.pixels()) value /= per_pixel * per_pixel;
  return stored;
}

// Long lists (a kernel for each of many hosts) are put on the lattice row by row.
TEST(PsfBank, KernelsOfLongListsAreThoseOfShortOnes) {
  auto section = section_of(PsfKind::pixelised);
  section.includes_pixel = true;
  constexpr std::size_t many = 100;
  const auto all = std::make_shared<Inputs>();
  for (std::size_t k = 0; k < many; ++k) {
    all->psf[0].kernels.push_back(
        stored_moffat(3.0 + 0.01 * static_cast<double>(k), 1));
  }
  const PsfBank long_list({section}, all, 3, psf::PixelResponse::apply);
  psf::FunctionKernelWorkspace workspace;
  for (const std::size_t index : {std::size_t{0}, std::size_t{42}, many - 1}) {
    const auto one = std::make_shared<Inputs>();
    one->psf[0].kernels = {all->psf[0].kernels[index], all->psf[0].kernels[0]};
    const PsfBank short_list({section}, one, 3, psf::PixelResponse::apply);
    catalogue::Injection row;
    psf::LatticeKernel expected, actual;

    short_list.make(0, row, workspace, expected);
    row.psf_index[0] = static_cast<std::int64_t>(index);
    long_list.make(0, row, workspace, actual);

    EXPECT_TRUE(std::ranges::equal(actual.samples.pixels(), expected.samples.pixels()));
  }
  catalogue::Injection row;
  psf::LatticeKernel kernel;
  row.psf_index[0] = static_cast<std::int64_t>(many);
  EXPECT_THROW(long_list.make(0, row, workspace, kernel), DataError);
}

TEST(ChooseLattice, OversampledKernelsAreMeasured) {
  auto section = section_of(PsfKind::pixelised);
  section.includes_pixel = true;
  const auto config = config_of(section);
  constexpr double allowed = 2.0e-4;
  for (const double fwhm : {1.2, 2.0, 2.5, 3.0, 4.6}) {
    for (const int per_pixel : {3, 4, 5}) {
      Inputs inputs;
      inputs.psf[0].kernels = {stored_moffat(fwhm, per_pixel)};

      const auto choice = choice_for(config, 0.0, inputs);

      const int points = choice.lattice.oversample;
      EXPECT_LE(choice.stored_error[0], allowed);
      // Against the function, which the kernel's samples are of.
      EXPECT_LE(psf::lattice_error(fwhm * points), 1.5 * allowed)
          << fwhm << " " << per_pixel << " -> " << points;
      // No finer than twice what the function needs.
      EXPECT_LE(points, std::max(per_pixel,
                                 2 * test_support::oversample_for_fwhm(fwhm, allowed)));
    }
  }
}

}  // namespace
}  // namespace lensmill::stages
