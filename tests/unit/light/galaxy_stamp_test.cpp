#include "lib/light/galaxy_stamp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "tests/support/toy_galaxy.hpp"

namespace lensmill::light {
namespace {

using test_support::ToyGalaxy;
using testing::HasSubstr;

// Peak of the toy: 6.4e-3; this noise is what a bright galaxy of COSMOS has.
constexpr double noise = 1.0e-4;

CleanGalaxy cleaned(const ToyGalaxy& toy, const GalaxyCleaning& cleaning = {}) {
  return clean_galaxy(toy.image().view(), cleaning);
}

/// The light at a pixel of the whole image.
double at(const CleanGalaxy& galaxy, int x, int y) {
  const int column = x - galaxy.first_x_pix, row = y - galaxy.first_y_pix;
  if (row < 0 || column < 0 || row >= galaxy.light.ny() || column >= galaxy.light.nx())
    return 0.0;
  return galaxy.light(row, column);
}

TEST(CleanGalaxy, KeepsTheGalaxyAndItsFlux) {
  const ToyGalaxy toy{.noise_sigma = noise};

  const auto galaxy = cleaned(toy);

  ASSERT_TRUE(galaxy.usable()) << galaxy.problem;
  // What lies below the threshold at the rim is lost: 1 % at most.
  EXPECT_NEAR(galaxy.flux, 1.0, 1.0e-2);
  EXPECT_NEAR(galaxy.noise_sigma, noise, 0.1 * noise);
  double sum = 0.0;
  for (const double value : galaxy.light.pixels()) sum += value;
  EXPECT_NEAR(galaxy.flux, sum, 1.0e-12);
  const auto image = toy.image();
  for (int y = 34; y < 44; ++y) {
    for (int x = 36; x < 46; ++x) EXPECT_EQ(at(galaxy, x, y), double{image(y, x)});
  }
}

TEST(CleanGalaxy, TakesANeighbourAway) {
  const ToyGalaxy toy{.neighbour_flux = 0.5, .noise_sigma = noise};

  const auto galaxy = cleaned(toy);

  ASSERT_TRUE(galaxy.usable()) << galaxy.problem;
  EXPECT_NEAR(galaxy.flux, 1.0, 1.0e-2);
  for (int y = 62; y < 70; ++y) {
    for (int x = 8; x < 16; ++x) EXPECT_EQ(at(galaxy, x, y), 0.0) << x << " " << y;
  }
  EXPECT_LT(galaxy.flux_kept_share, 0.75);
}

// Weights end the light: from the last pixels with any to none there is no step, also
// where the image ends on the galaxy.
TEST(CleanGalaxy, EndsWithoutAnEdge) {
  for (const ToyGalaxy& toy :
       {ToyGalaxy{.noise_sigma = noise},
        ToyGalaxy{.size_pix = 41, .x0 = 22.0, .y0 = 20.0, .sigma_pix = 12.0}}) {
    const auto galaxy = cleaned(toy);
    ASSERT_TRUE(galaxy.usable()) << galaxy.problem;
    const double peak = *std::ranges::max_element(galaxy.light.pixels());

    // The falling cosine over 6 pixels ends with 7 % of what is there; there is noise
    // of 1.6 % of the peak, or the galaxy itself at the border with 50 %.
    double rim = 0.0;
    for (int y = -1; y <= toy.size_pix; ++y) {
      for (int x = -1; x <= toy.size_pix; ++x) {
        const bool last = at(galaxy, x, y) != 0.0 &&
                          (at(galaxy, x + 1, y) == 0.0 || at(galaxy, x - 1, y) == 0.0 ||
                           at(galaxy, x, y + 1) == 0.0 || at(galaxy, x, y - 1) == 0.0);
        if (last) rim = std::max(rim, std::abs(at(galaxy, x, y)));
      }
    }
    EXPECT_GT(rim, 0.0);
    EXPECT_LT(rim, 0.04 * peak);
  }
}

TEST(CleanGalaxy, TakesTheBordersMedianOffWhereToldTo) {
  const ToyGalaxy toy{.sky = 0.02, .noise_sigma = noise};

  const auto galaxy = cleaned(toy, {.background = GalaxyBackground::border});

  ASSERT_TRUE(galaxy.usable()) << galaxy.problem;
  // A median of some 1800 pixels; the galaxy has about as many.
  constexpr double median_error = 3.0 * 1.25 * noise / 42.0;
  EXPECT_NEAR(galaxy.background, 0.02, median_error);
  EXPECT_NEAR(galaxy.flux, 1.0, 2000.0 * median_error + 1.0e-2);
}

TEST(CleanGalaxy, SmoothsWhereToldTo) {
  const ToyGalaxy toy{.sigma_pix = 4.0, .q = 1.0};
  constexpr double fwhm = 6.0;
  const double sigma = fwhm / std::sqrt(8.0 * std::log(2.0));

  const auto galaxy = cleaned(toy, {.smoothing_fwhm_pix = fwhm});

  ASSERT_TRUE(galaxy.usable()) << galaxy.problem;
  const double expected =
      ToyGalaxy::round(41 - toy.x0, 39 - toy.y0, std::hypot(toy.sigma_pix, sigma));
  // The smoothing kernel ends at 4 sigma.
  EXPECT_NEAR(at(galaxy, 41, 39), expected, 1.0e-3 * expected);
}

TEST(CleanGalaxy, SaysWhatIsWrongWithAnImage) {
  const auto problem_of = [](const Image<float>& image) {
    return std::string(clean_galaxy(image.view(), {}).problem);
  };
  auto image = ToyGalaxy{}.image();
  image(5, 70) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(problem_of(image), HasSubstr("not finite"));
  EXPECT_THAT(problem_of(Image<float>(60, 60)), HasSubstr("nothing above the noise"));
  EXPECT_THAT(problem_of(ToyGalaxy{.size_pix = 11}.image()), HasSubstr("12 pixels"));
  auto dark = ToyGalaxy{}.image();
  for (float& value : dark.pixels()) value = -value;
  EXPECT_THAT(problem_of(dark), HasSubstr("nothing above the noise"));
}

TEST(MeasureGalaxy, FindsTheEllipseOfAGaussian) {
  const ToyGalaxy toy;
  const auto galaxy = cleaned(toy);

  const auto shape = measure_galaxy(galaxy.light.view());

  const double half_light = toy.sigma_pix * std::sqrt(2.0 * std::log(2.0));
  // Weights take 1e-4 of the outermost light away, which counts more in moments.
  EXPECT_NEAR(shape.centroid_x_pix + galaxy.first_x_pix, toy.x0, 1.0e-3);
  EXPECT_NEAR(shape.centroid_y_pix + galaxy.first_y_pix, toy.y0, 1.0e-3);
  EXPECT_NEAR(shape.q, toy.q, 5.0e-3);
  EXPECT_NEAR(shape.phi_rad, toy.phi_rad, 2.0e-3);
  EXPECT_NEAR(shape.reff_pix, half_light, 2.0e-3 * half_light);
}

}  // namespace
}  // namespace lensmill::light
