#include "lib/imaging/host_image.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/core/random_stream.hpp"

namespace lensmill::imaging {
namespace {

// A round Gaussian galaxy of known flux and place on a noisy background.
Image<float> galaxy(int ny, int nx, double x0, double y0, double flux,
                    double background, double noise) {
  Image<float> image(ny, nx);
  RandomStream stream(1, 0, StreamTag::sky_noise);
  constexpr double sigma = 2.0;
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      const double r2 = (x - x0) * (x - x0) + (y - y0) * (y - y0);
      image(y, x) = static_cast<float>(background + noise * stream.normal() +
                                       flux / (2.0 * M_PI * sigma * sigma) *
                                           std::exp(-0.5 * r2 / sigma / sigma));
    }
  }
  return image;
}

TEST(MeasureHost, FindsFluxBackgroundScatterAndCentroid) {
  constexpr double noise = 0.01;
  // About 3700 frame pixels: the median scatters by 1.25 sigma/sqrt(n), the MAD's sigma
  // by 1.17 sigma/sqrt(n); the flux by sigma * sqrt(aperture pixels) plus the
  // background's.
  constexpr double median_error = 5.0 * 1.25 * noise / 60.0;
  constexpr double mad_error = 5.0 * 1.17 * noise / 60.0;
  constexpr double flux_error = 5.0 * noise * 18.0 + 314.0 * median_error;
  // Noise times radius over flux: 0.01 * 5 * sqrt(79) / 50, times five.
  constexpr double centroid_error = 0.05;

  const auto host = measure_host(galaxy(91, 91, 45.3, 44.8, 50.0, 0.5, noise), 10.0);

  EXPECT_TRUE(host.usable);
  EXPECT_NEAR(host.background_nmgy, 0.5, median_error);
  EXPECT_NEAR(host.background_sigma_nmgy, noise, mad_error);
  EXPECT_NEAR(host.flux_nmgy, 50.0, flux_error);
  EXPECT_NEAR(host.centroid_x_pix, 45.3, centroid_error);
  EXPECT_NEAR(host.centroid_y_pix, 44.8, centroid_error);
}

TEST(MeasureHost, FindsTheCentroidOfAWideGalaxyWhereverItLies) {
  // Broader than the window, which then moves by 2^2 / (2^2 + 5^2) of the way at a time
  // and stops when that is 1e-4 px.
  constexpr double centroid_error = 2.0e-3;
  constexpr double sigma = 5.0;
  for (const double shift : {-2.3, -0.6, 0.0, 0.25, 1.5}) {
    Image<float> image(91, 91);
    for (int y = 0; y < 91; ++y) {
      for (int x = 0; x < 91; ++x) {
        const double r2 = std::pow(x - 45.0 - shift, 2) + std::pow(y - 45.0, 2);
        image(y, x) = static_cast<float>(std::exp(-0.5 * r2 / (sigma * sigma)));
      }
    }

    const auto host = measure_host(image, 10.0);

    EXPECT_NEAR(host.centroid_x_pix, 45.0 + shift, centroid_error);
    EXPECT_NEAR(host.centroid_y_pix, 45.0, centroid_error);
  }
}

TEST(MeasureHost, FluxIsThatOfTheCircleNotOfPixelsWhoseCentresLieInIt) {
  // A plateau of 1 nmgy per pixel on a frame of 0: the flux is the circle's area.
  constexpr double rounding = 1.0e-9;  // of some hundred pixels
  Image<float> image(41, 41);
  for (int y = 6; y < 35; ++y) {
    for (int x = 6; x < 35; ++x) image(y, x) = 1.0F;
  }
  for (const double radius : {0.4, 1.0, 3.8, 5.0, 8.02}) {
    EXPECT_NEAR(measure_host(image, radius).flux_nmgy, M_PI * radius * radius, rounding)
        << radius;
  }
}

TEST(MeasureHost, AMaskedPixelTakesItsShareOfTheCircleOff) {
  constexpr double rounding = 1.0e-9;
  Image<float> image(41, 41);
  for (int y = 6; y < 35; ++y) {
    for (int x = 6; x < 35; ++x) image(y, x) = 1.0F;
  }
  Image<float> mask(41, 41, 0.0F);
  mask(20, 20) = 1.0F;

  EXPECT_NEAR(measure_host(image, 3.8, mask).flux_nmgy, M_PI * 3.8 * 3.8 - 1.0,
              rounding);
}

TEST(MeasureHost, ANonFinitePixelOutsideTheApertureChangesNothing) {
  const auto image = galaxy(31, 31, 15.2, 14.9, 5.0, 0.0, 0.0);
  auto holed = image;
  holed(4, 4) = std::numeric_limits<float>::quiet_NaN();  // between frame and window
  holed(0, 0) = std::numeric_limits<float>::infinity();   // in the frame
  const auto whole = measure_host(image, 5.0);

  const auto host = measure_host(holed, 5.0);

  EXPECT_TRUE(host.usable);
  EXPECT_EQ(host.not_finite_pixels, 2);
  // A frame of 336 equal values but one.
  EXPECT_NEAR(host.flux_nmgy, whole.flux_nmgy, 1.0e-6);
  EXPECT_EQ(host.centroid_x_pix, whole.centroid_x_pix);
  EXPECT_TRUE(std::isfinite(host.background_sigma_nmgy));
}

TEST(MeasureHost, NonFiniteRowsAllRoundTheApertureLeaveItsFlux) {
  // Overlaps far from the circle are rounding, of either sign.
  auto image = galaxy(71, 70, 34.4, 35.1, 5.0, 0.0, 0.0);
  for (int k = 0; k < 70; ++k) {
    for (const int edge : {3, 20, 50, 66}) {
      image(edge, k) = std::numeric_limits<float>::quiet_NaN();
      image(k, edge) = std::numeric_limits<float>::quiet_NaN();
    }
  }

  EXPECT_TRUE(measure_host(image, 8.0153).usable);
}

TEST(MeasureHost, ANonFinitePixelInTheApertureLeavesNoFluxButABackground) {
  auto image = galaxy(31, 31, 15, 15, 5.0, 0.0, 0.01);
  image(15, 18) = std::numeric_limits<float>::quiet_NaN();

  const auto host = measure_host(image, 5.0);

  EXPECT_FALSE(host.usable);
  EXPECT_TRUE(std::isnan(host.flux_nmgy));
  EXPECT_GT(host.background_sigma_nmgy, 0.0);
}

TEST(MeasureHost, WithoutAFinitePixelNothingIsKnown) {
  const Image<float> image(31, 31, std::numeric_limits<float>::quiet_NaN());

  const auto host = measure_host(image, 5.0);

  // Not 0, which would pass for a flux, a noise-free background and a corner.
  EXPECT_TRUE(std::isnan(host.flux_nmgy));
  EXPECT_TRUE(std::isnan(host.background_sigma_nmgy));
  EXPECT_TRUE(std::isnan(host.centroid_x_pix));
  EXPECT_TRUE(std::isnan(host.centroid_y_pix));
}

TEST(Orient, TurnsAnticlockwiseAndMirrorsFirst) {
  Image<float> image(2, 3);
  image(0, 2) = 1.0F;  // lower right

  Image<float> turned;
  orient(image, {.quarter_turns = 1}, turned);
  Image<float> mirrored;
  orient(image, {.quarter_turns = 1, .mirrored = true}, mirrored);

  ASSERT_EQ(turned.ny(), 3);
  EXPECT_EQ(turned(2, 1), 1.0F);    // upper right
  EXPECT_EQ(mirrored(0, 1), 1.0F);  // lower left, turned to lower right
}

TEST(Orient, FourQuarterTurnsAreTheIdentity) {
  const auto image = galaxy(5, 7, 1.0, 3.0, 1.0, 0.0, 0.1);
  Image<float> a = image;
  for (int turn = 0; turn < 4; ++turn) {
    Image<float> b;
    orient(a, {.quarter_turns = 1}, b);
    a = b;
  }

  EXPECT_TRUE(std::ranges::equal(a.pixels(), image.pixels()));
}

TEST(Crop, PutsTheMiddlePixelOnTheMiddlePixel) {
  Image<float> host(91, 91);
  host(45, 45) = 1.0F;
  Image<float> stamp(64, 64);

  crop(host, crop_offset(91, 91, 64), stamp);

  EXPECT_EQ(stamp(31, 31), 1.0F);
  EXPECT_THROW(crop_offset(63, 91, 64), DataError);
}

}  // namespace
}  // namespace lensmill::imaging
