#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "lib/catalogue/rows.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"

/// \file
/// Whole injections in one process, without output: tests/bench/whole_run.yaml through
/// Chain::apply, with one PSF for all rows and with a PSF width per row. The counters
/// are microseconds per injection and stage.

namespace lensmill {
namespace {

constexpr std::int64_t rows = 2000;

void chain(benchmark::State& state, const std::vector<std::string>& overrides) {
  const auto config =
      config::read_run_config(LENSMILL_BENCH_FOLDER "/whole_run.yaml", overrides);
  auto inputs = std::make_shared<stages::Inputs>();
  inputs->rows = std::make_shared<catalogue::SampledRows>(rows);
  const auto setup = stages::make_setup(config, inputs);
  auto stamp = setup.chain->make_stamp();
  std::vector<double> seconds(setup.chain->stages().size(), 0.0);
  std::int64_t next = 0;

  for (auto _ : state) {
    setup.chain->apply(next++ % rows, {}, stamp, seconds);
    benchmark::DoNotOptimize(stamp.measurement.arc_snr.data());
  }

  state.SetItemsProcessed(state.iterations());
  for (std::size_t k = 0; k < seconds.size(); ++k) {
    state.counters[std::string(stages::to_string(setup.chain->stages()[k]->step()))] =
        1.0e6 * seconds[k] / static_cast<double>(state.iterations());
  }
}

BENCHMARK_CAPTURE(chain, one_psf, {})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(
    chain, psf_width_per_row,
    {"psf.r.fwhm_pix={normal: {mean: 5.15, sigma: 0.65, min: 3.5, max: 8.0}}"})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace lensmill
