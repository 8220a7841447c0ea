#include "lib/measure/correlated_snr.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "lib/measure/scale_search.hpp"

namespace lensmill::measure {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
// The last steps of the iteration must add less than this share of the squared SNR.
// What is then missing is within 1e-3 of it for spectra down to
// imaging::spectrum_floor.
constexpr double snr_tolerance = 1.0e-4;
constexpr std::size_t looked_back = 3;
// While a scale is searched for, so that the end of the iteration, which jumps with the
// scale, does not mislead the search.
constexpr double search_tolerance = 1.0e-7;
constexpr double search_accuracy = 1.0e-6;

bool usable(double variance) { return variance > 0.0 && std::isfinite(variance); }

double dot(const Image<double>& a, const Image<double>& b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a.pixels()[k] * b.pixels()[k];
  return sum;
}

/// A scaled signal in its noise.
struct Problem {
  ImageView<const float> signal;
  double scale = 1.0;
  const NoiseCovariance& covariance;
  double inverse_gain = 0.0;  ///< of the signal's own Poisson noise
};

/// residual = V^(-1/2) a, share = sqrt(D / V); both 0 where V is of no use. \return
/// whether any pixel is usable
bool scale_by_variance(const Problem& problem, CovarianceWorkspace& workspace) {
  const auto signal = problem.signal.pixels();
  const auto correlated = problem.covariance.correlated_variance.pixels();
  const auto white = problem.covariance.white_variance.pixels();
  EXPECT(signal.size() == correlated.size() && signal.size() == white.size());
  const int ny = problem.signal.ny();
  const int nx = problem.signal.nx();
  workspace.residual.assign(ny, nx);
  workspace.share.assign(ny, nx);
  bool any = false;
  for (std::size_t k = 0; k < signal.size(); ++k) {
    const double a = problem.scale * double{signal[k]};
    const double d = double{correlated[k]};
    const double v = d + double{white[k]} + std::max(a, 0.0) * problem.inverse_gain;
    if (!usable(v)) continue;
    any = true;
    workspace.residual.pixels()[k] = a / std::sqrt(v);
    workspace.share.pixels()[k] = std::sqrt(d / v);
  }
  return any;
}

/// product = K direction, K = V^(-1/2) C V^(-1/2): share R share + 1 - share^2.
void multiply(const imaging::CorrelatedNoise& noise, CovarianceWorkspace& workspace) {
  const auto share = workspace.share.pixels();
  const auto direction = workspace.direction.pixels();
  const auto product = workspace.product.pixels();
  for (std::size_t k = 0; k < share.size(); ++k) product[k] = share[k] * direction[k];
  noise.multiply(workspace.product, workspace.transforms, workspace.product);
  for (std::size_t k = 0; k < share.size(); ++k) {
    product[k] = share[k] * product[k] + (1.0 - share[k] * share[k]) * direction[k];
  }
}

/// b^T K^-1 b by conjugate gradients from x = 0 (Hestenes & Stiefel 1952, their sum of
/// squares 6:2): each step adds its gain, so that the solution itself is not needed and
/// the sum grows towards the exact value.
double squared_snr(const Problem& problem, double tolerance,
                   CovarianceWorkspace& workspace) {
  if (!scale_by_variance(problem, workspace)) return nan;
  const auto& noise = problem.covariance.correlated;
  auto& residual = workspace.residual;
  auto& direction = workspace.direction;
  auto& product = workspace.product;
  direction = residual;
  product.assign(residual.ny(), residual.nx());
  // The bound on steps of this condition, for four more digits than are asked for.
  const double condition = std::max(1.0, noise.greatest_eigenvalue()) /
                           std::min(1.0, noise.least_eigenvalue());
  const int most_steps = 10 + static_cast<int>(6.0 * std::sqrt(condition));
  std::array<double, looked_back> gains{};
  gains.fill(std::numeric_limits<double>::infinity());
  double sum = 0.0;
  double squared_residual = dot(residual, residual);
  for (int step = 0; step < most_steps && squared_residual > 0.0; ++step) {
    multiply(noise, workspace);
    const double alpha = squared_residual / dot(direction, product);
    const double gain = alpha * squared_residual;
    sum += gain;
    std::shift_left(gains.begin(), gains.end(), 1);
    gains.back() = gain;
    double recent = 0.0;
    for (const double value : gains) recent += value;
    if (recent <= tolerance * sum) break;
    for (std::size_t k = 0; k < residual.size(); ++k) {
      residual.pixels()[k] -= alpha * product.pixels()[k];
    }
    const double next = dot(residual, residual);
    const double beta = next / squared_residual;
    for (std::size_t k = 0; k < residual.size(); ++k) {
      direction.pixels()[k] = residual.pixels()[k] + beta * direction.pixels()[k];
    }
    squared_residual = next;
  }
  return sum;
}

}  // namespace

double matched_filter_snr(ImageView<const float> signal,
                          const NoiseCovariance& covariance,
                          CovarianceWorkspace& workspace) {
  return std::sqrt(squared_snr({.signal = signal, .covariance = covariance},
                               snr_tolerance, workspace));
}

double aperture_snr(const ApertureWeights& aperture, ImageView<const float> signal,
                    const NoiseCovariance& covariance, CovarianceWorkspace& workspace) {
  auto& weighted = workspace.product;
  weighted.assign(signal.ny(), signal.nx());
  double area = 0.0;
  double flux = 0.0;
  double white = 0.0;
  for (int y = aperture.box.y_begin; y < aperture.box.y_end; ++y) {
    for (int x = aperture.box.x_begin; x < aperture.box.x_end; ++x) {
      const double d = double{covariance.correlated_variance(y, x)};
      const double p = double{covariance.white_variance(y, x)};
      if (!usable(d + p)) continue;
      const double w = aperture.weight(y, x);
      area += w;
      flux += w * double{signal(y, x)};
      white += w * w * p;
      weighted(y, x) = w * std::sqrt(d);
    }
  }
  if (!(area > smallest_area_pix2)) return nan;
  const double noise =
      white + covariance.correlated.variance_of_sum(weighted, workspace.transforms);
  return noise > 0.0 ? flux / std::sqrt(noise) : nan;
}

std::optional<double> scale_for_snr(std::span<const CorrelatedSnrBand> bands,
                                    double target_snr, CovarianceWorkspace& workspace) {
  return scale_reaching(
      target_snr,
      [&](double scale) {
        double sum = 0.0;
        for (const auto& band : bands) {
          const double squared = squared_snr({.signal = band.unit_arc,
                                              .scale = scale,
                                              .covariance = band.covariance,
                                              .inverse_gain = band.inverse_gain},
                                             search_tolerance, workspace);
          if (std::isfinite(squared)) sum += squared;
        }
        return sum;
      },
      search_accuracy);
}

}  // namespace lensmill::measure
