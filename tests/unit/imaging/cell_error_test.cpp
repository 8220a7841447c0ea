#include "lib/imaging/cell_error.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "lib/imaging/arc_renderer.hpp"
#include "lib/light/clumpy_sersic.hpp"
#include "lib/light/sersic.hpp"

/// \file
/// What a cell may miss, and what the renderer says of itself: faint counter-images
/// next to the cut of an isothermal lens, whose cells see the source plane as thin
/// strips; tolerances down to 1e-6.

namespace lensmill::imaging {
namespace {

struct Scene {
  lens::LensParams lens;
  light::SersicParams source;
  std::vector<light::Knot> knots{};
  double lens_x_arcsec = 0.0, lens_y_arcsec = 0.0;
  double src_x_arcsec = 0.0, src_y_arcsec = 0.0;
};

ArcPlanes render(const Scene& scene, double tolerance) {
  RenderConfig config;
  config.lattice.border = 4;
  config.pixel_tolerance = config.core_tolerance = tolerance;
  const lens::LensModel lens(scene.lens);
  const light::ClumpySersic source(scene.source, scene.knots, 1.0);
  const ArcRenderer renderer(config);
  auto workspace = ArcRenderer::make_workspace();
  ArcPlanes planes;
  renderer.render({.lens = &lens,
                   .source = &source,
                   .lens_x_arcsec = scene.lens_x_arcsec,
                   .lens_y_arcsec = scene.lens_y_arcsec,
                   .src_x_arcsec = scene.src_x_arcsec,
                   .src_y_arcsec = scene.src_y_arcsec},
                  config.grid.pix_from_arcsec(scene.lens_x_arcsec),
                  config.grid.pix_from_arcsec(scene.lens_y_arcsec), *workspace, planes);
  return planes;
}

struct Errors {
  double pixel = 0.0;  ///< worst, of the peak
  double core = 0.0;   ///< r < 5 pixels, of the larger of it and 1 % of the arc
};
Errors errors_of(const Scene& scene, const ArcPlanes& planes, const ArcPlanes& truth) {
  const PixelGrid grid;
  const double x0 = grid.pix_from_arcsec(scene.lens_x_arcsec);
  const double y0 = grid.pix_from_arcsec(scene.lens_y_arcsec);
  double peak = 0.0, arc = 0.0, core = 0.0, core_difference = 0.0, worst = 0.0;
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) {
      double expected = 0.0, difference = 0.0;
      for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
        expected += truth.pixel.plane[kind](y, x);
        difference += planes.pixel.plane[kind](y, x) - truth.pixel.plane[kind](y, x);
      }
      peak = std::max(peak, expected);
      worst = std::max(worst, std::abs(difference));
      arc += expected;
      if (std::hypot(x - x0, y - y0) >= 5.0) continue;
      core += expected;
      core_difference += difference;
    }
  }
  return {.pixel = worst / peak,
          .core = std::abs(core_difference) / std::max(core, 0.01 * arc)};
}

constexpr double contract = 1.0e-3;
// References err themselves: by a hundredth of the tolerance they are held to.
constexpr double tighter = 1.0e-2;

double between(std::mt19937_64& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random() >> 11) * 0x1p-53;
}

// The source's brightest part of an area, whatever the shape of the cell's image: a
// square across the profile's centre and a strip across it hold less.
TEST(CellError, TheBoundOnBrightnessHoldsForStrips) {
  const light::Sersic source({.reff_arcsec = 0.03, .sersic_n = 1.0, .q = 0.6});
  constexpr double length = 0.6;
  for (const double width : {1.0e-4, 1.0e-2, 0.1, 0.6}) {
    // Midpoints; the strip runs along the minor axis through the centre.
    constexpr int n = 400;
    double mean = 0.0;
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < n; ++i) {
        mean +=
            source.at(width * ((i + 0.5) / n - 0.5), length * ((j + 0.5) / n - 0.5));
      }
    }
    mean /= n * n;

    const double bound = brightness_bound(
        length * width, [&](double radius) { return source.flux_within(radius); });

    EXPECT_GE(bound, mean) << width;
    EXPECT_LE(bound, source.central_brightness() * (1.0 + 1.0e-9)) << width;
  }
}

// An independent adaptive integration (polar about the lens, in the source plane for
// the counter-image) and one at a thousandth of the tolerance agree on this core:
// 0.001242 of the arc. It lost 12 % of it.
TEST(CellError, ACounterImageNextToTheCutOfAnIsothermalLensIsFound) {
  const Scene scene{.lens = {.theta_e_arcsec = 2.0, .q = 0.5},
                    .source = {.reff_arcsec = 0.03, .sersic_n = 1.0},
                    .src_x_arcsec = 1.696,
                    .src_y_arcsec = 0.022};
  const auto planes = render(scene, 1.0e-3);
  double arc = 0.0, core = 0.0;
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) {
      double flux = 0.0;
      for (const auto& plane : planes.pixel.plane) flux += plane(y, x);
      arc += flux;
      if (std::hypot(x - 31.5, y - 31.5) < 5.0) core += flux;
    }
  }

  EXPECT_NEAR(core / arc, 0.001242, 1.0e-5);  // the contract, of the arc
}

// The image of a steep source's cusp runs along a column of pixels: all of the many
// cells that it crosses see it alike, and their errors add up plainly. A pixel was off
// by 1.02e-3 of the peak.
TEST(CellError, ACuspAlongAColumnOfPixelsKeepsTheContract) {
  const Scene scene{.lens = {.theta_e_arcsec = 0.433286208,
                             .q = 0.390367414,
                             .phi_rad = 1.72701443,
                             .gamma = 1.80457058,
                             .shear_g1 = -0.00899770264,
                             .shear_g2 = 0.0450451875},
                    .source = {.reff_arcsec = 0.174667291,
                               .sersic_n = 3.42420157,
                               .q = 0.631207719,
                               .phi_rad = 1.60358816},
                    .lens_x_arcsec = -0.2266283,
                    .lens_y_arcsec = 0.269769844,
                    .src_x_arcsec = 0.0491022067,
                    .src_y_arcsec = 0.166553512};
  constexpr double expected = 5.0e-4;  // of the peak; half the contract
  const auto errors =
      errors_of(scene, render(scene, contract), render(scene, tighter * contract));

  EXPECT_LE(errors.pixel, expected);
}

// All of a small source's light lies next to the core's edge, in pixels that the core
// has a part of and whose centres it has not.
TEST(CellError, PixelsOnTheCoresEdgeCountForItsError) {
  const Scene scene{.lens = {.theta_e_arcsec = 0.679026278,
                             .q = 0.968559828,
                             .phi_rad = 2.80025242,
                             .gamma = 1.57693236,
                             .shear_g1 = -0.0473583627,
                             .shear_g2 = 0.0585134248},
                    .source = {.reff_arcsec = 0.0311165674,
                               .sersic_n = 0.592080652,
                               .q = 0.654878762,
                               .phi_rad = 1.33810693},
                    .lens_x_arcsec = -0.146345667,
                    .lens_y_arcsec = -0.16431754,
                    .src_x_arcsec = 0.0233446851,
                    .src_y_arcsec = 0.558301962};
  // The brightest such pixel has 9.5e-4 of the arc and was off by 1.5e-5 of it.
  constexpr int x = 32, y = 36;
  constexpr double least_core = 1.0e-2;  // of the arc, as the contract has it
  const auto planes = render(scene, contract);
  const auto truth = render(scene, tighter * contract);
  double arc = 0.0, error = 0.0;
  for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
    for (const double flux : truth.pixel.plane[kind].pixels()) arc += flux;
    error += planes.pixel.plane[kind](y, x) - truth.pixel.plane[kind](y, x);
  }

  EXPECT_LE(std::abs(error), planes.core_error * least_core * arc);
  EXPECT_LE(std::abs(error), 0.5 * contract * least_core * arc);
}

/// Sources next to the cut: at 0.7-0.95 theta_E, q = 0.5, R_eff = 0.03".
std::vector<Scene> faint_counter_images(int count) {
  std::mt19937_64 random(20261);
  std::vector<Scene> scenes;
  for (int k = 0; k < count; ++k) {
    Scene scene{.lens = {.theta_e_arcsec = between(random, 1.0, 2.5),
                         .q = 0.5,
                         .phi_rad = between(random, 0.0, std::numbers::pi)},
                .source = {.reff_arcsec = 0.03, .sersic_n = 1.0}};
    const double beta = between(random, 0.7, 0.95) * scene.lens.theta_e_arcsec;
    const double angle = between(random, 0.0, 2.0 * std::numbers::pi);
    scene.src_x_arcsec = beta * std::cos(angle);
    scene.src_y_arcsec = beta * std::sin(angle);
    scenes.push_back(scene);
  }
  return scenes;
}

std::vector<Scene> wide_scenes(int count) {
  std::mt19937_64 random(20262);
  std::vector<Scene> scenes;
  for (int k = 0; k < count; ++k) {
    Scene scene{
        .lens = {.theta_e_arcsec = between(random, 0.3, 3.0),
                 .q = between(random, 0.3, 1.0),
                 .phi_rad = between(random, 0.0, std::numbers::pi),
                 .gamma = between(random, 1.5, 2.5),
                 .shear_g1 = between(random, -0.1, 0.1),
                 .shear_g2 = between(random, -0.1, 0.1)},
        .source = {.reff_arcsec = std::exp(between(random, std::log(0.03), 0.0)),
                   .sersic_n = between(random, 0.5, 6.0),
                   .q = between(random, 0.3, 1.0),
                   .phi_rad = between(random, 0.0, std::numbers::pi)},
        .lens_x_arcsec = between(random, -0.5, 0.5),
        .lens_y_arcsec = between(random, -0.5, 0.5)};
    const double beta = between(random, 0.0, 1.2) * scene.lens.theta_e_arcsec;
    const double angle = between(random, 0.0, 2.0 * std::numbers::pi);
    scene.src_x_arcsec = beta * std::cos(angle);
    scene.src_y_arcsec = beta * std::sin(angle);
    scenes.push_back(scene);
  }
  return scenes;
}

TEST(CellError, FaintCounterImagesKeepTheContract) {
  for (const Scene& scene : faint_counter_images(300)) {
    const auto planes = render(scene, contract);
    const auto errors = errors_of(scene, planes, render(scene, tighter * contract));

    EXPECT_LE(errors.pixel, contract) << scene.src_x_arcsec;
    EXPECT_LE(errors.core, contract) << scene.src_x_arcsec;
  }
}

// Knots next to the cut, of bodies that are large: the same, of each knot's own bound.
TEST(CellError, FaintKnotsKeepTheContract) {
  int misses = 0;
  constexpr int rows = 100;
  auto scenes = faint_counter_images(rows);
  for (Scene& scene : scenes) {
    scene.source.reff_arcsec = 0.3;
    scene.knots = {{.x_arcsec = 0.01, .reff_arcsec = 0.02, .flux_fraction = 0.9}};
    const auto errors =
        errors_of(scene, render(scene, contract), render(scene, tighter * contract));
    misses += errors.pixel > contract || errors.core > contract ? 1 : 0;
  }

  EXPECT_EQ(misses, 0);
}

/// Estimates are bounds that 98 % of rows respect, at any tolerance; and rows that keep
/// a tight one are not all taken for lost.
class Estimates : public testing::TestWithParam<double> {};

TEST_P(Estimates, AreBoundsOfTheErrors) {
  constexpr int rows = 200;
  constexpr double exceeded_share = 0.02;
  constexpr double lost_share = 0.08;
  const double tolerance = GetParam();
  auto scenes = wide_scenes(rows / 2);
  const auto faint = faint_counter_images(rows / 2);
  scenes.insert(scenes.end(), faint.begin(), faint.end());
  int pixel_exceeded = 0, core_exceeded = 0, missed = 0, lost = 0;
  for (const Scene& scene : scenes) {
    const auto planes = render(scene, tolerance);
    const auto errors = errors_of(scene, planes, render(scene, tighter * tolerance));
    pixel_exceeded += errors.pixel > planes.pixel_error ? 1 : 0;
    core_exceeded += errors.core > planes.core_error ? 1 : 0;
    lost += planes.pixel_error > tolerance || planes.core_error > tolerance ? 1 : 0;
    missed += errors.pixel > tolerance || errors.core > tolerance ? 1 : 0;
  }

  EXPECT_LE(pixel_exceeded, exceeded_share * rows);
  EXPECT_LE(core_exceeded, exceeded_share * rows);
  EXPECT_LE(missed, exceeded_share * rows);
  EXPECT_LE(lost, tolerance < 1.0e-5 ? lost_share * rows : 0.0);
}
INSTANTIATE_TEST_SUITE_P(DownTo1em6, Estimates,
                         testing::Values(1.0e-3, 1.0e-4, 1.0e-5, 1.0e-6));

}  // namespace
}  // namespace lensmill::imaging
