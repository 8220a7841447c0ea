#include "lib/measure/correlated_snr.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lib/imaging/noise_spectrum.hpp"
#include "lib/measure/snr.hpp"
#include "tests/support/noise_correlations.hpp"

namespace lensmill::measure {
namespace {

using imaging::CorrelatedNoise;

constexpr int side = 14;
// What correlated_snr.hpp promises.
constexpr double promised = 1.0e-3;
// Where the matrix is the identity one step of the iteration is exact.
constexpr double single_precision = 1.0e-6;

/// An arc that the stamp's edge cuts.
Image<float> arc() {
  Image<float> image(side, side);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double r = std::hypot(x - 9.0, y - 5.0);
      image(y, x) = static_cast<float>(std::exp(-0.5 * std::pow((r - 5.0) / 1.2, 2)));
    }
  }
  return image;
}

struct Variances {
  Image<float> correlated{side, side, 1.0F};
  Image<float> white{side, side, 0.0F};
};

/// Sky of a variance that changes from pixel to pixel, a bright host in the middle.
Variances uneven() {
  Variances v;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      v.correlated(y, x) = static_cast<float>(1.0 + 0.5 * std::sin(0.9 * x) * (y % 3));
      v.white(y, x) =
          static_cast<float>(4.0 * std::exp(-0.3 * std::hypot(x - 7, y - 7)));
    }
  }
  return v;
}

double dense_snr(const Image<double>& lags, const Image<float>& signal,
                 const Variances& v) {
  const std::vector<double> a(signal.pixels().begin(), signal.pixels().end());
  const auto x = test_support::solve_dense(
      test_support::dense_covariance(lags, v.correlated, v.white), a);
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * x[k];
  return std::sqrt(sum);
}

double snr_of(const CorrelatedNoise& noise, const Image<float>& signal,
              const Variances& v) {
  CovarianceWorkspace workspace;
  return matched_filter_snr(signal,
                            {.correlated = noise,
                             .correlated_variance = v.correlated,
                             .white_variance = v.white},
                            workspace);
}

TEST(CorrelatedMatchedFilter, IsTheDenseSolution) {
  const auto lags = test_support::coadd_like_correlation();
  const CorrelatedNoise noise(lags, side);

  EXPECT_NEAR(snr_of(noise, arc(), {}) / dense_snr(lags, arc(), {}), 1.0, promised);
  EXPECT_NEAR(snr_of(noise, arc(), uneven()) / dense_snr(lags, arc(), uneven()), 1.0,
              promised);
}

TEST(CorrelatedMatchedFilter, IsTheDenseSolutionForNoiseThatIsAllButSingular) {
  // Noise of a broad kernel, as of images made with larger pixels, and a signal sharper
  // than the noise, which the best filter sees almost free of noise.
  const auto smooth = test_support::correlation_of_kernel({{0.2, 0.6, 0.6, 0.2},
                                                           {0.6, 1.0, 1.0, 0.6},
                                                           {0.6, 1.0, 1.0, 0.6},
                                                           {0.2, 0.6, 0.6, 0.2}});
  const CorrelatedNoise noise(smooth, side);
  Image<float> point(side, side);
  point(6, 7) = 1.0F;
  ASSERT_LT(noise.least_eigenvalue(), 1.01 * imaging::spectrum_floor);
  // Of the noise as it is made, floor and all.
  const auto lags = noise.correlation(side - 1);

  for (const auto& signal : {point, arc()}) {
    const double exact = dense_snr(lags, signal, {});
    const double found = snr_of(noise, signal, {});
    EXPECT_NEAR(found / exact, 1.0, promised);
    EXPECT_LT(found / exact, 1.0 + single_precision * 100.0);
  }
}

TEST(CorrelatedMatchedFilter, OfWhiteNoiseIsTheSumOverPixels) {
  const CorrelatedNoise white(Image<double>(1, 1, 1.0), side);
  const Variances v = uneven();
  Image<float> total(side, side);
  for (std::size_t k = 0; k < total.size(); ++k) {
    total.pixels()[k] = v.correlated.pixels()[k] + v.white.pixels()[k];
  }

  const Image<float> none(side, side);
  const auto snr = matched_filter_snr(arc(), none, total);
  EXPECT_NEAR(snr_of(white, arc(), v) / snr[0], 1.0, single_precision);
  EXPECT_EQ(snr[1], 0.0);
}

TEST(CorrelatedMatchedFilter, LeavesOutPixelsWithoutVariance) {
  const auto lags = test_support::coadd_like_correlation();
  const CorrelatedNoise noise(lags, side);
  Variances masked = uneven();
  Variances remote = uneven();
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < 5; ++x) {
      masked.correlated(y, x) = std::numeric_limits<float>::quiet_NaN();
      // As good as absent: so much noise that nothing is learnt.
      remote.white(y, x) = 1.0e12F;
    }
  }

  EXPECT_NEAR(snr_of(noise, arc(), masked) / dense_snr(lags, arc(), remote), 1.0,
              promised);
}

TEST(CorrelatedMatchedFilter, OfNothingIsZeroAndOfNoPixelNaN) {
  const CorrelatedNoise noise(test_support::coadd_like_correlation(), side);
  Variances none;
  none.correlated.assign(side, side, 0.0F);

  EXPECT_EQ(snr_of(noise, Image<float>(side, side), {}), 0.0);
  EXPECT_TRUE(std::isnan(snr_of(noise, arc(), none)));
}

TEST(CorrelatedAperture, HasTheNoiseOfTheSum) {
  const auto lags = test_support::coadd_like_correlation();
  const CorrelatedNoise noise(lags, side);
  const Variances v = uneven();
  const auto aperture =
      pixel_overlap_weights(side, {.x_pix = 7.2, .y_pix = 6.1, .radius_pix = 3.0});
  const auto matrix = test_support::dense_covariance(lags, v.correlated, v.white);
  const auto w = aperture.weight.pixels();
  double variance = 0.0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    for (std::size_t j = 0; j < w.size(); ++j) {
      variance += w[i] * matrix[i * w.size() + j] * w[j];
    }
  }
  const auto signal = arc();
  const double expected = aperture_sum(aperture, signal) / std::sqrt(variance);
  CovarianceWorkspace workspace;

  const double found = aperture_snr(aperture, signal,
                                    {.correlated = noise,
                                     .correlated_variance = v.correlated,
                                     .white_variance = v.white},
                                    workspace);

  EXPECT_NEAR(found / expected, 1.0, single_precision);
}

TEST(CorrelatedScale, GivesTheTargetWithTheArcsOwnNoise) {
  const auto lags = test_support::coadd_like_correlation();
  const CorrelatedNoise noise(lags, side);
  const Variances v = uneven();
  const auto unit = arc();
  constexpr double target = 30.0;
  constexpr double inverse_gain = 0.2;
  CovarianceWorkspace workspace;
  // Two bands with the same arc share the target.
  const CorrelatedSnrBand band{.unit_arc = unit,
                               .covariance = {.correlated = noise,
                                              .correlated_variance = v.correlated,
                                              .white_variance = v.white},
                               .inverse_gain = inverse_gain};
  const std::vector bands{band, band};

  const auto scale = scale_for_snr(bands, target, workspace);

  ASSERT_TRUE(scale.has_value());
  Variances with_arc = v;
  Image<float> scaled = unit;
  for (std::size_t k = 0; k < unit.size(); ++k) {
    scaled.pixels()[k] *= static_cast<float>(*scale);
    with_arc.white.pixels()[k] += static_cast<float>(inverse_gain) * scaled.pixels()[k];
  }
  EXPECT_NEAR(dense_snr(lags, scaled, with_arc) * std::sqrt(2.0) / target, 1.0,
              promised);
  EXPECT_FALSE(scale_for_snr(bands, 0.0, workspace).has_value());
}

}  // namespace
}  // namespace lensmill::measure
