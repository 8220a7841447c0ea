#include "lib/catalogue/sampler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

namespace lensmill::catalogue {
namespace {

constexpr int draws = 20000;
// P(sqrt(n) D > K) -> 2 exp(-2 K^2) for the Kolmogorov-Smirnov distance D: 7e-6.
constexpr double ks_limit = 2.5;
constexpr double five_sigma = 5.0;

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

/// The distribution function of N(0, 1) truncated to [a, b].
double truncated_cdf(double z, double a, double b) {
  return (normal_cdf(z) - normal_cdf(a)) / (normal_cdf(b) - normal_cdf(a));
}

std::vector<double> many(const Sampler& sampler) {
  std::vector<double> values;
  for (int id = 0; id < draws; ++id) {
    RandomStream stream(20260206, id, StreamTag::theta_e);
    values.push_back(draw(sampler, stream));
  }
  return values;
}

struct Continuous {
  const char* name;
  Sampler sampler;
  std::function<double(double)> cdf;
};
void PrintTo(const Continuous& c, std::ostream* out) { *out << c.name; }

class ContinuousSampler : public testing::TestWithParam<Continuous> {};

TEST_P(ContinuousSampler, FollowsItsDistributionFunction) {
  auto values = many(GetParam().sampler);
  std::sort(values.begin(), values.end());

  double distance = 0.0;
  for (int i = 0; i < draws; ++i) {
    const double f = GetParam().cdf(values[static_cast<std::size_t>(i)]);
    distance = std::max({distance, std::abs(f - double(i) / draws),
                         std::abs(f - double(i + 1) / draws)});
  }

  EXPECT_LT(distance * std::sqrt(double(draws)), ks_limit);
}

TEST_P(ContinuousSampler, QuantileInvertsTheDistributionFunction) {
  constexpr double rounding = 1.0e-12;

  for (double u : {1.0e-9, 0.001, 0.25, 0.5, 0.75, 0.999, 1.0 - 1.0e-9}) {
    EXPECT_NEAR(GetParam().cdf(quantile(GetParam().sampler, u)), u, rounding);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ContinuousSampler,
    testing::Values(
        Continuous{"uniform", Uniform{-2.0, 3.0}, [](double x) { return (x + 2) / 5; }},
        Continuous{"normal", Normal{.mean = 1.0, .sigma = 0.5},
                   [](double x) { return normal_cdf((x - 1.0) / 0.5); }},
        Continuous{"normal_truncated",
                   Normal{.mean = 1.0, .sigma = 0.5, .min = 0.9, .max = 2.5},
                   [](double x) { return truncated_cdf((x - 1.0) / 0.5, -0.2, 3.0); }},
        Continuous{"normal_upper_tail", Normal{.mean = 0.0, .sigma = 1.0, .min = 2.0},
                   [](double x) { return 1.0 - normal_cdf(-x) / normal_cdf(-2.0); }},
        Continuous{"lognormal", Lognormal{.median = 1.5, .sigma_dex = 0.2},
                   [](double x) { return normal_cdf(std::log10(x / 1.5) / 0.2); }},
        Continuous{"lognormal_truncated",
                   Lognormal{.median = 1.5, .sigma_dex = 0.2, .min = 1.0, .max = 3.0},
                   [](double x) {
                     return truncated_cdf(std::log10(x / 1.5) / 0.2,
                                          std::log10(1.0 / 1.5) / 0.2,
                                          std::log10(2.0) / 0.2);
                   }},
        Continuous{"power_law", PowerLaw{.index = -2.5, .min = 0.5, .max = 4.0},
                   [](double x) {
                     const auto f = [](double y) { return std::pow(y, -1.5); };
                     return (f(x) - f(0.5)) / (f(4.0) - f(0.5));
                   }},
        Continuous{"power_law_log", PowerLaw{.index = -1.0, .min = 0.5, .max = 4.0},
                   [](double x) { return std::log(x / 0.5) / std::log(8.0); }},
        Continuous{"power_law_rising", PowerLaw{.index = 2.0, .min = 0.5, .max = 4.0},
                   [](double x) { return (x * x * x - 0.125) / (64.0 - 0.125); }},
        Continuous{"histogram",
                   Histogram{.edges = {0.0, 1.0, 3.0, 4.0}, .weights = {1.0, 2.0, 1.0}},
                   [](double x) { return x / 4.0; }}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(PowerLaw, IsSmoothAcrossMinusOne) {
  // d(log quantile)/d(index) is at most log(max/min)^2 / 8.
  constexpr double step = 1.0e-9;
  constexpr double slope = 4.33 / 8.0;
  const PowerLaw at{.index = -1.0, .min = 0.5, .max = 4.0};
  const PowerLaw beside{.index = -1.0 + step, .min = 0.5, .max = 4.0};

  const double ratio = quantile(Sampler{beside}, 0.4) / quantile(Sampler{at}, 0.4);

  EXPECT_NEAR(ratio, 1.0, 1.01 * slope * step);
}

TEST(Normal, KeepsItsDigitsFarInTheUpperTail) {
  // The distribution function near 1 would leave 1.8e-9 / 1e-16, i.e. 7 digits.
  constexpr double rounding = 1.0e-12;
  const Sampler tail = Normal{.mean = 0.0, .sigma = 1.0, .min = 5.9};

  for (double u : {0.1, 0.5, 0.9}) {
    EXPECT_NEAR(normal_cdf(-quantile(tail, u)) / normal_cdf(-5.9), 1.0 - u, rounding);
  }
}

TEST(StandardNormalQuantile, InvertsErfcIntoBothTails) {
  // A relative error e of the quantile z is an error z^2 e of its tail probability.
  constexpr double quantile_error = 1.0e-15;

  for (double u = 1.0e-300; u < 0.5; u = u < 1.0e-3 ? u * 10.0 : u + 0.01) {
    const double z = standard_normal_quantile(u);
    EXPECT_NEAR(normal_cdf(z) / u, 1.0, (10.0 + z * z) * quantile_error) << u;
  }
  EXPECT_EQ(standard_normal_quantile(0.5), 0.0);
  EXPECT_EQ(standard_normal_quantile(0.25), -standard_normal_quantile(0.75));
}

TEST(Choice, FollowsItsWeights) {
  const std::vector<double> probability{0.5, 0.2, 0.0, 0.3};
  const auto values =
      many(Choice{.values = {1.0, 2.0, 3.0, 4.0}, .weights = {5.0, 2.0, 0.0, 3.0}});

  for (std::size_t i = 0; i < 4; ++i) {
    const double p = probability[i];
    const auto n = std::count(values.begin(), values.end(), double(i + 1));
    EXPECT_NEAR(double(n), p * draws, five_sigma * std::sqrt(draws * p * (1 - p)));
  }
}

TEST(Choice, WithoutWeightsIsEqual) {
  const auto values = many(Choice{.values = {1.0, 2.0, 4.0}, .weights = {}});

  for (double value : {1.0, 2.0, 4.0}) {
    const auto n = std::count(values.begin(), values.end(), value);
    EXPECT_NEAR(double(n), draws / 3.0, five_sigma * std::sqrt(draws * 2.0 / 9.0));
  }
}

TEST(Normal, ClippingPutsTheTailsOnTheBounds) {
  const Normal clipped{
      .mean = 0.6, .sigma = 0.18, .min = 0.05, .max = 0.7, .tails = Tails::clip};
  const auto values = many(clipped);

  const double above = normal_cdf(-(0.7 - 0.6) / 0.18);
  const auto n = std::count(values.begin(), values.end(), 0.7);
  EXPECT_NEAR(double(n), above * draws,
              five_sigma * std::sqrt(draws * above * (1 - above)));
  EXPECT_GE(*std::min_element(values.begin(), values.end()), 0.05);
}

TEST(Constant, IsItself) { EXPECT_EQ(quantile(Constant{2.0}, 0.1), 2.0); }

TEST(SamplerProblem, NamesTheBadParameter) {
  EXPECT_EQ(problem_of(Sampler{Uniform{0.5, 0.05}}),
            "uniform: min must be < max, both finite (got [0.5, 0.05])");
  EXPECT_NE(problem_of(Sampler{Normal{.mean = 0.0, .sigma = -1.0}}), "");
  EXPECT_NE(problem_of(Sampler{Normal{.mean = std::nan("")}}), "");
  EXPECT_NE(problem_of(Sampler{Normal{.mean = 0.0, .sigma = 1.0, .min = 8.0}}), "");
  EXPECT_NE(problem_of(Sampler{Lognormal{.median = 0.0}}), "");
  EXPECT_NE(problem_of(Sampler{Choice{}}), "");
  EXPECT_NE(problem_of(Sampler{Choice{.values = {1.0}, .weights = {1.0, 2.0}}}), "");
  EXPECT_NE(problem_of(Sampler{Choice{.values = {1.0}, .weights = {0.0}}}), "");
  EXPECT_NE(problem_of(Sampler{PowerLaw{.index = 0.0, .min = 0.0, .max = 1.0}}), "");
  EXPECT_NE(problem_of(Sampler{Histogram{.edges = {1.0, 1.0}, .weights = {1.0}}}), "");
  EXPECT_NE(problem_of(Sampler{Constant{std::nan("")}}), "");
  EXPECT_NE(problem_of(Prior{Disc{}}), "");
  EXPECT_NE(problem_of(Prior{Disc{.radius_arcsec = -1.0, .radius_over_theta_e = {}}}),
            "");
}

TEST(SamplerProblem, AcceptsGoodParameters) {
  EXPECT_EQ(problem_of(Sampler{Uniform{0.05, 0.5}}), "");
  EXPECT_EQ(problem_of(Sampler{Normal{.mean = 0.2, .sigma = 0.2, .min = -0.5}}), "");
  EXPECT_EQ(problem_of(Sampler{Choice{.values = {1.0}, .weights = {}}}), "");
  EXPECT_EQ(problem_of(Prior{Disc{.radius_arcsec = {}, .radius_over_theta_e = 0.8}}),
            "");
}

}  // namespace
}  // namespace lensmill::catalogue
