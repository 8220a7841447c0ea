#include "stages/galaxy_cache.hpp"

#include <gtest/gtest.h>

#include "tests/support/toy_galaxy.hpp"

namespace lensmill::stages {
namespace {

GalaxyCache::Galaxy make_galaxy() {
  const test_support::ToyGalaxy toy{.size_pix = 41, .x0 = 20, .y0 = 20, .sigma_pix = 3};
  return std::make_shared<const light::GalaxyTemplate>(
      light::clean_galaxy(toy.image().view(), {}), SplineDegree::cubic);
}

TEST(GalaxyCache, KeepsThoseUsedLastWithinItsBudget) {
  const auto galaxy = make_galaxy();
  int made = 0;
  const auto make = [&] {
    ++made;
    return galaxy;
  };
  GalaxyCache cache;
  const std::size_t two = 2 * galaxy->bytes();

  cache.get(0, two, make);
  cache.get(1, two, make);
  cache.get(0, two, make);  // there: 1 is now the oldest
  EXPECT_EQ(made, 2);
  cache.get(2, two, make);
  EXPECT_EQ(made, 3);
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_LE(cache.bytes(), two);
  cache.get(0, two, make);
  EXPECT_EQ(made, 3);
  cache.get(1, two, make);
  EXPECT_EQ(made, 4);
}

TEST(GalaxyCache, OneStaysWhateverItsSize) {
  const auto galaxy = make_galaxy();
  GalaxyCache cache;

  EXPECT_EQ(cache.get(5, 1, [&] { return galaxy; }), galaxy);
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.bytes(), galaxy->bytes());
}

}  // namespace
}  // namespace lensmill::stages
