#include "lib/imaging/noise_spectrum.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "tests/support/image_matchers.hpp"
#include "tests/support/noise_correlations.hpp"

namespace lensmill::imaging {
namespace {

using test_support::images_near;
using testing::HasSubstr;

// Sums of some thousand terms in double.
constexpr double rounding = 1.0e-12;

Image<double> white() { return {1, 1, 1.0}; }

TEST(TorusSpectrum, OfWhiteNoiseIsOneEverywhere) {
  const auto spectrum = torus_spectrum(white(), 16);

  ASSERT_EQ(spectrum.ny(), 16);
  ASSERT_EQ(spectrum.nx(), 9);
  for (const double value : spectrum.pixels()) EXPECT_NEAR(value, 1.0, rounding);
}

TEST(TorusSpectrum, IsTheCosineSumOfItsDefinition) {
  const auto lags = test_support::coadd_like_correlation();
  const int size = 12;

  const auto spectrum = torus_spectrum(lags, size);

  for (int ky = 0; ky < size; ++ky) {
    for (int kx = 0; kx <= size / 2; ++kx) {
      double expected = 0.0;
      for (int dy = -2; dy <= 2; ++dy) {
        for (int dx = -2; dx <= 2; ++dx) {
          expected += lags(dy + 2, dx + 2) *
                      std::cos(2.0 * std::numbers::pi * (ky * dy + kx * dx) / size);
        }
      }
      EXPECT_NEAR(spectrum(ky, kx), expected, rounding) << ky << " " << kx;
    }
  }
}

TEST(TorusCorrelation, IsTheInverse) {
  const auto lags = test_support::coadd_like_correlation();

  const auto back = torus_correlation(torus_spectrum(lags, 12), 12, 2, 2);

  EXPECT_TRUE(images_near(back, lags, {.absolute = rounding}));
}

/// The whole table of a correlation function's spectrum at ny x nx frequencies, by its
/// definition.
Image<double> power_of(const Image<double>& lags, int ny, int nx) {
  Image<double> power(ny, nx);
  for (int ky = 0; ky < ny; ++ky) {
    for (int kx = 0; kx < nx; ++kx) {
      for (int dy = -(lags.ny() / 2); dy <= lags.ny() / 2; ++dy) {
        for (int dx = -(lags.nx() / 2); dx <= lags.nx() / 2; ++dx) {
          const double turns =
              static_cast<double>(ky) * dy / ny + static_cast<double>(kx) * dx / nx;
          power(ky, kx) += test_support::correlation_at(lags, dy, dx) *
                           std::cos(2.0 * std::numbers::pi * turns);
        }
      }
    }
  }
  return power;
}

TEST(CorrelationOfPower, GivesTheLagsBackWhateverTheScaleAndTheSides) {
  const auto lags = test_support::coadd_like_correlation();
  for (const auto& [ny, nx] : {std::pair{5, 5}, {7, 5}, {9, 12}}) {
    auto power = power_of(lags, ny, nx);
    for (double& value : power.pixels()) value *= 37.0;

    const auto back = correlation_of_power(power);

    ASSERT_EQ(back.ny(), 2 * (ny / 2) + 1);
    ASSERT_EQ(back.nx(), 2 * (nx / 2) + 1);
    EXPECT_EQ(correlation_problem(back), "");
    for (int dy = -(ny / 2); dy <= ny / 2; ++dy) {
      for (int dx = -(nx / 2); dx <= nx / 2; ++dx) {
        EXPECT_NEAR(back(dy + ny / 2, dx + nx / 2),
                    test_support::correlation_at(lags, dy, dx), rounding)
            << ny << " x " << nx << ": " << dy << " " << dx;
      }
    }
  }
}

TEST(CorrelationOfPower, KeepsAnEvenTablesHighestFrequency) {
  // Only the checkerboard: rho = (-1)^(dy + dx), of which lag 2 of a table of 4 is both
  // +2 and -2.
  Image<double> power(4, 4);
  power(2, 2) = 5.0;

  const auto lags = correlation_of_power(power);

  ASSERT_EQ(lags.ny(), 5);
  EXPECT_NEAR(lags(2, 3), -1.0, rounding);
  EXPECT_NEAR(lags(3, 3), 1.0, rounding);
  EXPECT_NEAR(lags(2, 4), 0.5, rounding);
  EXPECT_NEAR(lags(4, 4), 0.25, rounding);
  const auto again = power_of(lags, 4, 4);
  for (int ky = 0; ky < 4; ++ky) {
    for (int kx = 0; kx < 4; ++kx) {
      EXPECT_NEAR(again(ky, kx), ky == 2 && kx == 2 ? 16.0 : 0.0, 16.0 * rounding);
    }
  }
}

TEST(PowerSpectrumProblem, NamesWhatIsWrong) {
  auto power = power_of(test_support::coadd_like_correlation(), 8, 9);
  EXPECT_EQ(power_spectrum_problem(power), "");
  power(1, 2) += 0.5;
  EXPECT_THAT(power_spectrum_problem(power),
              HasSubstr("frequencies (ky 1, kx 2) and (7, 7) must be equal"));
  power(1, 2) = -0.1;
  EXPECT_THAT(power_spectrum_problem(power),
              HasSubstr("frequency (ky 1, kx 2): must be >= 0 (got -0.1)"));
  EXPECT_THAT(power_spectrum_problem(Image<double>(3, 3)), HasSubstr("is zero"));
  EXPECT_THAT(power_spectrum_problem(Image<double>(1, 300, 1.0)),
              HasSubstr("at most 257 x 257"));
}

TEST(RaiseToFloor, RaisesWhatIsBelowAndSaysHowMuch) {
  const int size = 8;
  Image<double> spectrum(size, size / 2 + 1, 1.0);
  spectrum(3, 0) = -0.2;   // stands for itself
  spectrum(5, 2) = 0.0;    // stands for its mirror image too
  spectrum(1, 1) = 0.002;  // above the floor

  const double added = raise_to_floor(spectrum, size);

  const double expected = (0.2 + spectrum_floor + 2.0 * spectrum_floor) / 64.0;
  EXPECT_NEAR(added, expected, rounding);
  EXPECT_EQ(spectrum(3, 0), spectrum_floor);
  EXPECT_EQ(spectrum(5, 2), spectrum_floor);
  EXPECT_EQ(spectrum(1, 1), 0.002);
}

TEST(CorrelationProblem, IsNoneForACorrelationFunction) {
  EXPECT_EQ(correlation_problem(white()), "");
  EXPECT_EQ(correlation_problem(test_support::coadd_like_correlation()), "");
}

TEST(CorrelationProblem, NamesWhatIsWrong) {
  Image<double> lags = test_support::coadd_like_correlation();
  lags(1, 1) += 0.1;
  EXPECT_THAT(correlation_problem(lags),
              HasSubstr("lags (dy -1, dx -1) and (1, 1) must be equal, being the same "
                        "pair of pixels"));
  lags = test_support::coadd_like_correlation();
  for (double& value : lags.pixels()) value *= 0.9;
  EXPECT_THAT(correlation_problem(lags),
              HasSubstr("lag (0, 0), in the middle, must be 1 (got 0.9)"));
  lags(0, 4) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(correlation_problem(lags), HasSubstr("lag (dy -2, dx 2): must be in"));
  EXPECT_THAT(correlation_problem(Image<double>(2, 3, 1.0)),
              HasSubstr("has 2 x 3 lags; both sides must be odd"));
  EXPECT_THAT(correlation_problem(Image<double>(1, most_lags + 2, 1.0)),
              HasSubstr("at most 257 x 257"));
}

}  // namespace
}  // namespace lensmill::imaging
