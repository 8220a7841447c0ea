#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "lib/lens/lens_model.hpp"
#include "lib/light/sersic.hpp"

/// \file
/// Cost per evaluation of what the integrator spends its time on: ray shooting and
/// surface brightness, in batches. A fall back to scalar code shows here.

namespace lensmill {
namespace {

constexpr std::size_t points = 4096;

/// Points over a stamp of 64 x 64 pixels of 0.262 arcsec.
struct StampPoints {
  std::vector<double> x = std::vector<double>(points);
  std::vector<double> y = std::vector<double>(points);
  StampPoints() {
    for (std::size_t i = 0; i < points; ++i) {
      x[i] = (static_cast<double>(i % 64) - 31.5) * 0.262;
      y[i] = (static_cast<double>(i / 64) - 31.5) * 0.262;
    }
  }
};

void report_per_point(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(points));
}

void ray_shoot(benchmark::State& state) {
  const lens::LensModel lens({.theta_e_arcsec = 1.5,
                              .q = 0.7,
                              .phi_rad = 0.4,
                              .gamma = static_cast<double>(state.range(0)) / 10.0,
                              .shear_g1 = 0.03,
                              .shear_g2 = -0.02});
  const StampPoints at;
  std::vector<double> beta_x(points), beta_y(points), determinant(points),
      trace(points);

  for (auto _ : state) {
    lens.ray_shoot({.x_arcsec = at.x,
                    .y_arcsec = at.y,
                    .beta_x_arcsec = beta_x,
                    .beta_y_arcsec = beta_y,
                    .determinant = determinant,
                    .trace = trace});
    benchmark::DoNotOptimize(beta_x.data());
    benchmark::ClobberMemory();
  }
  report_per_point(state);
}
BENCHMARK(ray_shoot)->ArgName("10_gamma")->Arg(20)->Arg(18)->Arg(23);

void sersic_evaluate(benchmark::State& state) {
  const light::Sersic sersic({.reff_arcsec = 0.3,
                              .sersic_n = static_cast<double>(state.range(0)) / 10.0,
                              .q = 0.6,
                              .phi_rad = 0.2});
  const StampPoints at;
  std::vector<double> brightness(points);

  for (auto _ : state) {
    sersic.evaluate(at.x, at.y, brightness);
    benchmark::DoNotOptimize(brightness.data());
    benchmark::ClobberMemory();
  }
  report_per_point(state);
}
BENCHMARK(sersic_evaluate)->ArgName("10_n")->Arg(10)->Arg(23)->Arg(40);

}  // namespace
}  // namespace lensmill
