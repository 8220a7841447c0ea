#include "lib/imaging/fft_plans.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace lensmill::imaging {
namespace {

TEST(GoodFftSize, IsNeverTooSmallAndNeverFarTooLarge) {
  for (int n = 1; n <= 2000; ++n) {
    const int size = good_fft_size(n);

    EXPECT_GE(size, n);
    EXPECT_LE(size, 4 + n * 4 / 3) << n;
    EXPECT_EQ(size % 4, 0);
  }
}

TEST(FftPlans, SameShapeGivesTheSameBitsFromAnyPlan) {
  const FftShape shape{.ny = 80,
                       .nx = 100,
                       .lattice_size = 72,
                       .stamp_size = 64,
                       .first_pixel = 4,
                       .oversample = 1};
  FftPlans a(shape);
  FftPlans b(shape);
  int k = 0;
  for (FftPlans* plans : {&a, &b}) {
    k = 0;
    for (float& value : plans->real().pixels()) {
      ++k;
      value = static_cast<float>(std::sin(0.7 * k));
    }
    plans->forward_lattice();
  }

  EXPECT_TRUE(std::ranges::equal(a.spectrum().pixels(), b.spectrum().pixels()));
}

TEST(FftPlans, BackwardUndoesForward) {
  const FftShape shape{.ny = 20,
                       .nx = 24,
                       .lattice_size = 16,
                       .stamp_size = 5,
                       .first_pixel = 3,
                       .oversample = 2};
  FftPlans plans(shape);
  Image<float> input(20, 24);
  for (int j = 0; j < 16; ++j) {
    for (int i = 0; i < 24; ++i) {
      input(j, i) = static_cast<float>(std::sin(1.1 * j * j + 0.3 * i));
    }
  }
  const auto fill = [&] { std::ranges::copy(input.pixels(), plans.real().data()); };
  constexpr double scale = 20.0 * 24.0;
  constexpr double tolerance = 1.0e-5;  // a few float epsilons of sums of 480 terms

  fill();
  plans.forward_lattice();
  plans.backward_lattice();
  for (int j = 0; j < 16; ++j) {
    for (int i = 0; i < 24; ++i) {
      EXPECT_NEAR(static_cast<double>(plans.real()(j, i)) / scale,
                  static_cast<double>(input(j, i)), tolerance);
    }
  }
  fill();
  plans.forward_all();
  plans.backward_stamp();
  for (int j = 0; j < 5; ++j) {
    for (int i = 0; i < 24; ++i) {
      EXPECT_NEAR(static_cast<double>(plans.real()(j, i)) / scale,
                  static_cast<double>(input(3 + 2 * j, i)), tolerance);
    }
  }
}

TEST(ConvolverWorkspace, KeepsOnePlanPerShape) {
  ConvolverWorkspace workspace;
  const FftShape shape{.ny = 16, .nx = 16, .lattice_size = 8, .stamp_size = 8};
  FftShape other = shape;
  other.ny = 20;

  FftPlans& first = workspace.impl().plans_for(shape);
  workspace.impl().plans_for(other);

  EXPECT_EQ(&workspace.impl().plans_for(shape), &first);
  EXPECT_EQ(workspace.impl().plans.size(), 2u);
}

}  // namespace
}  // namespace lensmill::imaging
