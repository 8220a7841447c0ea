// Pixel-integrated arcs against the oracle's independent adaptive integration.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "lib/imaging/arc_renderer.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/light/sersic.hpp"
#include "tests/support/data_folder.hpp"

namespace lensmill {
namespace {

constexpr double pixel_contract = 1.0e-3;    // of the peak pixel
constexpr double core_contract = 1.0e-3;     // of the core flux
constexpr double least_core_share = 1.0e-5;  // of the arc's flux
constexpr int required_passes = 98;          // of 100

struct Oracle {
  io::hdf5::File file = io::hdf5::File::open(test_support::data_path("oracle/open.h5"));
  std::vector<double> column(const std::string& name) const {
    return file.open_dataset("params/" + name).read_all<double>().values;
  }
};

TEST(OracleRender, UnconvolvedImagesMeetTheContract) {
  LENSMILL_NEEDS_DATA("oracle/open.h5");
  const Oracle oracle;
  const auto theta_e = oracle.column("theta_E"), gamma = oracle.column("gamma"),
             q = oracle.column("q"), phi = oracle.column("phi"),
             lx = oracle.column("lens_x"), ly = oracle.column("lens_y"),
             g1 = oracle.column("gamma1"), g2 = oracle.column("gamma2"),
             sx0 = oracle.column("shear_x0"), sy0 = oracle.column("shear_y0"),
             flux = oracle.column("flux"), reff = oracle.column("R_eff"),
             n = oracle.column("n"), sq = oracle.column("src_q"),
             sphi = oracle.column("src_phi"), sx = oracle.column("src_x"),
             sy = oracle.column("src_y");
  const auto images = oracle.file.open_dataset("images/unconv").read_all<double>();
  const auto cores =
      oracle.file.open_dataset("core/unconv/c31.5_r5_exact").read_all<double>();
  const PixelGrid grid;
  imaging::RenderConfig config;
  config.lattice = {.stamp_size_pix = 64, .border = 4};
  const imaging::ArcRenderer renderer(config);
  auto workspace = imaging::ArcRenderer::make_workspace();
  imaging::ArcPlanes planes;

  int passes = 0;
  double mean_evaluations = 0.0;
  for (std::size_t k = 0; k < theta_e.size(); ++k) {
    const lens::LensModel model({.theta_e_arcsec = theta_e[k],
                                 .q = q[k],
                                 .phi_rad = phi[k],
                                 .gamma = gamma[k],
                                 .shear_g1 = g1[k],
                                 .shear_g2 = g2[k]});
    const light::Sersic source(
        {.reff_arcsec = reff[k], .sersic_n = n[k], .q = sq[k], .phi_rad = sphi[k]});
    // Shear about (x0, y0) differs from shear about the lens by a uniform deflection.
    const double dx = lx[k] - sx0[k];
    const double dy = ly[k] - sy0[k];
    const imaging::LensedSource object{
        .lens = &model,
        .source = &source,
        .lens_x_arcsec = lx[k],
        .lens_y_arcsec = ly[k],
        .src_x_arcsec = sx[k] - lx[k] + (g1[k] * dx + g2[k] * dy),
        .src_y_arcsec = sy[k] - ly[k] + (g2[k] * dx - g1[k] * dy)};
    renderer.render(object, 31.5, 31.5, *workspace, planes);

    double peak = 0.0;
    double worst = 0.0;
    double core = 0.0;
    double core_truth = 0.0;
    double total = 0.0;
    for (int y = 0; y < 64; ++y) {
      for (int x = 0; x < 64; ++x) {
        const double truth =
            images.values[k * 4096 + std::size_t(y) * 64 + std::size_t(x)];
        double value = 0.0;
        for (const auto& plane : planes.pixel.plane) value += flux[k] * plane(y, x);
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
    passes += ok;
    mean_evaluations += static_cast<double>(planes.evaluations) / 100.0;
    if (!ok || std::getenv("ORACLE_VERBOSE")) {
      std::cout << (ok ? "ok   " : "FAIL ") << k << " n=" << n[k] << " reff=" << reff[k]
                << " thE=" << theta_e[k] << " gamma=" << gamma[k] << " q=" << q[k]
                << " worst/peak=" << worst / peak
                << " core err=" << core_error / core_truth
                << " core share=" << core_truth / total << " est " << planes.pixel_error
                << " " << planes.core_error << " evals " << planes.evaluations << "\n";
    }
  }
  std::cout << passes << " of 100, mean evaluations " << mean_evaluations << "\n";
  EXPECT_GE(passes, required_passes);
}

}  // namespace
}  // namespace lensmill
