#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "pipeline/archive/result_batch.hpp"

namespace lensmill::pipeline {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
// Half a step, and one rounding of a float of the largest pixel's size.
constexpr double half_step = 0.5;

TEST(Int16Encoding, KeepsPixelsToHalfAStep) {
  std::vector<float> pixels;
  for (int k = 0; k < 4000; ++k) {
    pixels.push_back(static_cast<float>(std::sin(0.1 * k) * std::exp(0.001 * k)));
  }
  std::vector<std::int16_t> codes(pixels.size());

  const auto scaling = encode_int16(pixels, codes);

  const auto [low, high] = std::ranges::minmax(pixels);
  EXPECT_NEAR(scaling.scale, (double{high} - double{low}) / 65534.0, 1e-15);
  for (std::size_t k = 0; k < pixels.size(); ++k) {
    const double rounding = 1.2e-7 * std::abs(double{pixels[k]});
    EXPECT_NEAR(double{decode_int16(codes[k], scaling)}, double{pixels[k]},
                half_step * scaling.scale + rounding);
  }
}

TEST(Int16Encoding, MarksPixelsThatAreNotFinite) {
  const std::vector<float> pixels{1.0F, nan, 3.0F,
                                  std::numeric_limits<float>::infinity()};
  std::vector<std::int16_t> codes(4);

  const auto scaling = encode_int16(pixels, codes);

  EXPECT_EQ(codes[1], -32768);
  EXPECT_EQ(codes[3], -32768);
  EXPECT_TRUE(std::isnan(decode_int16(codes[1], scaling)));
  EXPECT_FLOAT_EQ(decode_int16(codes[0], scaling), 1.0F);
  EXPECT_FLOAT_EQ(decode_int16(codes[2], scaling), 3.0F);
}

TEST(Int16Encoding, StoresAConstantImageExactlyAndNothingAsNotANumber) {
  const std::vector<float> constant(5, -2.5F);
  const std::vector<float> nothing(5, nan);
  std::vector<std::int16_t> codes(5);

  const auto scaling = encode_int16(constant, codes);
  EXPECT_EQ(decode_int16(codes[4], scaling), -2.5F);

  encode_int16(nothing, codes);
  EXPECT_EQ(codes[0], -32768);
}

TEST(Int16Encoding, IsFineUpToStepsOfHalfTheLeastNoise) {
  const std::vector<float> variance{4.0F, 0.0F, 1.0F, std::nanf("")};

  EXPECT_TRUE(is_fine({.scale = 0.49, .offset = 0.0}, variance));
  EXPECT_FALSE(is_fine({.scale = 0.51, .offset = 0.0}, variance));
  EXPECT_TRUE(is_fine({.scale = 1.0e9, .offset = 0.0}, {}));
}

}  // namespace
}  // namespace lensmill::pipeline
