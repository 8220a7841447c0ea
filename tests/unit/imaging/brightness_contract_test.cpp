// What every light::Brightness must keep, whichever it is, since the integrator relies
// on it. A new kind of source is one more line in `sources`.

#include "lib/light/brightness.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "lib/imaging/arc_renderer.hpp"
#include "lib/light/clumpy_sersic.hpp"
#include "lib/light/galaxy_image.hpp"
#include "lib/light/sersic.hpp"
#include "tests/support/toy_galaxy.hpp"

namespace lensmill::light {
namespace {

struct Source {
  std::string name;
  std::shared_ptr<const Brightness> brightness;
  double extent_arcsec;  ///< beyond lies less light than `flux_tolerance`
  /// Evaluations that a lensed image at the default tolerance may take: one and a half
  /// times what it took when the bound was set, so that a change of the error
  /// estimates that costs as much is seen.
  std::int64_t most_evaluations;
};

std::shared_ptr<const Brightness> sersic(double n, double q) {
  return std::make_shared<const Sersic>(
      SersicParams{.reff_arcsec = 0.3, .sersic_n = n, .q = q, .phi_rad = 0.4});
}
std::shared_ptr<const Brightness> clumpy() {
  const std::array knots{Knot{0.2, 0.1, 0.03, 0.15}, Knot{-0.25, 0.05, 0.05, 0.1}};
  return std::make_shared<const ClumpySersic>(
      SersicParams{.reff_arcsec = 0.3, .sersic_n = 1.0, .q = 0.6, .phi_rad = 0.4},
      knots, 0.5);
}
std::shared_ptr<const Brightness> image() {
  const auto toy = test_support::ToyGalaxy{}.image();
  return std::make_shared<const GalaxyImage>(
      std::make_shared<const GalaxyTemplate>(clean_galaxy(toy.view(), {}),
                                             SplineDegree::quintic),
      0.3, 0.4);
}

class BrightnessContract : public testing::TestWithParam<Source> {
 protected:
  const Brightness& source() const { return *GetParam().brightness; }
  double at(double x, double y) const {
    double value = 0.0;
    source().evaluate({&x, 1}, {&y, 1}, {&value, 1});
    return value;
  }
};

/// Points that spiral outwards, so that none is special.
std::vector<std::array<double, 2>> spiral(double reach_arcsec, int count) {
  std::vector<std::array<double, 2>> points;
  for (int k = 0; k < count; ++k) {
    const double radius = reach_arcsec * (k + 0.5) / count;
    const double angle = 2.4 * k;  // near the golden angle
    points.push_back({radius * std::cos(angle), radius * std::sin(angle)});
  }
  return points;
}

TEST_P(BrightnessContract, ABatchIsItsPoints) {
  // 37: no multiple of a vector's length, so that the tail is met.
  const auto points = spiral(GetParam().extent_arcsec, 37);
  std::vector<double> x, y, batch(points.size());
  for (const auto& point : points) {
    x.push_back(point[0]);
    y.push_back(point[1]);
  }

  source().evaluate(x, y, batch);

  for (std::size_t k = 0; k < points.size(); ++k) {
    EXPECT_EQ(batch[k], at(x[k], y[k])) << "point " << k;
  }
}

TEST_P(BrightnessContract, HasUnitFluxWithinTheBoundOfEachRadius) {
  // Polar midpoints: no cusp but the centre's, which r dr takes away. The outermost
  // ring leaves out up to 1e-3 of a profile's wings; images' weights cut less.
  constexpr double flux_tolerance = 2.0e-3;
  constexpr int radii = 2000;
  constexpr int angles = 180;
  const double outermost = GetParam().extent_arcsec;
  double flux = 0.0;
  for (int k = 0; k < radii; ++k) {
    // Rings finer towards the centre: r = R u^2.
    const double u = (k + 0.5) / radii;
    const double radius = outermost * u * u;
    const double width = outermost * 2.0 * u / radii;
    for (int a = 0; a < angles; ++a) {
      const double phi = 2.0 * std::numbers::pi * (a + 0.5) / angles;
      flux += at(radius * std::cos(phi), radius * std::sin(phi)) * radius * width *
              2.0 * std::numbers::pi / angles;
    }
    if (k % 100 != 99) continue;
    // The disc lies within the isophote of its farthest point, in the source's metric.
    const auto metric = source().round_metric();
    double reach = 0.0;
    const double edge = outermost * std::pow((k + 1.0) / radii, 2);
    for (int a = 0; a < angles; ++a) {
      const double phi = 2.0 * std::numbers::pi * a / angles;
      reach = std::max(
          reach, std::sqrt(metric.squared(edge * std::cos(phi), edge * std::sin(phi))));
    }
    EXPECT_LE(flux, source().flux_within(reach) + flux_tolerance) << "r = " << edge;
  }
  EXPECT_NEAR(flux, 1.0, flux_tolerance);
}

TEST_P(BrightnessContract, FluxWithinGrowsFromNothingAndStaysABound) {
  double before = source().flux_within(0.0);
  EXPECT_LE(before, 1.0e-3);
  for (double radius = 1.0e-3; radius < GetParam().extent_arcsec; radius *= 1.5) {
    const double here = source().flux_within(radius);
    EXPECT_GE(here, before) << radius;
    before = here;
  }
  EXPECT_LE(source().flux_within(1.0e-4), 0.1);
}

TEST_P(BrightnessContract, NothingIsBrighterThanItsBoundBeyondADistance) {
  const auto points = spiral(GetParam().extent_arcsec, 4000);
  double before = source().brightest_beyond(0.0);
  for (const auto& [x, y] : points) {  // ever farther
    const double distance = std::hypot(x, y);
    const double bound = source().brightest_beyond(distance);
    ASSERT_GE(bound * (1.0 + 1.0e-12), at(x, y)) << x << ' ' << y;
    ASSERT_LE(bound, before * (1.0 + 1.0e-12)) << x << ' ' << y;
    before = bound;
  }
}

TEST_P(BrightnessContract, TheMetricKeepsAreas) {
  const auto metric = source().round_metric();
  EXPECT_NEAR(metric.xx * metric.yy - metric.xy * metric.xy, 1.0, 1.0e-12);
}

/// A quad beside the tangential caustic.
imaging::ArcPlanes lensed(const Brightness& source, double tolerance) {
  const lens::LensModel lens({.theta_e_arcsec = 1.2, .q = 0.7, .shear_g1 = 0.03});
  imaging::RenderConfig config;
  config.lattice.border = 4;
  config.pixel_tolerance = tolerance;
  config.core_tolerance = tolerance;
  imaging::ArcPlanes planes;
  auto workspace = imaging::ArcRenderer::make_workspace();
  const double middle = config.grid.pix_from_arcsec(0.0);
  imaging::ArcRenderer(config).render(
      {.lens = &lens, .source = &source, .src_x_arcsec = 0.05, .src_y_arcsec = 0.1},
      middle, middle, *workspace, planes);
  return planes;
}

TEST_P(BrightnessContract, IsIntegratedToTheToleranceAtABoundedCost) {
  constexpr double tolerance = 1.0e-3;
  constexpr double tight = 1.0e-5;
  const auto planes = lensed(source(), tolerance);
  const auto reference = lensed(source(), tight);

  // All kinds together: the contract is of the image.
  const auto sum_at = [](const imaging::ArcPlanes& of, std::size_t i) {
    double sum = 0.0;
    for (std::size_t k = 0; k < of.present.size(); ++k) {
      if (of.present[k]) sum += of.pixel.plane[k].pixels()[i];
    }
    return sum;
  };
  double peak = 0.0;
  double worst = 0.0;
  for (std::size_t i = 0; i < reference.pixel.plane[0].size(); ++i) {
    const double expected = sum_at(reference, i);
    peak = std::max(peak, expected);
    worst = std::max(worst, std::abs(sum_at(planes, i) - expected));
  }
  EXPECT_LE(worst, tolerance * peak);
  EXPECT_LE(planes.evaluations, GetParam().most_evaluations);
  RecordProperty("evaluations", std::to_string(planes.evaluations));
}

INSTANTIATE_TEST_SUITE_P(
    AllSources, BrightnessContract,
    testing::Values(Source{"gaussian_like", sersic(0.5, 1.0), 2.0, 21000},
                    Source{"exponential", sersic(1.0, 0.5), 6.0, 30000},
                    Source{"de_vaucouleurs", sersic(4.0, 0.8), 120.0, 71000},
                    Source{"clumpy", clumpy(), 6.0, 58000},
                    Source{"galaxy_image", image(), 3.0, 32000}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace lensmill::light
