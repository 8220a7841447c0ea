#include "lib/recovery/completeness_fit.hpp"

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <utility>
#include <vector>

#include "lib/analysis/logistic.hpp"

namespace lensmill::recovery {
namespace {

constexpr std::int64_t least_injections = 50;
constexpr std::size_t groups = 10;
constexpr double least_chance = 0.01;
// In standard errors. More than Fieller's interval needs to be bounded: a flat
// completeness must not have a point of 50 % in one of ten fields.
constexpr double least_slope_sigma = 3.0;
static_assert(least_slope_sigma > analysis::confidence_quantile);
// Of a likelihood of 50 terms or more: without effect, but for classes that separate.
constexpr double ridge = 1.0e-6;

struct Point {
  double log_snr;
  bool recovered;
};

double logistic(double score) { return 1.0 / (1.0 + std::exp(-score)); }

/// intercept + slope t, with the covariance of the two; t = (ln SNR - mean) / sigma.
struct Line {
  double mean, sigma;
  double a, b;
  double var_a, var_b, cov;

  double at(double log_snr) const { return a + b * (log_snr - mean) / sigma; }

  /// SNR of a completeness.
  analysis::Estimate snr_of(double completeness) const {
    constexpr double z2 = analysis::confidence_quantile * analysis::confidence_quantile;
    const double shift = a - std::log(completeness / (1.0 - completeness));
    const double square = b * b - z2 * var_b;  // > 0: the slope is significant
    const double linear = b * shift - z2 * cov;
    const double constant = shift * shift - z2 * var_a;
    const double root = std::sqrt(std::max(linear * linear - square * constant, 0.0));
    const auto snr = [&](double t) { return std::exp(mean + sigma * t); };
    // By the delta method, of SNR itself.
    const double t = -shift / b;
    const double error = std::sqrt(var_a + 2.0 * t * cov + t * t * var_b) / std::abs(b);
    return {.value = snr(t),
            .standard_error = snr(t) * sigma * error,
            .lower = snr((-linear - root) / square),
            .upper = snr((-linear + root) / square)};
  }
};

Line fit_line(const std::vector<Point>& points) {
  const auto n = static_cast<Eigen::Index>(points.size());
  Eigen::VectorXd x(n);
  std::vector<char> recovered;
  for (const auto& point : points) {
    x[static_cast<Eigen::Index>(recovered.size())] = point.log_snr;
    recovered.push_back(point.recovered ? 1 : 0);
  }
  Line line{};
  line.mean = x.mean();
  line.sigma = std::sqrt((x.array() - line.mean).square().mean());
  // Of one SNR there is no slope: the Hessian says so.
  const Eigen::MatrixXd t =
      (x.array() - line.mean) / (line.sigma > 0.0 ? line.sigma : 1.0);
  const auto model = analysis::fit_logistic(t, recovered, ridge);
  line.a = model.intercept;
  line.b = model.weight[0];
  const Eigen::ArrayXd p = 1.0 / (1.0 + (-(line.a + line.b * t.col(0).array())).exp());
  const Eigen::ArrayXd weight = p * (1.0 - p);
  const double s0 = weight.sum();
  const double s1 = (weight * t.col(0).array()).sum();
  const double s2 = (weight * t.col(0).array().square()).sum();
  const double determinant = s0 * s2 - s1 * s1;
  line.var_a = s2 / determinant;
  line.var_b = s0 / determinant;
  line.cov = -s1 / determinant;
  return line;
}

/// Chi^2 of the counts in groups of equal size against the line.
double chi2_of(const std::vector<Point>& sorted, const Line& line) {
  double chi2 = 0.0;
  for (std::size_t g = 0; g < groups; ++g) {
    double expected = 0.0, variance = 0.0, found = 0.0;
    for (std::size_t k = g * sorted.size() / groups;
         k < (g + 1) * sorted.size() / groups; ++k) {
      const double p = logistic(line.at(sorted[k].log_snr));
      expected += p;
      variance += p * (1.0 - p);
      found += sorted[k].recovered ? 1.0 : 0.0;
    }
    chi2 += (found - expected) * (found - expected) / variance;
  }
  return chi2;
}

}  // namespace

CompletenessFit fit_completeness(std::span<const Trial> trials) {
  CompletenessFit fit;
  std::vector<Point> points;
  for (const auto& trial : trials) {
    if (trial.variable > 0.0 && std::isfinite(trial.variable)) {
      points.push_back({std::log(trial.variable), trial.recovered});
    }
  }
  fit.injections = static_cast<std::int64_t>(points.size());
  fit.left_out = static_cast<std::int64_t>(trials.size()) - fit.injections;
  if (fit.injections < least_injections) {
    fit.problem = fmt::format("{} injections have an SNR, {} are needed",
                              fit.injections, least_injections);
    return fit;
  }
  std::ranges::sort(points, [](const Point& a, const Point& b) {
    return std::pair(a.log_snr, a.recovered) < std::pair(b.log_snr, b.recovered);
  });
  const Line line = fit_line(points);
  const double least_slope = least_slope_sigma * std::sqrt(line.var_b);
  if (!(std::abs(line.b) > least_slope) || !(line.sigma > 0.0)) {
    fit.problem = "completeness has no slope with SNR that these injections can tell";
    return fit;
  }
  fit.chi2 = chi2_of(points, line);
  // Two parameters are fitted.
  fit.chance_of_chi2 =
      boost::math::gamma_q(0.5 * static_cast<double>(groups - 2), 0.5 * fit.chi2);
  if (!(fit.chance_of_chi2 >= least_chance)) {
    fit.problem = fmt::format(
        "the logistic does not describe the counts (chi^2 {:.1f} of {} groups)",
        fit.chi2, groups);
    return fit;
  }
  fit.slope = line.b / line.sigma;
  fit.intercept = line.a - fit.slope * line.mean;
  fit.snr_50 = line.snr_of(0.5);
  fit.snr_90 = line.snr_of(0.9);
  return fit;
}

}  // namespace lensmill::recovery
