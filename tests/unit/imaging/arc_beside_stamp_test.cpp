#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lib/imaging/arc_renderer.hpp"
#include "lib/light/sersic.hpp"

namespace lensmill::imaging {
namespace {

constexpr int margin_pix = 16;

/// A ring of 1.2" with its centre at `lens_x_arcsec`; the stamp ends at 8.4".
ArcPlanes render_ring(double lens_x_arcsec, double sersic_n, double pixel_tolerance) {
  RenderConfig config;
  config.pixel_tolerance = pixel_tolerance;
  config.lattice.border = 4;
  config.lattice.margin_pix = margin_pix;
  const lens::LensModel lens(lens::LensParams{.theta_e_arcsec = 1.2, .q = 0.8});
  const light::Sersic source(
      light::SersicParams{.reff_arcsec = 0.3, .sersic_n = sersic_n});
  const ArcRenderer renderer(config);
  ArcPlanes planes;
  auto workspace = ArcRenderer::make_workspace();
  renderer.render({.lens = &lens,
                   .source = &source,
                   .lens_x_arcsec = lens_x_arcsec,
                   .src_x_arcsec = 0.15,
                   .src_y_arcsec = 0.05},
                  config.grid.pix_from_arcsec(lens_x_arcsec), 31.5, *workspace, planes);
  return planes;
}

struct Brightest {
  double in_stamp = 0.0;
  double anywhere = 0.0;
};

Brightest brightest(const ArcPlanes& planes) {
  Brightest peak;
  const int side = planes.pixel.plane[0].ny();
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double flux = planes.pixel.sum(y, x);
      peak.anywhere = std::max(peak.anywhere, flux);
      const bool in_stamp =
          std::min(x, y) >= margin_pix && std::max(x, y) < side - margin_pix;
      if (in_stamp) peak.in_stamp = std::max(peak.in_stamp, flux);
    }
  }
  return peak;
}

double worst_in_stamp(const ArcPlanes& planes, const ArcPlanes& exact) {
  double worst = 0.0;
  const int end = planes.pixel.plane[0].ny() - margin_pix;
  for (int y = margin_pix; y < end; ++y) {
    for (int x = margin_pix; x < end; ++x) {
      worst = std::max(worst, std::abs(planes.pixel.sum(y, x) - exact.pixel.sum(y, x)));
    }
  }
  return worst;
}

constexpr double tolerance = 1.0e-3;
// Of the reference: errors in it are this much smaller than those looked for.
constexpr double reference_tolerance = 1.0e-6;

TEST(ArcBesideTheStamp, IsIntegratedToTheStampsOwnPeak) {
  int faint = 0;
  for (const double sersic_n : {1.0, 4.0}) {
    for (double lens_x = 7.6; lens_x < 10.0; lens_x += 0.2) {
      const auto planes = render_ring(lens_x, sersic_n, tolerance);
      const auto peak = brightest(planes);
      if (peak.in_stamp < 0.01 * peak.anywhere) continue;
      if (peak.in_stamp < 0.1 * peak.anywhere) ++faint;
      const auto exact = render_ring(lens_x, sersic_n, reference_tolerance);

      EXPECT_LE(worst_in_stamp(planes, exact), tolerance * peak.in_stamp)
          << "n " << sersic_n << ", lens at " << lens_x;
      EXPECT_LE(planes.pixel_error, tolerance);
    }
  }
  // Of the images that the stamp shows least of, some are here.
  EXPECT_GE(faint, 2);
}

TEST(ArcBesideTheStamp, IsNotSaidToBeRightWhereTheStampShowsNextToNothingOfIt) {
  const auto planes = render_ring(11.0, 1.0, tolerance);
  const auto peak = brightest(planes);

  ASSERT_LT(peak.in_stamp, 0.01 * peak.anywhere);
  EXPECT_GE(planes.pixel_error, 1.0);
}

}  // namespace
}  // namespace lensmill::imaging
