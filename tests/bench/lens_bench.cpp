/// Cost of the renderer's inner loop: ray shooting plus Sersic brightness, ns per
/// point.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/lens/caustics.hpp"
#include "lib/lens/lens_model.hpp"
#include "lib/lens/point_images.hpp"
#include "lib/light/sersic.hpp"

namespace lensmill {
namespace {

struct Points {
  AlignedVector<double> x, y, beta_x, beta_y, determinant, trace, brightness;

  explicit Points(std::size_t count)
      : x(count),
        y(count),
        beta_x(count),
        beta_y(count),
        determinant(count),
        trace(count),
        brightness(count) {
    constexpr double golden_angle_rad = 2.399963229728653;
    for (std::size_t i = 0; i < count; ++i) {
      const double r = 3.0 * std::sqrt((double(i) + 0.5) / double(count));
      x[i] = r * std::cos(golden_angle_rad * double(i));
      y[i] = r * std::sin(golden_angle_rad * double(i));
    }
  }
};

void report_per_point(benchmark::State& state, std::size_t count) {
  state.counters["time_per_point"] =
      benchmark::Counter(double(count), benchmark::Counter::kIsIterationInvariantRate |
                                            benchmark::Counter::kInvert);
}

// Arguments: batch length, 100 gamma, 100 n, 100 q.
void ray_shoot_and_sersic(benchmark::State& state) {
  Points p(std::size_t(state.range(0)));
  const lens::LensModel lens({.theta_e_arcsec = 1.3,
                              .q = 0.01 * double(state.range(3)),
                              .phi_rad = 0.4,
                              .gamma = 0.01 * double(state.range(1)),
                              .shear_g1 = 0.02,
                              .shear_g2 = -0.01});
  const light::Sersic source({.reff_arcsec = 0.2,
                              .sersic_n = 0.01 * double(state.range(2)),
                              .q = 0.7,
                              .phi_rad = 1.1});
  for (auto _ : state) {
    lens.ray_shoot({.x_arcsec = p.x,
                    .y_arcsec = p.y,
                    .beta_x_arcsec = p.beta_x,
                    .beta_y_arcsec = p.beta_y,
                    .determinant = p.determinant,
                    .trace = p.trace});
    source.evaluate(p.beta_x, p.beta_y, p.brightness);
    benchmark::DoNotOptimize(p.brightness.data());
    benchmark::ClobberMemory();
  }
  report_per_point(state, p.x.size());
}
BENCHMARK(ray_shoot_and_sersic)
    ->ArgNames({"points", "gamma100", "n100", "q100"})
    ->Args({64, 200, 100, 80})
    ->Args({512, 200, 100, 80})
    ->Args({512, 200, 400, 80})
    ->Args({512, 190, 100, 80})
    ->Args({512, 190, 250, 50})
    ->Args({512, 200, 100, 30});

void construct_lens_and_source(benchmark::State& state) {
  for (auto _ : state) {
    const lens::LensModel lens({.theta_e_arcsec = 1.3, .q = 0.8, .phi_rad = 0.4});
    const light::Sersic source({.reff_arcsec = 0.2, .sersic_n = 1.3, .q = 0.7});
    benchmark::DoNotOptimize(lens.convergence(1.0, 0.5) + source.central_brightness());
  }
}
BENCHMARK(construct_lens_and_source);

// Arguments: 100 gamma.
void point_images_and_caustics(benchmark::State& state) {
  const lens::LensModel lens({.theta_e_arcsec = 1.3,
                              .q = 0.75,
                              .phi_rad = 0.4,
                              .gamma = 0.01 * double(state.range(0)),
                              .shear_g1 = 0.02,
                              .shear_g2 = -0.01});
  double x = 0.1;
  for (auto _ : state) {
    x = x > 1.0 ? 0.01 : x + 0.0137;
    const auto found = lens::find_point_source(lens, {x, 0.3});
    benchmark::DoNotOptimize(found.images.count +
                             int(found.caustics.in_radial_caustic));
  }
}
BENCHMARK(point_images_and_caustics)->ArgName("gamma100")->Arg(180)->Arg(200)->Arg(220);

}  // namespace
}  // namespace lensmill
