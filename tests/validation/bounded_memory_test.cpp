#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <memory>

#include "lib/imaging/arc_renderer.hpp"
#include "lib/light/galaxy_image.hpp"
#include "tests/support/toy_galaxy.hpp"

/// \file
/// Rows that would take millions of cells: the memory is bounded, and a row that gets
/// fewer cells than it needs says so.

namespace lensmill::imaging {
namespace {

/// Most that this process has held so far, in MiB.
double peak_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

// Two waves of the integrator (256 MiB), the ring of stamps' (256 MiB) and samples.
constexpr double most_mib = 700.0;

ArcPlanes rendered(const light::Brightness& source, int stamp_size_pix, double src_x,
                   double src_y) {
  RenderConfig config;
  config.grid.stamp_size_pix = stamp_size_pix;
  config.grid.pixel_scale_arcsec = 0.262;
  config.lattice = {.stamp_size_pix = stamp_size_pix, .border = 4};
  const lens::LensModel lens({.theta_e_arcsec = 1.2, .q = 0.8, .phi_rad = 0.3});
  const ArcRenderer renderer(config);
  auto workspace = ArcRenderer::make_workspace();
  ArcPlanes planes;
  const double middle = 0.5 * (stamp_size_pix - 1);
  renderer.render(
      {.lens = &lens, .source = &source, .src_x_arcsec = src_x, .src_y_arcsec = src_y},
      middle, middle, *workspace, planes);
  return planes;
}

// The faint noise at a galaxy's edge, and nothing else, is in the stamp: every cell is
// rough against so little light.
TEST(BoundedMemory, OfARowThatWouldTakeMillionsOfCells) {
  const test_support::ToyGalaxy toy{.knot_flux = 0.1, .noise_sigma = 1.0e-4};
  const auto galaxy = std::make_shared<const light::GalaxyTemplate>(
      light::clean_galaxy(toy.image().view(), {}), SplineDegree::quintic);
  const double before = peak_memory_mib();

  const auto planes = rendered(light::GalaxyImage(galaxy, 0.5, 0.3), 8, 3.0, 0.0);

  EXPECT_GE(planes.pixel_error, 1.0);
  EXPECT_LT(peak_memory_mib() - before, most_mib);
}

}  // namespace
}  // namespace lensmill::imaging
