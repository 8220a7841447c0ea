#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "lib/imaging/host_image.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "stages/turned_noise.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/image_matchers.hpp"

/// \file
/// A real host is turned with its PSF and its noise's correlations in it: the arc's PSF
/// and the covariance of its SNRs are turned likewise.

namespace lensmill::stages {
namespace {

using test_support::edited;

constexpr int side = 70;
constexpr int stamp_size = 64;
/// Transforms in single precision, of the arc's peak.
constexpr test_support::ImageTolerance single_precision{.relative_to_peak = 2.0e-6};

/// A galaxy with uniform weights.
class Cutouts final : public HostCutouts {
 public:
  std::int64_t count() const override { return 1; }
  int ny() const override { return side; }
  int nx() const override { return side; }
  bool has_invvar() const override { return true; }
  void read(std::int64_t, int, Image<float>& nmgy,
            Image<float>& invvar) const override {
    nmgy.assign(side, side);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const double r2 = (x - 36.0) * (x - 36.0) + (y - 33.0) * (y - 33.0);
        nmgy(y, x) = static_cast<float>(std::exp(-0.02 * r2));
      }
    }
    invvar.assign(side, side, 1.0e4F);
  }
};

/// A round source in the middle of the stamp, unlensed: only the PSF gives it a shape.
std::string text_of(const std::string& psf, int rotation, int flip) {
  auto text = edited(test_support::small_config, "host: none",
                     "host:\n  cutouts: {r: quickstart.yaml, units: nmgy, "
                     "pixel_scale_arcsec: 0.262}");
  text = edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
  text = edited(text, "theta_e_arcsec: 1.2", "theta_e_arcsec: 0");
  text = edited(text, "src_offset: {disc: {radius_over_theta_e: 0.8}}",
                "src_x_arcsec: 0\n  src_y_arcsec: 0");
  text = edited(text, "src_q: 0.7", "src_q: 1");
  text = edited(text, "priors:\n",
                "priors:\n  host_rotation: " + std::to_string(rotation) +
                    "\n  host_flip: " + std::to_string(flip) + "\n");
  return edited(text, "{kind: gaussian, fwhm_pix: 5.0}", psf);
}

struct Psf {
  const char* section;
  PsfInput input = {};
};

Setup setup_of(const Psf& psf, const std::string& text) {
  const auto config = config::read_run_config_text(
      text, "test", {}, test_support::source_folder() / "configs");
  const auto inputs = std::make_shared<Inputs>();
  inputs->rows = std::make_shared<const catalogue::SampledRows>(1);
  inputs->hosts = std::make_shared<const Cutouts>();
  inputs->host_measurements = {.flux_nmgy = {5.0},
                               .background_sigma_nmgy = {0.01},
                               .centroid_x_pix = {36.0},
                               .centroid_y_pix = {33.0}};
  inputs->psf[0] = psf.input;
  return make_setup(config, inputs);
}

Stamp run(const Psf& psf, int rotation, int flip) {
  const auto setup = setup_of(psf, text_of(psf.section, rotation, flip));
  auto stamp = setup.chain->make_stamp();
  setup.chain->apply(0, {}, stamp);
  return stamp;
}

/// Neither round nor in the middle: a long Gaussian with a spot beside it.
psf::PixelKernel lopsided(int ny, int nx) {
  psf::PixelKernel kernel;
  kernel.values.assign(ny, nx);
  kernel.includes_pixel = true;
  kernel.name = "lopsided";
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      const double dx = x - kernel.origin_x();
      const double dy = y - kernel.origin_y();
      kernel.values(y, x) =
          std::exp(-dx * dx / 18.0 - dy * dy / 6.0) +
          0.3 * std::exp(-0.25 * ((dx - 4) * (dx - 4) + (dy - 3) * (dy - 3)));
    }
  }
  return kernel;
}

/// A model that does not vary over the CCD.
psf::PsfexModel constant_model() {
  psf::PsfexModel model;
  model.basis.push_back(lopsided(25, 25).values);
  model.name = "constant";
  return model;
}

std::vector<Psf> psfs() {
  return {
      {"{kind: gaussian, fwhm_pix: 5.0, q: 0.6, phi_rad: 0.3}"},
      {"{kind: moffat, fwhm_pix: 4.0, beta: 3.0, q: 0.7, phi_rad: 1.0}"},
      {"{kind: gaussian, fwhm_pix: 4.0, size_pix: [9, 25]}"},
      {"{kind: pixelised, file: quickstart.yaml, includes_pixel: true, normalisation: "
       "unit, centring: keep}",
       {.kernels = {lopsided(31, 31)}, .psfex = {}}},
      {"{kind: pixelised, file: quickstart.yaml, includes_pixel: true, normalisation: "
       "unit, centring: keep}",
       {.kernels = {lopsided(30, 26)}, .psfex = {}}},
      {"{kind: psfex, file: quickstart.yaml, position: [10, 10], normalisation: unit, "
       "centring: keep}",
       {.kernels = {}, .psfex = constant_model()}},
  };
}

TEST(TurnedPsf, TheArcIsTurnedAsItsHostIs) {
  for (const Psf& psf : psfs()) {
    const auto upright = run(psf, 0, 0);
    for (int rotation = 0; rotation < 4; ++rotation) {
      for (int flip = 0; flip < 2; ++flip) {
        const auto turned = run(psf, rotation, flip);

        Image<float> expected;
        imaging::orient(upright.images[0].arc,
                        {.quarter_turns = rotation, .mirrored = flip != 0}, expected);
        EXPECT_TRUE(
            test_support::images_near(turned.images[0].arc, expected, single_precision))
            << psf.section << rotation << flip;
        EXPECT_EQ(turned.status, upright.status);
      }
    }
    Image<float> half_way;
    imaging::orient(upright.images[0].arc, {.quarter_turns = 1}, half_way);
    EXPECT_FALSE(test_support::images_near(upright.images[0].arc, half_way,
                                           {.relative_to_peak = 1.0e-3}))
        << psf.section;
  }
}

TEST(TurnedPsf, WhatTheRowBeforeHadDoesNotMatter) {
  for (const Psf& psf : psfs()) {
    const auto upright = setup_of(psf, text_of(psf.section, 0, 0));
    for (const auto& [rotation, flip] : {std::pair{1, 0}, {0, 1}, {2, 0}}) {
      const auto turned = setup_of(psf, text_of(psf.section, rotation, flip));
      auto alone = turned.chain->make_stamp();
      turned.chain->apply(0, {}, alone);

      auto used = upright.chain->make_stamp();
      upright.chain->apply(0, {}, used);
      turned.chain->apply(0, {}, used);

      EXPECT_TRUE(
          test_support::images_identical(used.images[0].arc, alone.images[0].arc))
          << psf.section << rotation << flip;
    }
  }
}

TEST(TurnedPsf, ARoundOneStaysAsItIs) {
  const Psf round{"{kind: moffat, fwhm_pix: 4.0, beta: 3.0}"};
  const auto upright = run(round, 0, 0);

  const auto turned = run(round, 3, 1);

  EXPECT_TRUE(
      test_support::images_identical(turned.images[0].arc, upright.images[0].arc));
}

TEST(TurnedNoise, TheCovarianceIsTurnedWithTheHost) {
  // Turned as a whole, a scene has the same SNR. lib/measure/correlated_snr.hpp
  // promises 1e-3 of it.
  constexpr double promised = 1.0e-3;
  const Psf psf{"{kind: gaussian, fwhm_pix: 5.0, q: 0.4, phi_rad: 0}"};
  const auto snr = [&](int rotation, int flip) {
    const auto text =
        edited(text_of(psf.section, rotation, flip), "  gain_e_per_nmgy",
               "  correlation: {r: {lags: [[0, 0, 0.1], [0.4, 1, 0.4], [0.1, 0, 0]], "
               "variance_times_invvar: 1}}\n  gain_e_per_nmgy");
    const auto with_weights = edited(text, "units: nmgy,",
                                     "units: nmgy, invvar: {r: quickstart.yaml}, "
                                     "invvar_includes_source_poisson: true,");
    const auto setup = setup_of(psf, with_weights);
    auto stamp = setup.chain->make_stamp();
    setup.chain->apply(0, {}, stamp);
    return stamp.measurement.arc_snr_correlated[0];
  };
  const double upright = snr(0, 0);

  EXPECT_GT(upright, 0.0);
  for (const auto& [rotation, flip] : {std::pair{1, 0}, {2, 0}, {0, 1}, {3, 1}}) {
    EXPECT_NEAR(snr(rotation, flip) / upright, 1.0, promised) << rotation << flip;
  }
}

TEST(TurnedLags, AQuarterTurnPutsRowsOnColumns) {
  Image<double> lags(1, 3);
  lags(0, 0) = lags(0, 2) = 0.4;
  lags(0, 1) = 1.0;

  const auto turned = turned_lags(lags, {.quarter_turns = 1});

  ASSERT_EQ(turned.ny(), 3);
  ASSERT_EQ(turned.nx(), 1);
  EXPECT_EQ(turned(0, 0), 0.4);
  EXPECT_EQ(turned(1, 0), 1.0);
}

}  // namespace
}  // namespace lensmill::stages
