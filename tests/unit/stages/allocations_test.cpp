#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "tests/support/chain_runner.hpp"

/// \file
/// Memory is allocated when a stamp's buffers grow, not for every row. `operator new`
/// of this program counts; what FFTW takes for itself is not seen.

namespace {

long allocations = 0;

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, whole > 0 ? whole : alignment)) {
    return memory;
  }
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size, alignof(std::max_align_t));
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return operator new(size, alignment);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace lensmill::stages {
namespace {

/// The most allocations of one row, by a stamp that has made all of these rows before.
long most_per_row(const std::string& config,
                  const std::vector<std::string>& overrides = {}) {
  const test_support::ChainRunner runner(
      test_support::shipped_config(config, overrides));
  const std::int64_t rows = std::min<std::int64_t>(24, runner.count());
  auto stamp = runner.make_stamp();
  const auto block = runner.rows().read(0, rows);
  long most = 0;
  // Some buffers change places, so that it takes two passes until each has its size.
  for (int pass = 0; pass < 3; ++pass) {
    most = 0;
    for (std::size_t row = 0; row < block.rows(); ++row) {
      const long before = allocations;
      runner.chain().apply(block.injection_id[row], block.row(row), stamp);
      most = std::max(most, allocations - before);
    }
  }
  return most;
}

TEST(Allocations, AreCounted) {
  const long before = allocations;

  const auto memory = std::make_unique<int>(7);

  EXPECT_EQ(allocations - before, 1) << *memory;
}

TEST(Allocations, AreNoneForARowOfSyntheticImages) {
  for (const char* config : {"quickstart.yaml", "seed_gen5.yaml", "experiment_d.yaml",
                             "parity_table.yaml", "survey/hsc_wide.yaml"}) {
    EXPECT_EQ(most_per_row(config), 0) << config;
  }
  EXPECT_EQ(most_per_row("seed_gen5.yaml",
                         {"catalogue.sampled.count=24", "measure.aperture_mask=circle",
                          "priors.lens_gamma={uniform: [1.5, 2.5]}"}),
            0);
}

TEST(Allocations, AreThreeForTheKnotsOfAClumpySource) {
  EXPECT_EQ(most_per_row("clumpy_sources.yaml"), 3);
}

TEST(Allocations, AreFewForAperturesThatAreNotWhereTheyWere) {
  // An image per aperture and for the annulus, and the pixels of the radial profile.
  constexpr long most = 7;
  EXPECT_LE(
      most_per_row("seed_gen5.yaml", {"catalogue.sampled.count=24",
                                      "priors.lens_x_arcsec={uniform: [-2.0, 2.0]}"}),
      most);
}

}  // namespace
}  // namespace lensmill::stages
