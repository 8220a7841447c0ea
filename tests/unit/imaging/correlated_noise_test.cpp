#include "lib/imaging/correlated_noise.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/imaging/noise_spectrum.hpp"
#include "tests/support/image_matchers.hpp"
#include "tests/support/noise_correlations.hpp"

namespace lensmill::imaging {
namespace {

using test_support::coadd_like_correlation;
using test_support::correlation_at;
using test_support::images_identical;
using test_support::images_near;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int side = 12;
// Transforms are in single precision; R's rows sum to a few.
constexpr double single_precision = 3.0e-6;

/// A pattern without symmetries.
Image<double> pattern() {
  Image<double> image(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      image(y, x) = std::sin(1.3 * x + 0.4 * y * y) + (x == 0 && y == 3 ? 2.0 : 0.0);
    }
  }
  return image;
}

Image<double> product_by_definition(const Image<double>& lags, const Image<double>& v) {
  Image<double> out(v.ny(), v.nx());
  for (int y = 0; y < v.ny(); ++y) {
    for (int x = 0; x < v.nx(); ++x) {
      for (int b = 0; b < v.ny(); ++b) {
        for (int a = 0; a < v.nx(); ++a) {
          out(y, x) += correlation_at(lags, b - y, a - x) * v(b, a);
        }
      }
    }
  }
  return out;
}

Image<float> drawn(const CorrelatedNoise& noise, ConvolverWorkspace& workspace,
                   std::int64_t id) {
  Image<float> field(noise.stamp_size_pix(), noise.stamp_size_pix());
  noise.draw(RandomStream(7, id, StreamTag::correlated_sky_noise), workspace, field);
  return field;
}

TEST(CorrelatedNoise, MultipliesByTheMatrixOfItsDefinition) {
  const auto lags = coadd_like_correlation();
  const CorrelatedNoise noise(lags, side);
  ConvolverWorkspace workspace;
  const auto v = pattern();
  Image<double> product(side, side);

  noise.multiply(v, workspace, product);

  EXPECT_TRUE(images_near(product, product_by_definition(lags, v),
                          {.relative_to_peak = single_precision}));
}

TEST(CorrelatedNoise, VarianceOfASumIsItsQuadraticForm) {
  const auto lags = coadd_like_correlation();
  const CorrelatedNoise noise(lags, side);
  ConvolverWorkspace workspace;
  const auto w = pattern();
  const auto product = product_by_definition(lags, w);
  double expected = 0.0;
  for (std::size_t k = 0; k < w.size(); ++k)
    expected += w.pixels()[k] * product.pixels()[k];

  EXPECT_NEAR(noise.variance_of_sum(w, workspace) / expected, 1.0, single_precision);
}

TEST(CorrelatedNoise, IsWhiteForALoneOne) {
  const CorrelatedNoise noise(Image<double>(1, 1, 1.0), side);
  ConvolverWorkspace workspace;
  Image<double> product(side, side);
  const auto v = pattern();

  noise.multiply(v, workspace, product);

  EXPECT_TRUE(images_near(product, v, {.relative_to_peak = single_precision}));
  EXPECT_EQ(noise.clipped_share(), 0.0);
  EXPECT_EQ(noise.least_eigenvalue(), 1.0);
}

TEST(CorrelatedNoise, CorrelationsAsMadeAreTheOnesAskedFor) {
  const auto lags = coadd_like_correlation();
  const CorrelatedNoise noise(lags, side);

  // Out to the stamp's opposite edges: nothing comes around the torus.
  const auto made = noise.correlation(side - 1);

  constexpr double rounding = 1.0e-12;
  for (int dy = 1 - side; dy < side; ++dy) {
    for (int dx = 1 - side; dx < side; ++dx) {
      EXPECT_NEAR(correlation_at(made, dy, dx), correlation_at(lags, dy, dx), rounding)
          << dy << " " << dx;
    }
  }
}

TEST(CorrelatedNoise, LagsLargerThanTheStampAreTaken) {
  const Image<double> lags =
      test_support::correlation_of_kernel(std::vector(1, std::vector(20, 1.0)));
  const CorrelatedNoise noise(lags, 8);

  const auto made = noise.correlation(7);

  // A triangle of 20 pixels' reach, whose zeros in the spectrum are raised.
  EXPECT_GT(noise.clipped_share(), 0.0);
  EXPECT_NEAR(made(7, 14), 1.0 - 7.0 / 20.0, 2.0 * noise.clipped_share());
}

TEST(CorrelatedNoise, DependsOnTheStreamAlone) {
  const CorrelatedNoise noise(coadd_like_correlation(), side);
  const CorrelatedNoise other(coadd_like_correlation(), 2 * side);
  ConvolverWorkspace fresh;
  ConvolverWorkspace used;
  drawn(noise, used, 1);
  drawn(other, used, 2);
  Image<double> product(side, side);
  noise.multiply(pattern(), used, product);

  EXPECT_TRUE(images_identical(drawn(noise, used, 3), drawn(noise, fresh, 3)));
  EXPECT_FALSE(images_identical(drawn(noise, used, 3), drawn(noise, used, 4)));
}

TEST(CorrelatedNoise, NegativeEigenvaluesAreClippedAndCounted) {
  // 1 + 2 rho cos k falls to 1 - 2 rho < 0 at the end of the axis.
  Image<double> lags(1, 3, 1.0);
  lags(0, 0) = lags(0, 2) = 0.503;
  const CorrelatedNoise noise(lags, side);

  EXPECT_GT(noise.clipped_share(), 1.0e-4);
  EXPECT_LT(noise.clipped_share(), CorrelatedNoise::most_clipped_share);
  const auto made = noise.correlation(2);
  EXPECT_NEAR(made(2, 2), 1.0, 1.0e-12);
  EXPECT_NEAR(made(2, 3), 0.503, 2.0 * noise.clipped_share());
  EXPECT_GT(noise.least_eigenvalue(), 0.9 * spectrum_floor);
}

TEST(CorrelatedNoise, RefusesWhatNoNoiseCanBe) {
  Image<double> lags(1, 3, 1.0);
  lags(0, 0) = lags(0, 2) = 0.9;
  EXPECT_THAT([&] { CorrelatedNoise(lags, side); },
              ThrowsMessage<DataError>(
                  AllOf(HasSubstr("not positive definite"),
                        HasSubstr("its spectrum falls to -0.8 of white noise's"),
                        HasSubstr("`lensmill noise-model`"))));
  EXPECT_THAT([&] { CorrelatedNoise(Image<double>(2, 2, 1.0), side); },
              ThrowsMessage<DataError>(HasSubstr("both sides must be odd")));
}

}  // namespace
}  // namespace lensmill::imaging
