#include "lib/imaging/arc_renderer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/light/sersic.hpp"

namespace lensmill::imaging {
namespace {

// Share of the integrator's tolerance that fluxes of whole images may be off.
constexpr double flux_tolerance = 5.0e-4;
// ExtendedFlux integrates to this share of the total.
constexpr double extended_tolerance = 1.0e-4;

struct Scene {
  lens::LensParams lens;
  light::SersicParams source;
  double src_x_arcsec = 0.0;
  double src_y_arcsec = 0.0;
  double lens_x_arcsec = 0.0;
  double lens_y_arcsec = 0.0;
};

ArcPlanes render(const Scene& scene, RenderConfig config = {}) {
  if (config.deposit == Deposit::spline) config.lattice.border = 4;
  const lens::LensModel lens(scene.lens);
  const light::Sersic source(scene.source);
  const ArcRenderer renderer(config);
  ArcPlanes planes;
  auto workspace = ArcRenderer::make_workspace();
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

double flux_of(const Image<double>& plane) {
  double flux = 0.0;
  for (const double value : plane.pixels()) flux += value;
  return flux;
}

TEST(ArcRenderer, UnlensedSourceKeepsItsFlux) {
  const auto planes = render({.lens = {.theta_e_arcsec = 0.0},
                              .source = {.reff_arcsec = 0.4, .sersic_n = 1.0}});

  EXPECT_NEAR(planes.total_flux, 1.0, extended_tolerance);
  EXPECT_TRUE(planes.present[0]);
  EXPECT_FALSE(planes.present[1]);
  EXPECT_FALSE(planes.present[2]);
}

// SIS, exponential disc of scale h on the axis: with mu = 2 theta_E / beta inside
// theta_E and 1 + theta_E / beta outside, integration over the disc gives 2 x +
// exp(-x), x = theta_E / h.
TEST(ArcRenderer, ExponentialDiscBehindAnSisHasTheClosedFormMagnification) {
  for (const double reff : {0.1, 0.3, 1.0}) {
    const double x = 1.2 * light::sersic_b(1.0) / reff;

    const auto planes = render({.lens = {.theta_e_arcsec = 1.2},
                                .source = {.reff_arcsec = reff, .sersic_n = 1.0}});

    EXPECT_NEAR(planes.total_flux, 2.0 * x + std::exp(-x),
                flux_tolerance * planes.total_flux);
  }
}

// A source much smaller than its distance from the axis: mu = 1 +- theta_E / beta, to
// second order in size over distance (1 / beta averaged over the source).
TEST(ArcRenderer, SmallSourceBehindAnSisHasTheTwoSisImages) {
  constexpr double beta = 0.5;
  constexpr double reff = 0.02;
  constexpr double second_order = 2.0 * (reff / beta) * (reff / beta);

  const auto planes = render({.lens = {.theta_e_arcsec = 1.0},
                              .source = {.reff_arcsec = reff, .sersic_n = 1.0},
                              .src_x_arcsec = beta * std::cos(0.7),
                              .src_y_arcsec = beta * std::sin(0.7)});

  EXPECT_NEAR(flux_of(planes.pixel[lens::ImageKind::minimum]), 3.0,
              3.0 * (flux_tolerance + second_order));
  EXPECT_NEAR(flux_of(planes.pixel[lens::ImageKind::saddle]), 1.0,
              flux_tolerance + 3.0 * second_order);
}

TEST(ArcRenderer, LatticeAndPixelPlanesHoldTheSameFluxByKind) {
  const auto planes = render(
      {.lens = {.theta_e_arcsec = 1.3, .q = 0.7, .phi_rad = 0.4, .shear_g1 = 0.03},
       .source = {.reff_arcsec = 0.3, .sersic_n = 1.0, .q = 0.6},
       .src_x_arcsec = 0.3,
       .src_y_arcsec = 0.2});

  for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
    // The smooth pixels' Laplacian terms telescope except at the borders between smooth
    // and integrated pixels, where both planes hold the same light to fourth order.
    EXPECT_NEAR(flux_of(planes.lattice.plane[kind]), flux_of(planes.pixel.plane[kind]),
                1.0e-6 * planes.total_flux);
  }
}

// Saddle flux of a round source behind an SIS by an independent route, in the source
// plane: the mean of (theta_E / beta - 1) over the source inside the cut, by midpoints.
double sis_saddle_flux(const light::Sersic& source, double theta_e, double src_x,
                       double src_y) {
  constexpr int radii = 2000;
  constexpr int angles = 4000;
  double flux = 0.0;
  for (int j = 0; j < radii; ++j) {
    const double beta = theta_e * (j + 0.5) / radii;
    for (int i = 0; i < angles; ++i) {
      const double angle = 2.0 * M_PI * i / angles;
      flux += (theta_e - beta) *
              source.at(beta * std::cos(angle) - src_x, beta * std::sin(angle) - src_y);
    }
  }
  return flux * (theta_e / radii) * (2.0 * M_PI / angles);
}

// A counter-image of 5 % of the source's flux, 0.05 of a pixel wide, next to the
// centre.
TEST(ArcRenderer, FindsACounterImageSmallerThanAPixel) {
  constexpr double theta_e = 1.6;
  constexpr double beta = 0.95 * theta_e;

  const auto planes = render({.lens = {.theta_e_arcsec = theta_e},
                              .source = {.reff_arcsec = 0.05, .sersic_n = 1.0},
                              .src_x_arcsec = 0.6 * beta,
                              .src_y_arcsec = 0.8 * beta});

  // The contract's core tolerance, of the arc's flux, and the midpoints' 1e-4.
  const light::Sersic source({.reff_arcsec = 0.05, .sersic_n = 1.0});
  const double expected = sis_saddle_flux(source, theta_e, 0.6 * beta, 0.8 * beta);
  EXPECT_NEAR(flux_of(planes.pixel[lens::ImageKind::saddle]), expected,
              2.0e-3 * expected);
}

struct SteepScene {
  const char* what;
  Scene scene;
};
std::ostream& operator<<(std::ostream& out, const SteepScene& scene) {
  return out << scene.what;
}
// clang-format off
const std::vector<SteepScene> steep_scenes{
    {"flattened, n = 7.8",
     {.lens = {.theta_e_arcsec = 2.3755, .q = 0.7599, .phi_rad = 1.0628,
               .gamma = 1.6709, .shear_g1 = -0.0242, .shear_g2 = -0.0542},
      .source = {.reff_arcsec = 0.3375, .sersic_n = 7.756, .q = 0.223,
                 .phi_rad = 1.3474},
      .src_x_arcsec = 0.935, .src_y_arcsec = -0.1943,
      .lens_x_arcsec = 0.1529, .lens_y_arcsec = 0.2033}},
    {"flattened, n = 2.1",
     {.lens = {.theta_e_arcsec = 2.1488, .q = 0.5659, .phi_rad = 1.3161,
               .gamma = 2.4926, .shear_g1 = -0.0536, .shear_g2 = 0.0197},
      .source = {.reff_arcsec = 0.0979, .sersic_n = 2.065, .q = 0.2119,
                 .phi_rad = 1.8813},
      .src_x_arcsec = -0.7235, .src_y_arcsec = -0.5115,
      .lens_x_arcsec = -0.387, .lens_y_arcsec = -0.0869}},
    {"a sample on the cusp, n = 6.6",
     {.lens = {.theta_e_arcsec = 2.049, .q = 0.6299, .phi_rad = 1.3566,
               .gamma = 2.3051, .shear_g1 = -0.0177, .shear_g2 = 0.0728},
      .source = {.reff_arcsec = 0.0312, .sersic_n = 6.593, .q = 0.916,
                 .phi_rad = 1.4222},
      .src_x_arcsec = -0.6201, .src_y_arcsec = -0.2005,
      .lens_x_arcsec = -0.0477, .lens_y_arcsec = 0.2421}},
    {"a cusp along many cells, n = 3.1",
     {.lens = {.theta_e_arcsec = 1.2032, .q = 0.7572, .phi_rad = 1.7364,
               .gamma = 2.3644, .shear_g1 = -0.0117, .shear_g2 = 0.0467},
      .source = {.reff_arcsec = 0.6573, .sersic_n = 3.146, .q = 0.2405,
                 .phi_rad = 2.345},
      .src_x_arcsec = 0.106, .src_y_arcsec = -0.3437,
      .lens_x_arcsec = -0.1414, .lens_y_arcsec = -0.3522}},
    {"a ring thinner than a pixel",
     {.lens = {.theta_e_arcsec = 1.25},
      .source = {.reff_arcsec = 0.005, .sersic_n = 1.0}}}};
// clang-format on

class SteepSources : public testing::TestWithParam<SteepScene> {};

// What a too hopeful error model misses: distances to the cusp of a flattened source
// count across it, and a sample that happens to hit a cusp is no measure of the image's
// peak, which tolerances go by; and the errors of many small cells add up.
TEST_P(SteepSources, MeetTheContractAndSayItOfThemselves) {
  RenderConfig config;
  config.pixel_tolerance = config.core_tolerance = 1.0e-5;
  const auto reference = render(GetParam().scene, config);

  const auto planes = render(GetParam().scene);

  double peak = 0.0;
  double worst = 0.0;
  for (std::size_t p = 0; p < 64 * 64; ++p) {
    double expected = 0.0;
    double difference = 0.0;
    for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
      expected += reference.pixel.plane[kind].pixels()[p];
      difference += planes.pixel.plane[kind].pixels()[p] -
                    reference.pixel.plane[kind].pixels()[p];
    }
    peak = std::max(peak, expected);
    worst = std::max(worst, std::abs(difference));
  }
  constexpr double contract = 1.0e-3;
  EXPECT_LT(worst, contract * peak);
  EXPECT_LT(worst, 2.0 * planes.pixel_error * peak);  // of the error's size or above
  EXPECT_LT(planes.pixel_error, contract);
}
INSTANTIATE_TEST_SUITE_P(FlatSharpAndThin, SteepSources,
                         testing::ValuesIn(steep_scenes));

// Light of each kind inside 5 pixels: cells that the critical curve cuts beyond their
// outermost samples are cut cells too.
TEST(ArcRenderer, SplitsTheCoreByKindWhereverTheCriticalCurveRuns) {
  // Of the arc's flux; measured 2e-4, and 9e-4 where only samples are asked.
  constexpr double tolerance = 5.0e-4;
  RenderConfig tight;
  tight.pixel_tolerance = tight.core_tolerance = 1.0e-5;
  for (double theta_e = 0.6; theta_e < 1.5; theta_e += 0.02) {
    const Scene scene{.lens = {.theta_e_arcsec = theta_e, .q = 0.85, .phi_rad = 0.3},
                      .source = {.reff_arcsec = 0.3, .sersic_n = 1.0, .q = 0.7},
                      .src_x_arcsec = 0.4 * theta_e,
                      .src_y_arcsec = 0.2 * theta_e};
    const auto reference = render(scene, tight);
    const auto planes = render(scene);
    for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
      double difference = 0.0;
      for (int y = 0; y < 64; ++y) {
        for (int x = 0; x < 64; ++x) {
          if (std::hypot(x - 31.5, y - 31.5) >= 5.0) continue;
          difference +=
              planes.pixel.plane[kind](y, x) - reference.pixel.plane[kind](y, x);
        }
      }
      EXPECT_LT(std::abs(difference), tolerance * planes.total_flux)
          << "theta_E " << theta_e << ", kind " << kind + 1;
    }
  }
}

TEST(ArcRenderer, SplitsSmoothPixelsThatACriticalCurveCuts) {
  // Light as smooth as this, its centre far from every ray, asks for no integration but
  // at the critical curve, which runs outside the core. A kind's own share of a pixel,
  // of the peak: 32 x 32 samples miss the curve by 1/64 of a pixel; whole pixels of one
  // kind would miss by up to 1/2.
  constexpr double tolerance = 0.03;
  const Scene scene{.lens = {.theta_e_arcsec = 2.4, .q = 0.9, .phi_rad = 0.3},
                    .source = {.reff_arcsec = 20.0, .sersic_n = 1.0},
                    .src_x_arcsec = 20.0};
  RenderConfig samples;
  samples.supersample = 32;
  const auto reference = render(scene, samples);
  const auto planes = render(scene);
  double peak = 0.0;
  double worst = 0.0;
  for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
    for (std::size_t p = 0; p < 64 * 64; ++p) {
      const double expected = reference.pixel.plane[kind].pixels()[p];
      peak = std::max(peak, expected);
      worst =
          std::max(worst, std::abs(planes.pixel.plane[kind].pixels()[p] - expected));
    }
  }

  EXPECT_LT(worst, tolerance * peak);
}

TEST(ArcRenderer, TighterTolerancesConverge) {
  const Scene scene{.lens = {.theta_e_arcsec = 1.1, .q = 0.65, .phi_rad = 1.0},
                    .source = {.reff_arcsec = 0.25, .sersic_n = 2.5, .q = 0.7},
                    .src_x_arcsec = 0.2,
                    .src_y_arcsec = -0.1};
  RenderConfig config;
  config.pixel_tolerance = config.core_tolerance = 1.0e-6;
  const auto reference = render(scene, config);
  double peak = 0.0;
  for (const double v : reference.pixel[lens::ImageKind::minimum].pixels()) {
    peak = std::max(peak, v);
  }

  for (const double tolerance : {1.0e-2, 1.0e-3, 1.0e-4}) {
    config.pixel_tolerance = config.core_tolerance = tolerance;
    const auto planes = render(scene, config);
    double worst = 0.0;
    for (std::size_t p = 0; p < 64 * 64; ++p) {
      double difference = 0.0;
      for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
        difference += planes.pixel.plane[kind].pixels()[p] -
                      reference.pixel.plane[kind].pixels()[p];
      }
      worst = std::max(worst, std::abs(difference));
    }
    EXPECT_LT(worst, tolerance * peak) << "at tolerance " << tolerance;
    EXPECT_LT(planes.evaluations, reference.evaluations);
  }
}

TEST(ArcRenderer, MarginCarriesLightBeyondTheStamp) {
  const Scene scene{.lens = {.theta_e_arcsec = 2.0},
                    .source = {.reff_arcsec = 1.0, .sersic_n = 4.0},
                    .src_x_arcsec = 1.0};
  RenderConfig config;
  const auto without = render(scene, config);
  config.lattice.margin_pix = 10;
  const auto with = render(scene, config);

  ASSERT_EQ(with.pixel.plane[0].ny(), 84);
  EXPECT_GT(flux_of(with.pixel.plane[0]), flux_of(without.pixel.plane[0]));
  EXPECT_NEAR(with.pixel.plane[0](10 + 5, 10 + 9), without.pixel.plane[0](5, 9),
              1.0e-3 * without.pixel.plane[0](5, 9));
  EXPECT_NEAR(with.total_flux, without.total_flux,
              extended_tolerance * with.total_flux);
}

// The same 3 x 3 stamps as one stamp, where every pixel is integrated.
TEST(ArcRenderer, ExtendedFluxHoldsSharpImagesOutsideTheStamp) {
  const Scene scene{.lens = {.theta_e_arcsec = 10.0, .q = 0.8, .phi_rad = 0.4},
                    .source = {.reff_arcsec = 0.03, .sersic_n = 5.0, .q = 0.6},
                    .src_x_arcsec = 3.0,
                    .src_y_arcsec = 2.0};
  RenderConfig whole;
  whole.grid.stamp_size_pix = whole.lattice.stamp_size_pix = 192;
  whole.core_tolerance = whole.pixel_tolerance = 1.0e-4;
  double expected = 0.0;
  for (const auto& plane : render(scene, whole).pixel.plane) expected += flux_of(plane);

  EXPECT_NEAR(render(scene).total_flux, expected, flux_tolerance * expected);
}

TEST(ArcRenderer, FixedSupersamplingConvergesToTheAdaptiveImage) {
  const Scene scene{.lens = {.theta_e_arcsec = 1.0, .q = 0.8},
                    .source = {.reff_arcsec = 0.4, .sersic_n = 1.0},
                    .src_x_arcsec = 0.4};
  const auto adaptive = render(scene);
  RenderConfig config;
  std::map<int, double> error;
  for (const int n : {2, 16}) {
    config.supersample = n;
    const auto fixed = render(scene, config);
    EXPECT_TRUE(std::isnan(fixed.pixel_error));  // nothing is known of it
    for (std::size_t p = 0; p < 64 * 64; ++p) {
      double difference = 0.0;
      for (std::size_t kind = 0; kind < lens::kind_count; ++kind) {
        difference += fixed.pixel.plane[kind].pixels()[p] -
                      adaptive.pixel.plane[kind].pixels()[p];
      }
      error[n] = std::max(error[n], std::abs(difference));
    }
  }
  // Second order where the light is smooth; half of that is asked for.
  EXPECT_LT(error[16], error[2] / 8.0);
}

TEST(ArcRenderer, RefusesALatticeThatDoesNotFitWholePixels) {
  RenderConfig config;
  config.deposit = Deposit::pixels;
  config.lattice.oversample = 2;

  EXPECT_THROW(ArcRenderer{config}, ConfigError);
}

}  // namespace
}  // namespace lensmill::imaging
