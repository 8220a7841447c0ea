// Pixel-integrated arcs against the oracle's independent adaptive integration.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "lib/imaging/arc_renderer.hpp"
#include "lib/light/sersic.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/oracle.hpp"

namespace lensmill {
namespace {

constexpr double pixel_contract = 1.0e-3;    // of the peak pixel
constexpr double core_contract = 1.0e-3;     // of the core flux
constexpr double least_core_share = 1.0e-5;  // of the arc's flux
constexpr int required_passes = 98;          // of 100

TEST(OracleRender, UnconvolvedImagesMeetTheContract) {
  LENSMILL_NEEDS_REAL_DATA("oracle/open.h5");
  const test_support::Oracle oracle(test_support::data_path("oracle/open.h5").string());
  const auto images = oracle.rows("images/unconv");
  imaging::RenderConfig config;
  config.lattice = {.stamp_size_pix = 64, .border = 4};
  const imaging::ArcRenderer renderer(config);
  auto workspace = imaging::ArcRenderer::make_workspace();
  imaging::ArcPlanes planes;

  int passes = 0;
  for (std::size_t k = 0; k < oracle.size(); ++k) {
    const auto& set = oracle[k];
    const lens::LensModel model(set.lens);
    const light::Sersic source(set.source_profile);
    const imaging::LensedSource object{.lens = &model,
                                       .source = &source,
                                       .lens_x_arcsec = set.lens_centre.x,
                                       .lens_y_arcsec = set.lens_centre.y,
                                       .src_x_arcsec = set.source.x,
                                       .src_y_arcsec = set.source.y};
    renderer.render(object, 31.5, 31.5, *workspace, planes);

    double peak = 0.0;
    double worst = 0.0;
    double core = 0.0;
    double core_truth = 0.0;
    double total = 0.0;
    for (int y = 0; y < 64; ++y) {
      for (int x = 0; x < 64; ++x) {
        const double truth = images[k][std::size_t(y) * 64 + std::size_t(x)];
        double value = 0.0;
        for (const auto& plane : planes.pixel.plane)
          value += set.src_flux * plane(y, x);
        peak = std::max(peak, truth);
        worst = std::max(worst, std::abs(value - truth));
        total += truth;
        if (std::hypot(x - 31.5, y - 31.5) < 5.0) {
          core += value;
          core_truth += truth;
        }
      }
    }
    const double core_error = std::abs(core - core_truth);
    const bool ok =
        worst <= pixel_contract * peak &&
        core_error <= std::max(core_contract * core_truth, least_core_share * total);
    passes += ok ? 1 : 0;
    if (!ok) {
      std::cout << k << " " << set.category << ": worst pixel " << worst / peak
                << " of the peak, core flux " << core_error / core_truth << "\n";
    }
  }
  std::cout << passes << " of " << oracle.size() << " meet the contract\n";
  EXPECT_GE(passes, required_passes);
}

}  // namespace
}  // namespace lensmill
