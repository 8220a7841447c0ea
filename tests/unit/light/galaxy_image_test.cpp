#include "lib/light/galaxy_image.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "lib/core/errors.hpp"
#include "tests/support/toy_galaxy.hpp"

namespace lensmill::light {
namespace {

using test_support::ToyGalaxy;

constexpr double pi = std::numbers::pi;
// Of a Gaussian: half of the light lies within this many sigmas.
const double half_light_sigmas = std::sqrt(2.0 * std::log(2.0));
// Midpoints at a tenth of a galaxy's pixel on a C4 function that ends at zero, and the
// weights, which cut the toy's light at 4.5 sigma along the minor axis (1e-4).
constexpr double flux_tolerance = 2.0e-4;
// The contract of a source's size is 1 %; a noiseless toy is measured better: radii in
// bins of 0.02 pixels and sixteen points a pixel.
constexpr double size_tolerance = 2.0e-3;
constexpr double angle_tolerance_rad = 2.0e-3;

std::shared_ptr<const GalaxyTemplate> make_template(
    const ToyGalaxy& toy, SplineDegree degree = SplineDegree::quintic,
    const GalaxyCleaning& cleaning = {}) {
  const auto image = toy.image();
  return std::make_shared<const GalaxyTemplate>(clean_galaxy(image.view(), cleaning),
                                                degree);
}

double at(const GalaxyImage& galaxy, double x, double y) {
  double value = 0.0;
  galaxy.evaluate({&x, 1}, {&y, 1}, {&value, 1});
  return value;
}

/// What a source's image is, by midpoints on a fine grid.
struct Moments {
  double flux = 0.0, x = 0.0, y = 0.0, phi_rad = 0.0, reff = 0.0;
};
/// Half-light radius along isophotes of the toy's shape at `phi_rad`.
Moments measure(const GalaxyImage& galaxy, double q, double phi_rad) {
  const double step = 0.1 * galaxy.pixel_arcsec();
  const int reach = 450;
  Moments m;
  double xx = 0.0, xy = 0.0, yy = 0.0;
  std::vector<std::pair<double, double>> by_radius;
  for (int j = -reach; j <= reach; ++j) {
    for (int i = -reach; i <= reach; ++i) {
      const double x = step * i, y = step * j;
      const double flux = step * step * at(galaxy, x, y);
      if (flux == 0.0) continue;
      m.flux += flux;
      m.x += x * flux;
      m.y += y * flux;
      xx += x * x * flux;
      xy += x * y * flux;
      yy += y * y * flux;
      const double major = std::cos(phi_rad) * x + std::sin(phi_rad) * y;
      const double minor = std::cos(phi_rad) * y - std::sin(phi_rad) * x;
      by_radius.emplace_back(std::sqrt(q * major * major + minor * minor / q), flux);
    }
  }
  m.phi_rad = 0.5 * std::atan2(2.0 * xy, xx - yy);
  std::sort(by_radius.begin(), by_radius.end());
  double inside = 0.0;
  for (const auto& [radius, flux] : by_radius) {
    inside += flux;
    m.reff = radius;
    if (inside >= 0.5 * m.flux) break;
  }
  return m;
}

class OfDegree : public testing::TestWithParam<SplineDegree> {};

TEST_P(OfDegree, HasUnitFluxTheSizeAskedForAndTheAngleAskedFor) {
  const ToyGalaxy toy;
  const GalaxyImage galaxy(make_template(toy, GetParam()), 0.4, 1.2);

  const Moments m = measure(galaxy, toy.q, 1.2);

  EXPECT_NEAR(m.flux, 1.0, flux_tolerance);
  EXPECT_NEAR(m.reff, 0.4, 0.4 * size_tolerance);
  EXPECT_NEAR(m.phi_rad, 1.2, angle_tolerance_rad);
  EXPECT_NEAR(m.x, 0.0, 1.0e-3 * galaxy.pixel_arcsec());
  EXPECT_NEAR(m.y, 0.0, 1.0e-3 * galaxy.pixel_arcsec());
}

TEST_P(OfDegree, BetweenItsPixelsIsWhatTheImageWasSampledFrom) {
  const ToyGalaxy toy;
  const auto made = make_template(toy, GetParam());
  const GalaxyImage galaxy(made, 0.4, made->shape().phi_rad);  // not turned
  // A Gaussian of sigma 3.9 pixels (minor axis) is known between its samples to
  // (2 pi / 3.9)^-4, times a few hundredths, by a cubic; much better by a quintic.
  const double tolerance = GetParam() == SplineDegree::cubic ? 2.0e-4 : 2.0e-5;
  const double pixel = galaxy.pixel_arcsec();
  const double brightness_of_pixel_value = 1.0 / (made->flux() * pixel * pixel);
  const double peak = at(galaxy, 0.0, 0.0);

  for (double v = -6.0; v <= 6.0; v += 0.37) {
    for (double u = -6.0; u <= 6.0; u += 0.41) {
      EXPECT_NEAR(at(galaxy, u * pixel, v * pixel),
                  brightness_of_pixel_value * toy.at(toy.x0 + u, toy.y0 + v),
                  tolerance * peak)
          << u << " " << v;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Splines, OfDegree,
                         testing::Values(SplineDegree::cubic, SplineDegree::quintic));

TEST(GalaxyImage, RescaledKeepsItsFlux) {
  const auto made = make_template({});
  const GalaxyImage small(made, 0.2, 0.0), large(made, 0.6, 0.0);

  // Same light on nine times the area.
  EXPECT_DOUBLE_EQ(at(small, 0.1, 0.05), 9.0 * at(large, 0.3, 0.15));
}

TEST(GalaxyImage, TurnedByTheAngleThatIsRecorded) {
  const ToyGalaxy toy{.knot_flux = 0.3};
  const auto made = make_template(toy);
  const double phi = made->shape().phi_rad;
  const GalaxyImage as_it_is(made, 0.4, phi);
  const double turn = galaxy_turn_rad(phi, Mirrored::no, 2.0);
  const GalaxyImage turned(made, 0.4, 2.0);

  for (double r : {0.1, 0.3, 0.5}) {
    for (double angle = 0.0; angle < 6.0; angle += 0.7) {
      EXPECT_NEAR(at(turned, r * std::cos(angle + turn), r * std::sin(angle + turn)),
                  at(as_it_is, r * std::cos(angle), r * std::sin(angle)),
                  1.0e-12 * at(as_it_is, 0.0, 0.0));
    }
  }
}

TEST(GalaxyImage, MirroredInXThenTurned) {
  const ToyGalaxy toy{.knot_flux = 0.3};
  const auto made = make_template(toy);
  const double phi = made->shape().phi_rad;
  const GalaxyImage as_it_is(made, 0.4, phi);
  const double turn = galaxy_turn_rad(phi, Mirrored::in_x, 2.0);
  const GalaxyImage mirrored(made, 0.4, 2.0, Mirrored::in_x);

  double largest = 0.0;
  for (double y = -0.5; y <= 0.5; y += 0.13) {
    for (double x = -0.5; x <= 0.5; x += 0.11) {
      const double here = at(as_it_is, x, y);
      const double there = at(mirrored, std::cos(turn) * -x - std::sin(turn) * y,
                              std::sin(turn) * -x + std::cos(turn) * y);
      EXPECT_NEAR(there, here, 1.0e-12 * at(as_it_is, 0.0, 0.0));
      largest = std::max(largest, std::abs(here - at(as_it_is, -x, y)));
    }
  }
  EXPECT_GT(largest, 0.1 * at(as_it_is, 0.0, 0.0)) << "the toy is its own mirror image";
}

TEST(GalaxyTurn, IsWithinHalfATurn) {
  EXPECT_NEAR(galaxy_turn_rad(0.5, Mirrored::no, 1.2), 0.7, 1.0e-15);
  EXPECT_NEAR(galaxy_turn_rad(0.5, Mirrored::in_x, 1.2), 1.7, 1.0e-15);
  EXPECT_NEAR(galaxy_turn_rad(-1.5, Mirrored::no, 3.0), 4.5 - 2.0 * pi, 1.0e-15);
}

TEST(GalaxyImage, BoundsHold) {
  const ToyGalaxy toy{.knot_flux = 0.3, .noise_sigma = 1.0e-4};
  const GalaxyImage galaxy(make_template(toy), 0.4, 1.0);

  for (double r = 0.0; r < 2.5; r += 0.03) {
    const double bound = galaxy.brightest_beyond(r);
    for (double angle = 0.0; angle < 6.28; angle += 0.1) {
      EXPECT_LE(at(galaxy, r * std::cos(angle), r * std::sin(angle)), bound);
    }
  }
  EXPECT_EQ(galaxy.brightest_beyond(50.0), 0.0);
  EXPECT_LT(galaxy.cusp_radius_arcsec(), 0.0);
}

TEST(GalaxyImage, ItsStructuresErrorIsThatOfTheGaussRule) {
  const ToyGalaxy toy{.knot_flux = 0.3, .noise_sigma = 3.0e-4};
  const auto made = make_template(toy);
  const GalaxyImage galaxy(made, 0.4, made->shape().phi_rad);
  // Cells of 4 image pixels about the centre: error of the 3 x 3 rule against 80 x 80
  // midpoints.
  const double half = 2.0 * galaxy.pixel_arcsec();
  constexpr double node = 0.77459666924148337704;
  constexpr double weight[3] = {5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0};
  double squares = 0.0, stated = 0.0;
  constexpr int cells = 5;
  for (int row = -cells; row <= cells; ++row) {
    for (int column = -cells; column <= cells; ++column) {
      const double x0 = 0.4 * half * column, y0 = 0.4 * half * row;
      double exact = 0.0, rule = 0.0;
      constexpr int n = 80;
      for (int j = 0; j < n; ++j) {
        for (int i = 0; i < n; ++i) {
          exact += at(galaxy, x0 + half * ((2.0 * i + 1.0) / n - 1.0),
                      y0 + half * ((2.0 * j + 1.0) / n - 1.0)) /
                   (n * n);
        }
      }
      for (int j = 0; j < 3; ++j) {
        for (int i = 0; i < 3; ++i) {
          rule += weight[j] * weight[i] *
                  at(galaxy, x0 + half * node * (i - 1), y0 + half * node * (j - 1));
        }
      }
      squares += (rule - exact) * (rule - exact);
      stated += galaxy.structure_error(x0, y0, std::sqrt(2.0) * half);
    }
  }
  constexpr double count = (2 * cells + 1) * (2 * cells + 1);
  const double actual = std::sqrt(squares / count);
  stated /= count;

  // It is the largest of neighbouring blocks with a margin of 1.5: above, not far.
  EXPECT_GT(stated, actual);
  EXPECT_LT(stated, 6.0 * actual);
  EXPECT_EQ(galaxy.structure_error(9.0, 9.0, 0.1), 0.0);
}

TEST(GalaxyImage, RefusesASizeThatIsNone) {
  const auto made = make_template({});
  for (const double reff : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(GalaxyImage(made, reff, 0.0), DataError) << reff;
  }
}

}  // namespace
}  // namespace lensmill::light
