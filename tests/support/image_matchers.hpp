#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstring>

#include "lib/core/image.hpp"

namespace lensmill::test_support {

/// How far two images may differ in any pixel: absolute + relative_to_peak *
/// max|expected|.
struct ImageTolerance {
  double absolute = 0.0;
  double relative_to_peak = 0.0;
};

/// The pixel in which two images differ most.
struct WorstPixel {
  int y = 0;
  int x = 0;
  double difference = 0.0;  ///< |actual - expected|; infinite where only one is NaN
};

/// max |image| over the finite pixels.
template <class T>
double peak_of(ImageView<const T> image) {
  double peak = 0.0;
  for (T value : image.pixels()) {
    const double size = std::abs(static_cast<double>(value));
    if (std::isfinite(size)) peak = std::max(peak, size);
  }
  return peak;
}

template <class T, class U>
WorstPixel worst_pixel(ImageView<const T> actual, ImageView<const U> expected) {
  WorstPixel worst;
  for (int y = 0; y < actual.ny(); ++y) {
    for (int x = 0; x < actual.nx(); ++x) {
      const auto a = static_cast<double>(actual(y, x));
      const auto e = static_cast<double>(expected(y, x));
      if (a == e || (std::isnan(a) && std::isnan(e))) continue;
      double difference = std::abs(a - e);
      if (std::isnan(difference)) difference = HUGE_VAL;
      if (difference > worst.difference) worst = {y, x, difference};
    }
  }
  return worst;
}

/// Whether every pixel agrees within the tolerance; the failure message names the worst
/// pixel. A NaN agrees only with a NaN. Use as EXPECT_TRUE(images_near(a, e, {...})).
template <class T, class U>
::testing::AssertionResult images_near(ImageView<const T> actual,
                                       ImageView<const U> expected,
                                       ImageTolerance tolerance) {
  if (actual.ny() != expected.ny() || actual.nx() != expected.nx()) {
    return ::testing::AssertionFailure()
           << "image is " << actual.ny() << " x " << actual.nx() << " [y, x], expected "
           << expected.ny() << " x " << expected.nx();
  }
  const double peak = peak_of(expected);
  const double allowed = tolerance.absolute + tolerance.relative_to_peak * peak;
  const WorstPixel worst = worst_pixel(actual, expected);
  if (worst.difference <= allowed) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "worst pixel [y=" << worst.y << ", x=" << worst.x
         << "]: " << +actual(worst.y, worst.x) << ", expected "
         << +expected(worst.y, worst.x) << ": off by " << worst.difference << " ("
         << (peak > 0.0 ? worst.difference / peak : HUGE_VAL)
         << " of the peak), allowed " << allowed;
}
template <class T, class U>
::testing::AssertionResult images_near(const Image<T>& actual, const Image<U>& expected,
                                       ImageTolerance tolerance) {
  return images_near(actual.view(), expected.view(), tolerance);
}

/// Whether two images hold the same bytes (so -0 is not 0, and NaN equals its own
/// bits).
template <class T>
::testing::AssertionResult images_identical(const Image<T>& actual,
                                            const Image<T>& expected) {
  if (actual.ny() == expected.ny() && actual.nx() == expected.nx() &&
      std::memcmp(actual.data(), expected.data(), actual.size() * sizeof(T)) == 0) {
    return ::testing::AssertionSuccess();
  }
  auto near = images_near(actual, expected, {});
  return near ? ::testing::AssertionFailure() << "equal values, different bytes" : near;
}

}  // namespace lensmill::test_support
