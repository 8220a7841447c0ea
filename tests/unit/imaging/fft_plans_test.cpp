#include "lib/imaging/fft_plans.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>

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
    for (int j = 0; j < shape.lattice_size; ++j) {
      for (auto& value : plans->field().row(j)) {
        ++k;
        value = {static_cast<float>(std::sin(0.7 * k)), static_cast<float>(0.1 * k)};
      }
    }
    plans->forward_lattice();
  }

  EXPECT_TRUE(std::ranges::equal(a.field().pixels(), b.field().pixels()));
}

constexpr FftShape small{.ny = 20,
                         .nx = 24,
                         .lattice_size = 16,
                         .stamp_size = 5,
                         .first_pixel = 3,
                         .oversample = 2};

TEST(FftPlans, AnotherBufferGetsTheSameSpectrum) {
  FftPlans plans(small);
  for (int j = 0; j < small.lattice_size; ++j) {
    for (int i = 0; i < small.nx; ++i) {
      plans.field()(j, i) = {static_cast<float>(i % 5), static_cast<float>(j)};
    }
  }
  AlignedVector<std::complex<float>> spectrum;

  plans.forward_lattice(spectrum);
  plans.forward_lattice();

  EXPECT_TRUE(std::ranges::equal(spectrum, plans.field().pixels()));
  for (int j = 0; j < small.ny; ++j) {
    const auto gap = plans.field().row(j).subspan(std::size_t(small.nx));
    EXPECT_TRUE(std::ranges::all_of(gap, [](auto v) { return v == 0.0F; }));
  }
}

TEST(FftPlans, BackwardUndoesForward) {
  constexpr double scale = 20.0 * 24.0;
  constexpr double tolerance = 1.0e-5;  // a few float epsilons of sums of 480 terms
  FftPlans plans(small);
  Image<std::complex<float>> input(20, 24);
  for (int j = 0; j < 16; ++j) {
    for (int i = 0; i < 24; ++i) {
      input(j, i) = {static_cast<float>(std::sin(1.1 * j * j + 0.3 * i)),
                     static_cast<float>(std::cos(0.4 * j + 0.9 * i))};
    }
  }
  const auto fill = [&] {
    for (int j = 0; j < 20; ++j) {
      std::ranges::copy(input.view().row(j), plans.field().row(j).begin());
    }
  };
  const auto expect_row = [&](int row, int input_row) {
    for (int i = 0; i < 24; ++i) {
      const auto value = plans.field()(row, i);
      const auto expected = input(input_row, i);
      EXPECT_NEAR(static_cast<double>(value.real()) / scale,
                  static_cast<double>(expected.real()), tolerance);
      EXPECT_NEAR(static_cast<double>(value.imag()) / scale,
                  static_cast<double>(expected.imag()), tolerance);
    }
  };
  fill();
  plans.forward_lattice();
  plans.backward_lattice();
  for (int j = 0; j < 16; ++j) expect_row(j, j);
  fill();
  plans.forward_all();
  plans.backward_stamp();
  for (int j = 0; j < 5; ++j) expect_row(j, 3 + 2 * j);
}

TEST(ConvolverWorkspace, KeepsOnePlanPerShape) {
  ConvolverWorkspace workspace;
  const FftShape shape{.ny = 16, .nx = 16, .lattice_size = 8, .stamp_size = 8};
  FftShape other = shape;
  other.ny = 20;

  FftPlans& first = workspace.impl().plans_for(small);
  workspace.impl().plans_for(other);

  EXPECT_EQ(&workspace.impl().plans_for(small), &first);
  EXPECT_EQ(workspace.impl().plans.size(), 2u);
}

}  // namespace
}  // namespace lensmill::imaging
