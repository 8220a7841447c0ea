#include "lib/imaging/noise_measurement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/imaging/correlated_noise.hpp"
#include "lib/imaging/noise_spectrum.hpp"
#include "tests/support/image_matchers.hpp"
#include "tests/support/noise_correlations.hpp"

namespace lensmill::imaging {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int max_lag = 4;
constexpr int cell_pix = 40;

Image<float> noise_image(const Image<double>& lags, int side, int id) {
  const CorrelatedNoise noise(lags, side);
  ConvolverWorkspace workspace;
  Image<float> image(side, side);
  noise.draw(RandomStream(3, id, StreamTag::self_test), workspace, image);
  return image;
}

/// A mask with holes and a strip that is of no use.
Image<std::uint8_t> holey(int side) {
  Image<std::uint8_t> mask(side, side, 1);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      if (std::hypot(x % 37 - 18, y % 29 - 14) < 6.0 || x < 5) mask(y, x) = 0;
    }
  }
  return mask;
}

TEST(CellGrid, CoversTheImageOnce) {
  const CellGrid cells(100, 230, 64);
  Image<int> seen(100, 230);

  for (int row = 0; row < cells.rows(); ++row) {
    for (int column = 0; column < cells.columns(); ++column) {
      const auto box = cells.box(row, column);
      for (int y = box.y; y < box.y + box.ny; ++y) {
        for (int x = box.x; x < box.x + box.nx; ++x) ++seen(y, x);
      }
    }
  }

  EXPECT_EQ(cells.rows(), 2);
  EXPECT_EQ(cells.columns(), 4);
  for (const int times : seen.pixels()) EXPECT_EQ(times, 1);
}

TEST(MeasureCorrelation, IsTheMeanOverPairsOfBlankPixels) {
  const int side = 80;
  const auto image = noise_image(test_support::coadd_like_correlation(), side, 1);
  const auto mask = holey(side);

  const auto measured = measure_correlation(image, mask, max_lag, cell_pix);

  // The definition, in pairs; four cells.
  ASSERT_EQ(measured.cells, 4);
  Image<double> products(2 * max_lag + 1, 2 * max_lag + 1);
  Image<double> pairs = products;
  for (int cell = 0; cell < 4; ++cell) {
    const int y0 = cell / 2 * cell_pix;
    const int x0 = cell % 2 * cell_pix;
    double mean = 0.0;
    int count = 0;
    for (int y = y0; y < y0 + cell_pix; ++y) {
      for (int x = x0; x < x0 + cell_pix; ++x) {
        mean += mask(y, x) * double{image(y, x)};
        count += mask(y, x);
      }
    }
    mean /= count;
    for (int y = y0; y < y0 + cell_pix; ++y) {
      for (int x = x0; x < x0 + cell_pix; ++x) {
        for (int v = std::max(y0, y - max_lag);
             v <= std::min(y0 + cell_pix - 1, y + max_lag); ++v) {
          for (int u = std::max(x0, x - max_lag);
               u <= std::min(x0 + cell_pix - 1, x + max_lag); ++u) {
            if (mask(y, x) == 0 || mask(v, u) == 0) continue;
            products(v - y + max_lag, u - x + max_lag) +=
                (double{image(y, x)} - mean) * (double{image(v, u)} - mean);
            pairs(v - y + max_lag, u - x + max_lag) += 1.0;
          }
        }
      }
    }
  }
  EXPECT_EQ(measured.blank_pixels, std::llround(pairs(max_lag, max_lag)));
  // What the means took is the same at all lags: it drops out of differences.
  const auto covariance = [&](int y, int x) { return products(y, x) / pairs(y, x); };
  const double scale = measured.variance;
  constexpr double single_precision = 1.0e-5;
  for (int y = 0; y <= 2 * max_lag; ++y) {
    for (int x = 0; x <= 2 * max_lag; ++x) {
      EXPECT_NEAR(measured.correlation(y, x) - 1.0,
                  (covariance(y, x) - covariance(max_lag, max_lag)) / scale,
                  single_precision)
          << y << " " << x;
    }
  }
  EXPECT_GT(measured.variance, covariance(max_lag, max_lag));
}

TEST(MeasureCorrelation, IsUnbiasedAndKnowsItsErrors) {
  const auto lags = test_support::coadd_like_correlation();
  const int side = 120;
  const int images = 60;
  const auto mask = holey(side);
  Image<double> sum(2 * max_lag + 1, 2 * max_lag + 1);
  Image<double> squares = sum;
  Image<double> claimed = sum;
  double variance = 0.0;
  for (int id = 0; id < images; ++id) {
    const auto measured =
        measure_correlation(noise_image(lags, side, id), mask, max_lag, cell_pix);
    variance += measured.variance / images;
    for (std::size_t k = 0; k < sum.size(); ++k) {
      const double rho = measured.correlation.pixels()[k];
      sum.pixels()[k] += rho / images;
      squares.pixels()[k] += rho * rho / images;
      claimed.pixels()[k] += std::pow(measured.uncertainty.pixels()[k], 2) / images;
    }
  }

  // 41 lags of 60 images each.
  constexpr double most_sigmas = 4.0;
  double ratio = 0.0;
  for (int dy = -max_lag; dy <= max_lag; ++dy) {
    for (int dx = -max_lag; dx <= max_lag; ++dx) {
      if (dy == 0 && dx == 0) continue;
      const double mean = sum(dy + max_lag, dx + max_lag);
      const double scatter =
          std::sqrt(squares(dy + max_lag, dx + max_lag) - mean * mean);
      EXPECT_NEAR(mean, test_support::correlation_at(lags, dy, dx),
                  most_sigmas * scatter / std::sqrt(images))
          << dy << " " << dx;
      ratio += std::sqrt(claimed(dy + max_lag, dx + max_lag)) / scatter / 80.0;
    }
  }
  EXPECT_NEAR(variance, 1.0, 0.01);  // 60 x 10^4 correlated pixels
  // Nine cells tell an error to a quarter, 60 images a scatter to a tenth.
  EXPECT_NEAR(ratio, 1.0, 0.15);
}

TEST(MeasureCorrelation, NeedsBlankPixels) {
  const int side = 80;
  auto mask = holey(side);
  for (int y = 0; y < side / 2; ++y) {
    for (int x = 0; x < side / 2; ++x) mask(y, x) = 0;
  }
  EXPECT_THAT(
      [&] {
        measure_correlation(Image<float>(side, side, 1.0F), mask, max_lag, cell_pix);
      },
      ThrowsMessage<DataError>(HasSubstr("too few blank pixels: 3 of 4 cells of 40")));
}

TEST(BlankScatter, IsTheScatterAboutEachCellsMean) {
  const int side = 80;
  auto image = noise_image(Image<double>(1, 1, 1.0), side, 5);
  // Sky that differs from cell to cell, and a pixel that is not blank.
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      image(y, x) = 3.0F * image(y, x) + 100.0F * static_cast<float>(y / cell_pix);
    }
  }
  Image<std::uint8_t> mask(side, side, 1);
  image(3, 3) = 1.0e6F;
  mask(3, 3) = 0;

  const auto scatter = blank_scatter(image, mask, cell_pix);

  // 6400 pixels: 0.9 % for the rms, 1.5 % for the MAD; four sigmas.
  EXPECT_NEAR(scatter.rms / 3.0, 1.0, 0.036);
  EXPECT_NEAR(scatter.mad / 3.0, 1.0, 0.06);
}

TEST(PositiveDefinite, LeavesWhatIsAlone) {
  const auto lags = test_support::coadd_like_correlation();

  EXPECT_TRUE(test_support::images_near(positive_definite(lags), lags, {}));
}

TEST(PositiveDefinite, MakesNoisyCorrelationsThatNoiseCanHave) {
  // Noise whose spectrum vanishes at high frequencies, measured with errors.
  auto lags = test_support::correlation_of_kernel(
      {{1.0, 2.0, 1.0}, {2.0, 4.0, 2.0}, {1.0, 2.0, 1.0}});
  constexpr double error = 0.02;
  RandomStream stream(1, 1, StreamTag::self_test);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 5; ++x) {
      lags(y, x) += error * stream.normal();
      lags(4 - y, 4 - x) = lags(y, x);
    }
  }
  auto before = torus_spectrum(lags, 32);
  ASSERT_GT(raise_to_floor(before, 32), 1.0e-3);

  const auto definite = positive_definite(lags);

  auto after = torus_spectrum(definite, 34);
  EXPECT_LT(raise_to_floor(after, 34), 1.0e-4);
  EXPECT_EQ(correlation_problem(definite), "");
  EXPECT_NEAR(definite(2, 2), 1.0, 1.0e-12);
  EXPECT_TRUE(test_support::images_near(definite, lags, {.absolute = 4.0 * error}));
}

}  // namespace
}  // namespace lensmill::imaging
