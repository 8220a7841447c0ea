#include "pipeline/audit/stamp_noise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lib/core/random_stream.hpp"
#include "pipeline/audit/prepare_bands.hpp"

namespace lensmill::pipeline {
namespace {

constexpr int n = 48;
constexpr double sigma_nmgy = 0.01;
constexpr double smoothing_pix = 1.2;

/// Noise of that sigma per pixel, white or smoothed by a Gaussian.
Image<float> noise(int number, bool smooth) {
  constexpr int border = 6;
  constexpr int side = n + 2 * border;
  RandomStream stream(4, number, StreamTag::self_test);
  Image<double> white(side, side);
  for (double& v : white.pixels()) v = stream.normal();
  std::vector<double> weights;
  double squares = 0.0;
  for (int a = -border; a <= border; ++a) {
    for (int b = -border; b <= border; ++b) {
      weights.push_back(
          std::exp(-0.5 * (a * a + b * b) / (smoothing_pix * smoothing_pix)));
      squares += weights.back() * weights.back();
    }
  }
  Image<float> result(n, n);
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      double value = white(y + border, x + border);
      if (smooth) {
        value = 0.0;
        std::size_t k = 0;
        for (int a = 0; a <= 2 * border; ++a) {
          for (int b = 0; b <= 2 * border; ++b) {
            value += weights[k++] * white(y + a, x + b) / std::sqrt(squares);
          }
        }
      }
      result(y, x) = static_cast<float>(sigma_nmgy * value);
    }
  }
  return result;
}

analysis::AuditNoise stated() {
  analysis::AuditNoise noise;
  noise.fixed_variance.assign(std::size_t{n} * n, sigma_nmgy * sigma_nmgy);
  return noise;
}

BlankNoise measured(bool smooth) {
  BlankNoise result;
  const Image<float> dark(n, n);
  for (int k = 0; k < 40; ++k) {
    result.add(noise(k, smooth).view(), dark.view(), stated());
  }
  return result;
}

TEST(BlankNoise, OfWhiteNoiseHasNoCorrelation) {
  const auto found = measured(false);

  EXPECT_FALSE(found.correlation());
  EXPECT_NEAR(found.variance_ratio(), 1.0, 0.02);  // 9e4 pixels
  EXPECT_EQ(found.pixels(), 40 * n * n);
}

TEST(BlankNoise, LeavesOutPixelsNearLight) {
  Image<float> light(n, n);
  light(20, 20) = 1.0F;
  BlankNoise found;
  found.add(noise(0, false).view(), light.view(), stated());

  EXPECT_EQ(found.pixels(), n * n - 25);
}

TEST(BlankNoise, OfSmoothedNoiseHasThatOfTheGaussian) {
  const auto found = measured(true).correlation();

  ASSERT_TRUE(found);
  const auto expected = [](double r) {
    return std::exp(-r * r / (4.0 * smoothing_pix * smoothing_pix));
  };
  EXPECT_NEAR((*found)(most_lag_pix, most_lag_pix + 1), expected(1.0), 0.02);
  EXPECT_NEAR((*found)(most_lag_pix + 2, most_lag_pix), expected(2.0), 0.05);
}

// Means over blocks as large as a PSF are of frequencies that have power: those of the
// filtered noise scatter as those of white noise of variance 1.
TEST(Whitening, LeavesSmoothedNoiseWhiteWhereThereIsPower) {
  constexpr int block = 8;
  const auto correlation = measured(true).correlation();
  ASSERT_TRUE(correlation);
  const Whitening whitening(correlation->view(), n);
  double sum = 0.0, count = 0.0;
  for (int k = 100; k < 160; ++k) {
    const auto white = whitening.apply(noise(k, true).view(), stated().fixed_variance);
    for (int y = 8; y + block <= n - 8; y += block) {
      for (int x = 8; x + block <= n - 8; x += block) {
        double total = 0.0;
        for (int a = 0; a < block; ++a) {
          for (int b = 0; b < block; ++b) total += double{white(y + a, x + b)};
        }
        sum += total * total / (block * block);
        count += 1.0;
      }
    }
  }

  // That each stamp's mean is taken from its blank pixels hides power at the lowest
  // frequencies from the measured correlations: what is left of them is above 1. By the
  // mean variance of the filtered pixels alone it would be 3.
  EXPECT_GT(sum / count, 0.75);
  EXPECT_LT(sum / count, 1.5);
  const auto variance = whitening.variance(stated().fixed_variance);
  EXPECT_NEAR(variance[std::size_t{24} * n + 24] + whitening.floor_variance(), 1.0,
              1.0e-9);
}

TEST(PairLine, IsThatOfThePixelsWithoutAnArc) {
  RandomStream stream(2, 0, StreamTag::self_test);
  std::vector<float> negative(1000), positive(1000);
  for (std::size_t i = 0; i < negative.size(); ++i) {
    negative[i] = static_cast<float>(stream.normal());
    positive[i] = 0.4F * negative[i] + 0.25F + (i < 300 ? 0.5F : 0.0F);
  }

  const auto line = pair_line(positive, negative);

  EXPECT_NEAR(line.slope, 0.4, 1.0e-5);
  EXPECT_NEAR(line.constant, 0.25, 1.0e-5);
}

}  // namespace
}  // namespace lensmill::pipeline
