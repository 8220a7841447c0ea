#include "lib/analysis/audit_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

// Amplitude and variance follow each other; the fixed point is reached to 1e-6 sooner.
constexpr int amplitude_iterations = 5;
// Of the larger Fisher eigenvalue: below it only a line of shifts is determined.
constexpr double least_determinant = 1.0e-10;

/// The variance a render of `light` nmgy predicts, without the floor.
double true_variance(const AuditNoise& noise, std::size_t i, double light) {
  const double error = noise.model_error_fraction * light;
  return noise.fixed_variance[i] + std::max(light, 0.0) * noise.inverse_gain +
         error * error;
}

double variance(const AuditNoise& noise, std::size_t i, double light) {
  return noise.fixed_variance[i] + std::max(light, 0.0) * noise.inverse_gain +
         noise.floor_variance;
}

/// Integral of (k - m) / V(m) over m from 0 to mu, V = c + max(m, 0); electrons.
double quasi_likelihood(double k, double mu, double c) {
  if (mu <= 0.0) return mu * (k - 0.5 * mu) / c;
  return (k + c) * std::log1p(mu / c) - mu;
}

double log_likelihood(const AuditNoise& noise, std::size_t i, double data,
                      double light) {
  const double g = noise.inverse_gain;
  const double constant = noise.fixed_variance[i] + noise.floor_variance;
  if (!(g > 0.0)) return -0.5 * (data - light) * (data - light) / constant;
  const double c = constant / (g * g);
  return quasi_likelihood(data / g, light / g, c) -
         quasi_likelihood(data / g, data / g, c);
}

bool used(const AuditNoise& noise, std::size_t i) {
  return std::isfinite(noise.fixed_variance[i]);
}

double unweighted_amplitude(std::span<const float> data, std::span<const float> model,
                            const AuditNoise& noise) {
  double md = 0.0;
  double mm = 0.0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (!used(noise, i)) continue;
    md += double{model[i]} * double{data[i]};
    mm += double{model[i]} * double{model[i]};
  }
  return mm > 0.0 ? md / mm : 0.0;
}

}  // namespace

AuditMatch& AuditMatch::operator+=(const AuditMatch& other) {
  chi2 += other.chi2;
  expected_chi2 += other.expected_chi2;
  chi2_variance += other.chi2_variance;
  log_likelihood += other.log_likelihood;
  pixels += other.pixels;
  signal += other.signal;
  return *this;
}

double AuditMatch::deviation() const {
  return chi2_variance > 0.0 ? (chi2 - expected_chi2) / std::sqrt(chi2_variance) : 0.0;
}

double AuditMatch::reduced() const {
  return expected_chi2 > 0.0 ? chi2 / expected_chi2 : 0.0;
}

double AuditMatch::misfit() const {
  const double excess = chi2 - expected_chi2;
  if (!(excess > 0.0)) return 0.0;
  return signal > 0.0 ? std::sqrt(excess / signal)
                      : std::numeric_limits<double>::infinity();
}

AuditFit fit_amplitude(std::span<const float> data, std::span<const float> model,
                       const AuditNoise& noise) {
  EXPECT(data.size() == model.size() && data.size() == noise.fixed_variance.size());
  AuditFit fit;
  fit.amplitude = unweighted_amplitude(data, model, noise);
  double mm = 0.0;
  for (int iteration = 0; iteration < amplitude_iterations; ++iteration) {
    double md = 0.0;
    mm = 0.0;
    for (std::size_t i = 0; i < data.size(); ++i) {
      if (!used(noise, i)) continue;
      const double m = model[i];
      const double weight = 1.0 / variance(noise, i, fit.amplitude * m);
      md += weight * m * double{data[i]};
      mm += weight * m * m;
    }
    fit.amplitude = mm > 0.0 ? md / mm : 0.0;
  }
  fit.amplitude_error =
      mm > 0.0 ? 1.0 / std::sqrt(mm) : std::numeric_limits<double>::infinity();

  auto& match = fit.match;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (!used(noise, i)) continue;
    const double light = fit.amplitude * double{model[i]};
    const double v = variance(noise, i, light);
    const double r = double{data[i]} - light;
    match.chi2 += r * r / v;
    match.log_likelihood += log_likelihood(noise, i, data[i], light);
    const double t = true_variance(noise, i, light);
    // Fourth cumulant of Poisson counts times nmgy per electron.
    const double g = noise.inverse_gain;
    const double kurtosis = std::max(light, 0.0) * g * g * g;
    match.expected_chi2 += t / v;
    match.chi2_variance += (2.0 * t * t + kurtosis) / (v * v);
    match.pixels += 1.0;
    match.signal += light * light / v;
  }
  return fit;
}

void add_shift_equations(std::span<const float> data, ImageView<const float> model,
                         double amplitude, const AuditNoise& noise,
                         ShiftEquations& equations) {
  EXPECT(data.size() == model.size() && data.size() == noise.fixed_variance.size());
  double mm = 0.0, mx = 0.0, my = 0.0, mr = 0.0;
  double xx = 0.0, xy = 0.0, yy = 0.0, xr = 0.0, yr = 0.0;
  for (int y = 0; y < model.ny(); ++y) {
    const int y0 = std::max(y - 1, 0);
    const int y1 = std::min(y + 1, model.ny() - 1);
    for (int x = 0; x < model.nx(); ++x) {
      const auto i = std::size_t(y) * std::size_t(model.nx()) + std::size_t(x);
      if (!used(noise, i)) continue;
      const int x0 = std::max(x - 1, 0);
      const int x1 = std::min(x + 1, model.nx() - 1);
      const double m = model(y, x);
      const double light = amplitude * m;
      // An image moved by +dx changes by -dx times its derivative.
      const double bx = -amplitude * double{model(y, x1) - model(y, x0)} / (x1 - x0);
      const double by = -amplitude * double{model(y1, x) - model(y0, x)} / (y1 - y0);
      const double r = double{data[i]} - light;
      const double w = 1.0 / variance(noise, i, light);
      mm += w * m * m;
      mx += w * m * bx;
      my += w * m * by;
      mr += w * m * r;
      xx += w * bx * bx;
      xy += w * bx * by;
      yy += w * by * by;
      xr += w * bx * r;
      yr += w * by * r;
    }
  }
  if (!(mm > 0.0)) return;
  equations.xx += xx - mx * mx / mm;
  equations.xy += xy - mx * my / mm;
  equations.yy += yy - my * my / mm;
  equations.x += xr - mx * mr / mm;
  equations.y += yr - my * mr / mm;
}

std::optional<Shift> solve_shift(const ShiftEquations& e) {
  const double determinant = e.xx * e.yy - e.xy * e.xy;
  const double trace = e.xx + e.yy;
  if (!(determinant > least_determinant * trace * trace)) return std::nullopt;
  return Shift{.x_pix = (e.yy * e.x - e.xy * e.y) / determinant,
               .y_pix = (e.xx * e.y - e.xy * e.x) / determinant,
               .x_error_pix = std::sqrt(e.yy / determinant),
               .y_error_pix = std::sqrt(e.xx / determinant)};
}

double parabola_peak(std::span<const double> x, std::span<const double> y) {
  EXPECT(x.size() == y.size() && !x.empty());
  const auto k = static_cast<std::size_t>(std::ranges::max_element(y) - y.begin());
  if (k == 0 || k + 1 == x.size()) return x[k];
  const double curvature = y[k - 1] - 2.0 * y[k] + y[k + 1];
  if (!(curvature < 0.0)) return x[k];
  const double step = x[k + 1] - x[k];
  return x[k] + 0.5 * step * (y[k - 1] - y[k + 1]) / curvature;
}

}  // namespace lensmill::analysis
