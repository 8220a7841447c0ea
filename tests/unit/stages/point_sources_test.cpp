#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "lib/core/units.hpp"
#include "lib/lens/point_images.hpp"
#include "lib/measure/aperture.hpp"
#include "stages/lens_of.hpp"
#include "tests/support/convergence.hpp"
#include "tests/support/image_matchers.hpp"
#include "tests/unit/stages/point_rows.hpp"

/// \file
/// Point sources against closed forms: the images of a singular isothermal sphere are
/// at beta +- theta_E with the magnifications 1 +- theta_E / beta, and each shows the
/// PSF.

namespace lensmill::stages {
namespace {

using test::flux_tolerance;
using test::OneRow;
using test::sis;
using test::total;
using test_support::converges;
using test_support::edited;
using test_support::images_near;

constexpr double scale = 0.262;
constexpr double fwhm_pix = 4.0;
constexpr double theta_e = 2.0;
constexpr double beta = 0.5;
constexpr double flux = 10.0;
// What `oversample: auto` knows the PSF to between lattice points: a fifth of
// render.pixel_tolerance, of one image's peak.
constexpr double psf_error = 2.0e-4;
constexpr double position_tolerance_pix = 1.0e-4;

Image<double> difference(const Image<float>& a, const Image<float>& b) {
  Image<double> result(a.ny(), a.nx());
  for (std::size_t k = 0; k < a.size(); ++k) {
    result.pixels()[k] = double{a.pixels()[k]} - double{b.pixels()[k]};
  }
  return result;
}

struct Moments {
  double flux = 0.0, x_pix = 0.0, y_pix = 0.0;
};
template <class T>
Moments moments(const Image<T>& image) {
  Moments m;
  for (int y = 0; y < image.ny(); ++y) {
    for (int x = 0; x < image.nx(); ++x) {
      const auto value = static_cast<double>(image(y, x));
      m.flux += value;
      m.x_pix += value * x;
      m.y_pix += value * y;
    }
  }
  m.x_pix /= m.flux;
  m.y_pix /= m.flux;
  return m;
}

/// Gaussians of these images, integrated over pixels: products of error functions.
Image<double> gaussians(const lens::PointImages& images,
                        const catalogue::Injection& injection, int n) {
  const double sigma = fwhm_pix / fwhm_per_sigma;
  const auto share = [&](double d) {
    const double unit = 1.0 / (sigma * std::numbers::sqrt2);
    return 0.5 * (std::erf((d + 0.5) * unit) - std::erf((d - 0.5) * unit));
  };
  const PixelGrid grid{.stamp_size_pix = n, .pixel_scale_arcsec = scale};
  Image<double> expected(n, n);
  for (const auto& image : images.list()) {
    const double x0 = grid.pix_from_arcsec(image.x_arcsec + injection.lens_x_arcsec);
    const double y0 = grid.pix_from_arcsec(image.y_arcsec + injection.lens_y_arcsec);
    for (int y = 0; y < n; ++y) {
      for (int x = 0; x < n; ++x) {
        expected(y, x) +=
            flux * std::abs(image.magnification) * share(x - x0) * share(y - y0);
      }
    }
  }
  return expected;
}

// ---- Closed forms ----

TEST(PointSource, HasTheFluxesOfTheSisImages) {
  const OneRow row(sis);

  EXPECT_EQ(row.stamp.status, Status::ok);
  EXPECT_NEAR(row.measured().magnification, 2.0 * theta_e / beta, 1.0e-12);
  EXPECT_EQ(row.measured().n_images, 2);
  EXPECT_EQ(row.measured().n_images_left_out, 0);
  const double sum = row.measured().psf_sum[0];
  const double outer = flux * sum * (1.0 + theta_e / beta);
  const double counter = flux * sum * (theta_e / beta - 1.0);
  EXPECT_NEAR(row.measured().arc_flux_nmgy[0], outer + counter,
              flux_tolerance * (outer + counter));
  EXPECT_NEAR(moments(row.counter_image()).flux, counter, flux_tolerance * outer);
  EXPECT_NEAR(row.measured().flux_in_stamp_fraction[0], sum, flux_tolerance);
}

TEST(PointSource, HasItsImagesWhereTheSisPutsThem) {
  const OneRow row(sis);
  const PixelGrid grid{.stamp_size_pix = 65, .pixel_scale_arcsec = scale};
  const std::array<double, 2> direction{0.6, 0.8};
  const auto pix = [&](double theta, std::size_t axis) {
    const double lens = axis == 0 ? 0.071 : -0.113;
    return grid.pix_from_arcsec(lens + theta * direction[axis]);
  };

  const auto counter = moments(row.counter_image());
  const auto outer = moments(difference(row.arc(), row.counter_image()));

  EXPECT_NEAR(outer.x_pix, pix(beta + theta_e, 0), position_tolerance_pix);
  EXPECT_NEAR(outer.y_pix, pix(beta + theta_e, 1), position_tolerance_pix);
  EXPECT_NEAR(counter.x_pix, pix(beta - theta_e, 0), position_tolerance_pix);
  EXPECT_NEAR(counter.y_pix, pix(beta - theta_e, 1), position_tolerance_pix);
}

TEST(PointSource, ShowsThePsfAtEveryImage) {
  // Four images and shear; no closed form of the lens, but one of each image's light.
  std::string text = edited(sis, "lens_q: 1.0", "lens_q: 0.6");
  text = edited(text, "shear_g1: 0.0", "shear_g1: 0.03");
  text = edited(text, "src_x_arcsec: 0.3", "src_x_arcsec: 0.05");
  text = edited(text, "src_y_arcsec: 0.4", "src_y_arcsec: 0.1");
  const OneRow row(text);
  const auto& injection = row.stamp.injection;
  const auto images = lens::find_point_images(
      lens_of(injection), {injection.src_x_arcsec, injection.src_y_arcsec});
  ASSERT_EQ(images.count, 4);

  const auto expected = gaussians(images, injection, row.arc().ny());

  // Images overlap: of the peak, not of each.
  EXPECT_TRUE(images_near(row.arc(), expected, {.relative_to_peak = psf_error}));
  EXPECT_LT(row.measured().render_error, psf_error);
}

TEST(PointSource, ThatIsNotLensedIsOneImage) {
  const OneRow row(edited(sis, "theta_e_arcsec: 2.0", "theta_e_arcsec: 0.0"));

  EXPECT_EQ(row.stamp.status, Status::unlensed);
  EXPECT_NEAR(row.measured().magnification, 1.0, 1.0e-12);
  const auto m = moments(row.arc());
  EXPECT_NEAR(m.flux, flux * row.measured().psf_sum[0], flux_tolerance * flux);
  EXPECT_NEAR(m.x_pix, 32.0 + (0.071 + 0.3) / scale, position_tolerance_pix);
}

TEST(PointSource, OutsideTheCutHasOneImage) {
  std::string text = edited(sis, "src_x_arcsec: 0.3", "src_x_arcsec: 1.5");
  text = edited(text, "src_y_arcsec: 0.4", "src_y_arcsec: 2.0");
  const OneRow row(text);  // beta = 2.5, beyond theta_E

  EXPECT_EQ(row.measured().n_images, 1);
  EXPECT_NEAR(row.measured().magnification, 1.0 + theta_e / 2.5, 1.0e-12);
  EXPECT_EQ(moments(row.counter_image()).flux, 0.0);
}

TEST(PointSource, BesideTheStampHasNothingInIt) {
  std::string text = edited(sis, "lens_x_arcsec: 0.071", "lens_x_arcsec: 20.0");
  // The lens 76 pix off, the stamp 32, the PSF 15: only 3 x 3 stamps see it.
  const OneRow row(text);

  EXPECT_EQ(row.stamp.status, Status::no_flux);
  EXPECT_NEAR(row.measured().magnification, 2.0 * theta_e / beta, 1.0e-12);
}

TEST(PointSource, BesideTheStampIsSeenByItsWings) {
  // The outer image 0.7 pix beyond the last pixel's edge.
  const std::string text = edited(sis, "lens_x_arcsec: 0.071", "lens_x_arcsec: 7.198");
  const OneRow row(text);  // margin_pix: auto
  const auto images = lens::find_point_images(lens_of(row.stamp.injection), {0.3, 0.4});

  const auto expected = gaussians(images, row.stamp.injection, row.arc().ny());

  EXPECT_TRUE(images_near(row.arc(), expected, {.relative_to_peak = psf_error}));
  EXPECT_FALSE(images_near(OneRow(text + "render: {margin_pix: 0}\n").arc(), expected,
                           {.relative_to_peak = 0.1}));
}

// ---- Apertures and the split ----

class PointsInApertures : public testing::TestWithParam<const char*> {};

TEST_P(PointsInApertures, CountWholly) {
  // The counter-image is 5.7 pix from the lens, the outer image 9.5.
  const OneRow row(edited(
      sis, "measure: {", std::string("measure: {aperture_mask: ") + GetParam() + ", "));
  const auto& m = row.measured();

  EXPECT_NEAR(m.core_flux_fraction_without_psf[0], 3.0 / 8.0, 1.0e-12);
  EXPECT_NEAR(m.core_flux_fraction_saddle_without_psf[0], 3.0 / 8.0, 1.0e-12);
  EXPECT_NEAR(m.core_flux_fraction_minimum_without_psf[0], 0.0, 1.0e-12);
  EXPECT_NEAR(m.core_flux_fraction_without_psf[1], 1.0, 1.0e-12);
  EXPECT_NEAR(m.core_flux_fraction_saddle_intrinsic[0], 3.0 / 8.0, flux_tolerance);
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}}) {
    EXPECT_NEAR(m.core_flux_fraction[at], total(m, at), 1.0e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(OfEveryKind, PointsInApertures,
                         testing::Values("pixel_overlap", "pixel_centre", "circle"));

TEST(PointSource, HasTheCoreFluxOfItsStamp) {
  const OneRow row(sis);
  const auto disc =
      measure::pixel_overlap_weights(65, {.x_pix = row.stamp.aperture_x_pix,
                                          .y_pix = row.stamp.aperture_y_pix,
                                          .radius_pix = 6.5});

  const double in_stamp =
      measure::aperture_sum(disc, row.arc().view()) / row.measured().arc_flux_nmgy[0];

  EXPECT_NEAR(row.measured().core_flux_fraction[0], in_stamp, flux_tolerance);
}

TEST(PointSource, IsInThePixelThatItLiesInBeforeThePsf) {
  const OneRow row(sis);
  const auto& intrinsic = row.stamp.images[0].arc_intrinsic;
  const PixelGrid grid{.stamp_size_pix = 65, .pixel_scale_arcsec = scale};
  const auto at = [&](double theta) {
    const auto x = std::lround(grid.pix_from_arcsec(0.071 + 0.6 * theta));
    const auto y = std::lround(grid.pix_from_arcsec(-0.113 + 0.8 * theta));
    return double{intrinsic(static_cast<int>(y), static_cast<int>(x))};
  };

  EXPECT_FLOAT_EQ(static_cast<float>(at(beta + theta_e)), 50.0F);
  EXPECT_FLOAT_EQ(static_cast<float>(at(beta - theta_e)), 30.0F);
  EXPECT_FLOAT_EQ(static_cast<float>(moments(intrinsic).flux), 80.0F);
}

// ---- The limit of small sources ----

TEST(PointSource, IsTheLimitOfASmallSersic) {
  // The second moments of a small source's images differ from those of the PSF by the
  // square of its size. Tolerances far below the differences, which fall to 4e-3.
  const std::string text =
      sis + "render: {pixel_tolerance: 1.0e-5, core_tolerance: 1.0e-4}\n";
  const OneRow point(text);
  const auto error = [&](int n) {
    const double reff_arcsec = 0.04 / n;
    const OneRow sersic(edited(
        edited(text, "{point: {}}", "sersic"), "  src_flux_nmgy_r",
        "  src_sersic_n: 0.5\n  src_q: 1.0\n  src_phi_rad: 0.0\n  src_reff_arcsec: " +
            std::to_string(reff_arcsec) + "\n  src_flux_nmgy_r"));
    return test_support::worst_pixel(sersic.arc().view(), point.arc().view())
               .difference /
           test_support::peak_of(point.arc().view());
  };

  const auto errors = test_support::convergence_errors(error, 0.0, 1);

  EXPECT_TRUE(converges(errors, {.order = 2.0, .slack = 0.15}));
  EXPECT_LT(errors.error[2], 6.0e-3);
  EXPECT_GT(errors.error[2], 1.0e-3);
}

// ---- Cut-offs ----

TEST(PointSource, IsRefusedWhereItsSizeWouldCount) {
  std::string text = edited(sis, "src_x_arcsec: 0.3", "src_x_arcsec: 0.0015");
  text = edited(text, "src_y_arcsec: 0.4", "src_y_arcsec: 0.0");
  const OneRow row(text);  // 1 + theta_E / beta = 1334

  EXPECT_EQ(row.stamp.status, Status::too_magnified);
  EXPECT_TRUE(std::isnan(row.arc()(32, 32)));
  EXPECT_TRUE(std::isnan(row.measured().magnification));

  const OneRow allowed(
      edited(text, "{point: {}}", "{point: {max_magnification: 2000}}"));
  EXPECT_EQ(allowed.stamp.status, Status::ok);
  EXPECT_NEAR(allowed.measured().magnification, 2.0 * theta_e / 0.0015, 1.0e-6);
}

TEST(PointSource, IsRefusedBehindTheCentreOfARoundLens) {
  std::string text = edited(sis, "src_x_arcsec: 0.3", "src_x_arcsec: 0.0");
  text = edited(text, "src_y_arcsec: 0.4", "src_y_arcsec: 0.0");

  EXPECT_EQ(OneRow(text).stamp.status, Status::too_magnified);
}

TEST(PointSource, LeavesOutAndCountsFaintImages) {
  const std::string shallow = edited(sis, "lens_gamma: 2.0", "lens_gamma: 1.6");
  const OneRow whole(shallow);
  const OneRow cut(edited(shallow, "{point: {}}", "{point: {min_magnification: 0.5}}"));
  ASSERT_EQ(whole.measured().n_images, 3);
  const double central = std::abs(whole.measured().image_magnification[2]);
  ASSERT_LT(central, 0.5);
  ASSERT_GT(central, 1.0e-3);

  EXPECT_EQ(whole.measured().n_images_left_out, 0);
  EXPECT_EQ(cut.measured().n_images_left_out, 1);
  EXPECT_EQ(cut.measured().n_images, 3);
  EXPECT_NEAR(whole.measured().magnification - cut.measured().magnification, central,
              1.0e-12);
  EXPECT_GT(whole.measured().core_flux_fraction_maximum_intrinsic[0], 0.0);
  EXPECT_EQ(cut.measured().core_flux_fraction_maximum_intrinsic[0], 0.0);
}

}  // namespace
}  // namespace lensmill::stages
