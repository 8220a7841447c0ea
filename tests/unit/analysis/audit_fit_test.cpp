#include "lib/analysis/audit_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "lib/core/random_stream.hpp"

namespace lensmill::analysis {
namespace {

// Sums of a few float pixels, in double.
constexpr double rounding = 1.0e-6;
// A Gaussian of sigma 3 pix moved by 0.3 pix: central differences are off by
// (1/6) / sigma^2 = 2 %, the linearisation by (0.3/3)^2 / 2 = 0.5 %.
constexpr double shift_tolerance_pix = 0.01;
// Mean chi2 of 400 stamps of 400 pixels: 1 / sqrt(160000 / 2) = 0.35 %, four of these.
constexpr double mean_chi2_tolerance = 0.015;

AuditNoise white(std::size_t pixels, double variance) {
  AuditNoise noise;
  noise.fixed_variance.assign(pixels, variance);
  return noise;
}

Image<float> blob(double x0, double y0, double peak = 1.0) {
  constexpr double sigma = 3.0;
  Image<float> image(24, 24);
  for (int y = 0; y < 24; ++y) {
    for (int x = 0; x < 24; ++x) {
      const double r2 = (x - x0) * (x - x0) + (y - y0) * (y - y0);
      image(y, x) = static_cast<float>(peak * std::exp(-0.5 * r2 / (sigma * sigma)));
    }
  }
  return image;
}

TEST(FitAmplitude, IsWeightedLeastSquares) {
  const std::vector<float> model{1.0F, 2.0F};
  const std::vector<float> data{3.0F, 4.0F};
  AuditNoise noise;
  noise.fixed_variance = {1.0, 4.0};

  const auto fit = fit_amplitude(data, model, noise);

  // (1*3/1 + 2*4/4) / (1/1 + 4/4) = 2.5; residuals 0.5 and -1.
  EXPECT_NEAR(fit.amplitude, 2.5, rounding);
  EXPECT_NEAR(fit.amplitude_error, 1.0 / std::sqrt(2.0), rounding);
  EXPECT_NEAR(fit.match.chi2, 0.25 + 0.25, rounding);
  EXPECT_NEAR(fit.match.log_likelihood, -0.25, rounding);
  EXPECT_EQ(fit.match.pixels, 2.0);
  EXPECT_NEAR(fit.match.expected_chi2, 2.0, rounding);
  EXPECT_NEAR(fit.match.chi2_variance, 4.0, rounding);
}

TEST(FitAmplitude, LeavesOutPixelsOfInfiniteVariance) {
  const std::vector<float> model{1.0F, 1.0F};
  const std::vector<float> data{2.0F, 1.0e6F};
  AuditNoise noise;
  noise.fixed_variance = {1.0, std::numeric_limits<double>::infinity()};

  const auto fit = fit_amplitude(data, model, noise);

  EXPECT_NEAR(fit.amplitude, 2.0, rounding);
  EXPECT_EQ(fit.match.pixels, 1.0);
}

TEST(FitAmplitude, OfOneElectronPixelIsThePoissonLikelihood) {
  // k = 9 and 1, model 2 and 2, c = 1: score sum (k - a m) m / (a m + 1) = 0 at a
  // = 2.5.
  const std::vector<float> model{2.0F, 2.0F};
  const std::vector<float> data{9.0F, 1.0F};
  auto noise = white(2, 0.0);
  noise.inverse_gain = 1.0;
  noise.floor_variance = 1.0;

  const auto fit = fit_amplitude(data, model, noise);

  EXPECT_NEAR(fit.amplitude, 2.5, rounding);
  // Poisson of k + 1 with mean mu + 1 over that of mean k + 1.
  const auto poisson = [](double k, double mu) { return k * std::log(mu) - mu; };
  const double expected =
      poisson(10.0, 6.0) - poisson(10.0, 10.0) + poisson(2.0, 6.0) - poisson(2.0, 2.0);
  EXPECT_NEAR(fit.match.log_likelihood, expected, rounding);
  // The floor is not noise that is expected: 5 of 6 electrons^2 are.
  EXPECT_NEAR(fit.match.expected_chi2, 2.0 * 5.0 / 6.0, rounding);
}

TEST(FitAmplitude, AnErrorOfTheModelWidensChi2AndNotTheFit) {
  const std::vector<float> model{1.0F, 2.0F};
  const std::vector<float> data{3.0F, 4.0F};
  AuditNoise noise;
  noise.fixed_variance = {1.0, 4.0};
  noise.model_error_fraction = 0.1;

  const auto fit = fit_amplitude(data, model, noise);

  EXPECT_NEAR(fit.amplitude, 2.5, rounding);
  EXPECT_NEAR(fit.match.chi2, 0.5, rounding);
  // Light 2.5 and 5: variances of 0.25^2 and 0.5^2 more.
  EXPECT_NEAR(fit.match.expected_chi2, 1.0625 + 4.25 / 4.0, rounding);
}

TEST(FitAmplitude, AnArcWithoutLightHasNoAmplitude) {
  const std::vector<float> model{0.0F, 0.0F};
  const std::vector<float> data{1.0F, 1.0F};

  const auto fit = fit_amplitude(data, model, white(2, 1.0));

  EXPECT_EQ(fit.amplitude, 0.0);
  EXPECT_TRUE(std::isinf(fit.amplitude_error));
}

TEST(AuditMatch, Chi2OfFewElectronsIsAsExpected) {
  const std::vector<float> model(400, 0.2F);
  auto noise = white(400, 0.0);
  noise.inverse_gain = 1.0;
  noise.floor_variance = 1.0;
  AuditMatch all;
  double scatter = 0.0;
  for (int stamp = 0; stamp < 400; ++stamp) {
    RandomStream stream(1, stamp, StreamTag::self_test);
    std::vector<double> electrons(400);
    stream.fill_poisson(std::vector<double>(400, 0.2), electrons);
    const std::vector<float> data(electrons.begin(), electrons.end());
    const auto match = fit_amplitude(data, model, noise).match;
    all += match;
    scatter += match.deviation() * match.deviation();
  }

  EXPECT_NEAR(all.reduced(), 1.0, mean_chi2_tolerance);
  // The amplitude follows the number of electrons, which takes most of the scatter of
  // Pearson's chi2 away; what is left must not exceed what is allowed for.
  EXPECT_LT(scatter / 400.0, 1.2);
  EXPECT_GT(scatter / 400.0, 0.01);
}

TEST(Shift, IsFoundAndItsErrorIsTheCramerRaoBound) {
  const auto model = blob(11.5, 11.5);
  const auto data = blob(11.8, 11.3, 2.0);
  const auto noise = white(data.size(), 1.0e-4);
  const auto fit = fit_amplitude(data.pixels(), model.pixels(), noise);

  ShiftEquations equations;
  add_shift_equations(data.pixels(), model, fit.amplitude, noise, equations);
  const auto shift = solve_shift(equations);

  ASSERT_TRUE(shift.has_value());
  EXPECT_NEAR(shift->x_pix, 0.3, shift_tolerance_pix);
  EXPECT_NEAR(shift->y_pix, -0.2, shift_tolerance_pix);
  // Sum of (dm/dx)^2 of a Gaussian is pi peak^2 / 2: sigma_noise / (peak sqrt(pi/2)).
  EXPECT_NEAR(shift->x_error_pix, 1.0e-2 / (2.0 * std::sqrt(0.5 * 3.14159)), 3.0e-4);
}

TEST(Shift, OfALineIsNotDetermined) {
  Image<float> line(8, 8);
  for (int y = 0; y < 8; ++y) line(y, 4) = 1.0F;
  ShiftEquations equations;

  add_shift_equations(line.pixels(), line, 1.0, white(64, 1.0), equations);

  EXPECT_FALSE(solve_shift(equations).has_value());
  EXPECT_FALSE(solve_shift({}).has_value());
}

TEST(ParabolaPeak, IsTheVertexOrTheEnd) {
  const std::vector<double> x{0.8, 0.9, 1.0, 1.1};
  std::vector<double> y;
  for (const double v : x) y.push_back(-(v - 0.97) * (v - 0.97));

  EXPECT_NEAR(parabola_peak(x, y), 0.97, 1.0e-12);
  EXPECT_EQ(parabola_peak(x, std::vector<double>{4.0, 3.0, 2.0, 1.0}), 0.8);
  EXPECT_EQ(parabola_peak(x, std::vector<double>{1.0, 2.0, 3.0, 4.0}), 1.1);
}

}  // namespace
}  // namespace lensmill::analysis
