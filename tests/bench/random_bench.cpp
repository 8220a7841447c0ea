#include <benchmark/benchmark.h>

#include <vector>

#include "lib/core/random_stream.hpp"

/// \file
/// Cost of the random numbers of one 64 x 64 stamp.

namespace lensmill {
namespace {

constexpr std::int64_t pixels = 64 * 64;

void fill_normal(benchmark::State& state) {
  std::vector<float> noise(pixels);
  std::int64_t injection_id = 0;
  for (auto _ : state) {
    RandomStream stream(1, ++injection_id, StreamTag::sky_noise);
    stream.fill_normal(noise);
    benchmark::DoNotOptimize(noise.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * pixels);
}
BENCHMARK(fill_normal);

void poisson(benchmark::State& state) {
  const auto mean = static_cast<double>(state.range(0));
  RandomStream stream(1, 1, StreamTag::host_poisson_noise);
  for (auto _ : state) benchmark::DoNotOptimize(stream.poisson(mean));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(poisson)->ArgName("mean")->Arg(1)->Arg(25)->Arg(1000);

}  // namespace
}  // namespace lensmill
