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

}  // namespace
}  // namespace lensmill
