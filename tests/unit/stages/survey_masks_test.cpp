#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "lib/measure/aperture.hpp"
#include "tests/support/noise_correlations.hpp"
#include "tests/unit/stages/survey_host.hpp"

/// \file
/// Hosts of survey images through the chain: masked pixels are left out of every
/// measurement whatever they hold, unusable hosts become a status.

namespace lensmill::stages {
namespace {

using test_support::edited;

constexpr int stamp = survey_stamp;
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
/// Single-precision images summed over an aperture.
constexpr double single_precision = 1.0e-5;

TEST(SurveyMask, WithoutMaskedPixelsNothingIsLeftOut) {
  const auto result = run({});

  EXPECT_EQ(result.status, Status::ok);
  EXPECT_EQ(result.measurement.masked_fraction[0], 0.0);
  EXPECT_EQ(result.measurement.core_masked_fraction[0], 0.0);
  for (const float pixel : result.images[0].mask.pixels()) EXPECT_EQ(pixel, 0.0F);
}

TEST(SurveyMask, EveryMeasurementIsThatOfTheUnmaskedPixels) {
  // On the stamp, one pixel less than on the cutout: part of the core, of the ring and
  // of the annulus.
  SurveyHost host;
  host.box_y0 = 31;
  host.box_y1 = 60;
  host.box_x0 = 33;
  host.box_x1 = 60;

  const auto plain = run({});
  const auto result = run(host);

  ASSERT_EQ(result.status, Status::ok);
  const auto& images = result.images[0];
  const auto& m = result.measurement;
  const double lens_x = 31.25, lens_y = 30.5;
  EXPECT_EQ(images.mask(30, 32), 1.0F);
  EXPECT_EQ(images.mask(29, 32), 0.0F);
  EXPECT_TRUE(std::isnan(images.positive(40, 40)));
  EXPECT_NEAR(m.masked_fraction[0], 29.0 * 27.0 / (stamp * stamp), 1.0e-12);

  // By hand, from the stamps: sums over the unmasked pixels only.
  const auto core = measure::pixel_overlap_weights(
      stamp, {.x_pix = lens_x, .y_pix = lens_y, .radius_pix = 5.0});
  const auto annulus =
      measure::annulus_overlap_weights(stamp, lens_x, lens_y, {20.0, 28.0});
  double area = 0, used = 0, core_arc = 0, all_arc = 0, offset = 0, snr2 = 0;
  double ring_area = 0, ring_offset = 0, ap_flux = 0, ap_noise = 0;
  for (int y = 0; y < stamp; ++y) {
    for (int x = 0; x < stamp; ++x) {
      const double w = core.weight(y, x);
      area += w;
      if (images.mask(y, x) != 0.0F) continue;
      const double arc = double{images.arc(y, x)};
      const double v = double{images.variance(y, x)};
      const double difference =
          double{images.positive(y, x)} - double{images.negative(y, x)};
      used += w;
      core_arc += w * arc;
      all_arc += arc;
      offset += w * difference;
      ring_area += annulus.weight(y, x);
      ring_offset += annulus.weight(y, x) * difference;
      snr2 += arc * arc / v;
      ap_flux += w * arc;
      ap_noise += w * w * v;
    }
  }
  const std::size_t five = m.at(0, 1);
  EXPECT_NEAR(m.core_masked_fraction[five], 1.0 - used / area, 1.0e-12);
  EXPECT_GT(m.core_masked_fraction[five], 0.1);
  EXPECT_NEAR(m.core_flux_fraction[five], core_arc / all_arc, single_precision);
  EXPECT_NEAR(m.core_offset[five], offset / used, single_precision);
  EXPECT_NEAR(m.annulus_offset[0], ring_offset / ring_area, single_precision);
  EXPECT_NEAR(m.arc_snr[0], std::sqrt(snr2), single_precision * m.arc_snr[0]);
  EXPECT_NEAR(m.arc_snr_aperture[five], ap_flux / std::sqrt(ap_noise),
              single_precision * m.arc_snr_aperture[five]);
  double bin_sum = 0;
  int bin_pixels = 0;
  for (int y = 0; y < stamp; ++y) {
    for (int x = 0; x < stamp; ++x) {
      const double r = std::hypot(x - lens_x, y - lens_y);
      if (r < 6.0 || r >= 7.0 || images.mask(y, x) != 0.0F) continue;
      bin_sum += double{images.arc(y, x)};
      ++bin_pixels;
    }
  }
  EXPECT_NEAR(m.radial_profile[6], bin_sum / bin_pixels, single_precision);

  // The split still adds up.
  EXPECT_NEAR(m.core_flux_fraction[five],
              m.core_flux_fraction_minimum_intrinsic[five] +
                  m.core_flux_fraction_minimum_psf[five] +
                  m.core_flux_fraction_saddle_intrinsic[five] +
                  m.core_flux_fraction_saddle_psf[five] +
                  m.core_flux_fraction_maximum_intrinsic[five] +
                  m.core_flux_fraction_maximum_psf[five],
              1.0e-12);
  // Each differs from what the whole stamp gives; the arc itself is the same.
  EXPECT_NE(m.core_flux_fraction[five], plain.measurement.core_flux_fraction[five]);
  EXPECT_LT(m.arc_snr[0], plain.measurement.arc_snr[0]);
  EXPECT_EQ(m.arc_flux_nmgy[0], plain.measurement.arc_flux_nmgy[0]);
}

TEST(SurveyMask, WhatMaskedPixelsHoldDoesNotMatter) {
  SurveyHost host;
  host.box_y0 = host.box_x0 = 30;
  host.box_y1 = host.box_x1 = 45;
  const auto with_nan = run(host);
  host.garbage = 1.0e6F;
  const auto with_garbage = run(host);

  const auto& a = with_nan.measurement;
  const auto& b = with_garbage.measurement;
  EXPECT_EQ(a.core_flux_fraction, b.core_flux_fraction);
  EXPECT_EQ(a.core_offset, b.core_offset);
  EXPECT_EQ(a.annulus_offset, b.annulus_offset);
  EXPECT_EQ(a.arc_snr, b.arc_snr);
  EXPECT_EQ(a.counter_image_snr, b.counter_image_snr);
  EXPECT_EQ(a.arc_snr_aperture, b.arc_snr_aperture);
}

TEST(SurveyMask, ActsOnTheSnrsWithTheCovarianceAndSoDoWeights) {
  // The covariance of the unmasked pixels alone, solved densely on a small stamp.
  constexpr int small = 24;
  SurveyHost host;
  host.box_y0 = 31;
  host.box_y1 = 40;
  host.box_x0 = 34;
  host.box_x1 = 45;
  auto text = edited(survey_text(), "stamp_size_pix: 64", "stamp_size_pix: 24");
  text = edited(text, "  gain_e_per_nmgy",
                "  correlation: {r: {lags: [[0, 0.2, 0.1], [0.3, 1, 0.3], [0.1, 0.2, "
                "0]], variance_times_invvar: 0.7}}\n  gain_e_per_nmgy");
  const auto result = run(host, text);
  ASSERT_EQ(result.status, Status::ok);
  const auto& images = result.images[0];
  const auto& m = result.measurement;
  ASSERT_TRUE(images.any_masked);

  Image<double> lags(3, 3);
  const std::array rho{0.0, 0.2, 0.1, 0.3, 1.0, 0.3, 0.1, 0.2, 0.0};
  std::ranges::copy(rho, lags.pixels().begin());
  Image<float> sky(small, small, 0.7F / 1.0e4F), poisson(small, small);
  for (std::size_t k = 0; k < poisson.size(); ++k) {
    poisson.pixels()[k] = images.arc.pixels()[k] / 500.0F;
  }
  const auto all = test_support::dense_covariance(lags, sky, poisson);
  std::vector<std::size_t> used;
  for (std::size_t k = 0; k < poisson.size(); ++k) {
    if (images.mask.pixels()[k] == 0.0F) used.push_back(k);
  }
  const auto core = measure::pixel_overlap_weights(
      small, {.x_pix = 11.25, .y_pix = 10.5, .radius_pix = 5.0});
  std::vector<double> covariance, arc;
  double flux = 0.0, noise = 0.0;
  for (const auto i : used) {
    arc.push_back(double{images.arc.pixels()[i]});
    flux += core.weight.pixels()[i] * arc.back();
    for (const auto j : used) {
      covariance.push_back(all[i * poisson.size() + j]);
      noise += core.weight.pixels()[i] * covariance.back() * core.weight.pixels()[j];
    }
  }
  const auto filter = test_support::solve_dense(covariance, arc);
  double snr2 = 0.0;
  for (std::size_t k = 0; k < arc.size(); ++k) snr2 += filter[k] * arc[k];

  // What lib/measure/correlated_snr.hpp promises.
  constexpr double promised = 1.0e-3;
  EXPECT_NEAR(m.arc_snr_correlated[0] / std::sqrt(snr2), 1.0, promised);
  EXPECT_NEAR(m.arc_snr_aperture_correlated[m.at(0, 1)] / (flux / std::sqrt(noise)),
              1.0, single_precision);
  // It matters here, and garbage below the mask does not.
  const auto whole = run({}, text).measurement;
  EXPECT_LT(m.arc_snr_correlated[0], 0.98 * whole.arc_snr_correlated[0]);
  host.garbage = 1.0e6F;
  const auto with_garbage = run(host, text).measurement;
  EXPECT_EQ(m.arc_snr_correlated, with_garbage.arc_snr_correlated);
  EXPECT_EQ(m.counter_image_snr_correlated, with_garbage.counter_image_snr_correlated);
  EXPECT_EQ(m.arc_snr_aperture_correlated, with_garbage.arc_snr_aperture_correlated);
}

TEST(SurveyMask, WithoutWeightsMaskedPixelsHaveNoVarianceEither) {
  SurveyHost host;
  host.weights = false;
  const auto whole = run(host);
  host.box_y0 = host.box_x0 = 30;
  host.box_y1 = host.box_x1 = 45;
  const auto masked = run(host);

  EXPECT_TRUE(std::isnan(masked.images[0].variance(35, 35)));
  EXPECT_LT(masked.measurement.arc_snr[0], whole.measurement.arc_snr[0]);
}

TEST(SurveyMask, ARowAfterAMaskedOneIsUntouchedByIt) {
  SurveyHost host;
  const auto setup = setup_of({}, survey_text());
  host.box_y1 = host.box_x1 = 40;
  const auto masked = setup_of(host, survey_text());
  auto alone = setup.chain->make_stamp();
  setup.chain->apply(3, {}, alone);

  auto used = setup.chain->make_stamp();
  masked.chain->apply(2, {}, used);
  setup.chain->apply(3, {}, used);

  EXPECT_EQ(used.measurement.core_flux_fraction, alone.measurement.core_flux_fraction);
  EXPECT_EQ(used.measurement.core_offset, alone.measurement.core_offset);
}

TEST(SurveyMask, ARowWithAnotherMaskIsUntouchedByTheOneBefore) {
  SurveyHost before;
  before.box_y1 = before.box_x1 = 32;
  SurveyHost after;
  after.box_y0 = after.box_x0 = 34;
  after.box_y1 = after.box_x1 = 50;
  const auto first = setup_of(before, survey_text());
  const auto second = setup_of(after, survey_text());
  auto alone = second.chain->make_stamp();
  second.chain->apply(3, {}, alone);

  auto used = first.chain->make_stamp();
  first.chain->apply(2, {}, used);
  second.chain->apply(3, {}, used);

  ASSERT_TRUE(alone.images[0].any_masked);
  EXPECT_EQ(used.measurement.core_flux_fraction, alone.measurement.core_flux_fraction);
  EXPECT_EQ(used.measurement.core_offset, alone.measurement.core_offset);
}

TEST(SurveyStatus, TooFewValidPixelsOrOffTheImageIsBadHost) {
  SurveyHost just_enough;  // 32 of 64 columns of the stamp: 0.5 valid
  just_enough.box_y1 = survey_side;
  just_enough.box_x1 = 33;
  SurveyHost too_few = just_enough;
  too_few.box_x1 = 34;
  SurveyHost off;
  off.on_image = false;

  EXPECT_EQ(run(just_enough).status, Status::ok);
  const auto result = run(too_few);
  EXPECT_EQ(result.status, Status::bad_host);
  EXPECT_TRUE(std::isnan(result.images[0].positive(0, 0)));
  EXPECT_TRUE(std::isnan(result.images[0].mask(0, 0)));
  EXPECT_TRUE(std::isnan(result.measurement.core_masked_fraction[0]));
  EXPECT_EQ(run(off).status, Status::bad_host);
}

}  // namespace
}  // namespace lensmill::stages
