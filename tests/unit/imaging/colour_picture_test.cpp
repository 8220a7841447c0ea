#include "lib/imaging/colour_picture.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace lensmill::imaging {
namespace {

Image<float> spot(float peak) {
  Image<float> image(8, 10, 0.0F);
  image(2, 3) = peak;
  return image;
}

/// red, green, blue of a pixel.
std::array<int, 3> colour(const Picture& picture, int y, int x) {
  const auto at = 3 * (std::size_t(y) * std::size_t(picture.nx) + std::size_t(x));
  return {picture.rgb[at], picture.rgb[at + 1], picture.rgb[at + 2]};
}

TEST(ColourPicture, LastBandIsRedAndTheHueOfBrightLightIsKept) {
  const Image<float> blue = spot(10.0F);
  const Image<float> green = spot(20.0F);
  const Image<float> red = spot(40.0F);
  const std::vector<ImageView<const float>> bands{blue, green, red};
  const std::vector<double> scale{1.0, 1.0, 1.0};

  const auto picture = colour_picture(bands, scale);

  const auto [r, g, b] = colour(picture, 2, 3);
  // The sky's grey is added before the colour ratios are taken.
  EXPECT_EQ(r, 255);
  EXPECT_NEAR(g, 255 * 20.06 / 40.06, 1);
  EXPECT_NEAR(b, 255 * 10.06 / 40.06, 1);
  const auto sky = colour(picture, 0, 0);
  EXPECT_EQ(sky[0], sky[2]);
}

TEST(ColourPicture, RaisesFaintLightAboveLinear) {
  const Image<float> faint = spot(0.1F);
  const std::vector<ImageView<const float>> bands{faint};
  const std::vector<double> scale{1.0};

  const auto shade = colour(colour_picture(bands, scale), 2, 3);

  EXPECT_EQ(shade[0], shade[2]);
  // asinh(8 * 0.16) / asinh(8) = 0.387.
  EXPECT_NEAR(shade[0], 0.387 * 255.0, 1.0);
}

TEST(ColourPicture, SurvivesPixelsThatAreNotNumbers) {
  Image<float> broken = spot(1.0F);
  broken(0, 0) = std::numeric_limits<float>::quiet_NaN();
  const std::vector<ImageView<const float>> bands{broken};

  const auto picture = colour_picture(bands, brightness_scale(bands));

  EXPECT_EQ(colour(picture, 0, 0), (std::array{0, 0, 0}));
  EXPECT_GT(colour(picture, 2, 3)[0], 200);
}

TEST(SideBySide, PutsPicturesInOrderWithGapsAndZoom) {
  const Image<float> a = spot(1.0F);
  const Image<float> b(8, 4, 1.0F);
  const std::vector<double> scale{1.0};
  const std::vector<ImageView<const float>> of_a{a};
  const std::vector<ImageView<const float>> of_b{b};
  const std::vector<Picture> pictures{colour_picture(of_a, scale),
                                      colour_picture(of_b, scale)};

  const auto joined = side_by_side(pictures, 2, 3);

  EXPECT_EQ(joined.ny, 16);
  EXPECT_EQ(joined.nx, 20 + 3 + 8);
  EXPECT_EQ(colour(joined, 5, 7), colour(pictures[0], 2, 3));
  EXPECT_EQ(colour(joined, 0, 21), (std::array{255, 255, 255}));
  EXPECT_EQ(colour(joined, 15, 30), colour(pictures[1], 7, 3));
}

}  // namespace
}  // namespace lensmill::imaging
