#include "tests/support/image_matchers.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace lensmill::test_support {
namespace {

TEST(ImagesNear, NamesTheWorstPixel) {
  const Image<double> expected(3, 4, 2.0);
  Image<float> actual(3, 4, 2.0f);
  actual(1, 2) = 2.5f;
  actual(2, 3) = 2.25f;

  const auto result = images_near(actual, expected, {.absolute = 0.4});

  EXPECT_FALSE(result);
  EXPECT_NE(std::string(result.message()).find("[y=1, x=2]: 2.5"), std::string::npos)
      << result.message();
  EXPECT_TRUE(images_near(actual, expected, {.relative_to_peak = 0.25}));
}

TEST(ImagesNear, ANaNAgreesOnlyWithANaN) {
  const Image<float> finite(2, 2, 1.0f);
  Image<float> broken(2, 2, 1.0f);
  broken(0, 1) = std::numeric_limits<float>::quiet_NaN();

  EXPECT_FALSE(images_near(broken, finite, {.absolute = 1e9}));
  EXPECT_FALSE(images_near(finite, broken, {.absolute = 1e9}));
  EXPECT_TRUE(images_near(broken, broken, {}));
}

TEST(ImagesNear, RefusesAnotherShape) {
  EXPECT_FALSE(images_near(Image<float>(2, 3), Image<float>(3, 2), {.absolute = 1.0}));
}

TEST(ImagesIdentical, ComparesBytesNotValues) {
  const Image<float> zero(1, 1, 0.0f);
  const Image<float> minus_zero(1, 1, -0.0f);

  EXPECT_TRUE(images_identical(zero, zero));
  EXPECT_FALSE(images_identical(zero, minus_zero));
}

}  // namespace
}  // namespace lensmill::test_support
