#include "pipeline/audit/stamp_noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/contracts.hpp"
#include "lib/imaging/noise_measurement.hpp"
#include "lib/imaging/noise_spectrum.hpp"

namespace lensmill::pipeline {
namespace {

constexpr int side = 2 * most_lag_pix + 1;
constexpr int blank_reach_pix = 2;
constexpr double blank_light = 0.1;  // of the noise
// Torus on which spectra are taken: the filter has died away at half of it.
constexpr int torus_pix = 64;
// White noise that is assumed besides, of the variance. A measured correlation function
// tells nothing of frequencies with less power, and a filter that trusted it there
// would find evidence in its errors. And the filter dies away within its lags: of noise
// smoothed by a Gaussian of 1.2 pix it leaves the power even to 3 % where there is any.
constexpr double added_power = 0.1;

}  // namespace

BlankNoise::BlankNoise() : sum_(side, side), pairs_(side, side) {}

void BlankNoise::add(ImageView<const float> data, ImageView<const float> light,
                     const analysis::AuditNoise& noise) {
  const int ny = data.ny();
  const int nx = data.nx();
  std::vector<char> blank(data.size(), 1);
  std::vector<double> value(data.size(), 0.0);
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      const auto i = std::size_t(y) * std::size_t(nx) + std::size_t(x);
      const double v = noise.fixed_variance[i] + noise.floor_variance;
      if (!std::isfinite(v) || !(v > 0.0)) {
        blank[i] = 0;
        continue;
      }
      value[i] = double{data(y, x)} / std::sqrt(v);
      if (std::abs(double{light(y, x)}) <= blank_light * std::sqrt(v)) continue;
      for (int j = std::max(0, y - blank_reach_pix);
           j <= std::min(ny - 1, y + blank_reach_pix); ++j) {
        for (int k = std::max(0, x - blank_reach_pix);
             k <= std::min(nx - 1, x + blank_reach_pix); ++k) {
          blank[std::size_t(j) * std::size_t(nx) + std::size_t(k)] = 0;
        }
      }
    }
  }
  double count = 0.0, mean = 0.0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (blank[i] == 0) continue;
    count += 1.0;
    mean += value[i];
  }
  if (count < 2.0) return;
  mean /= count;
  for (int dy = 0; dy <= most_lag_pix; ++dy) {
    for (int dx = dy == 0 ? 0 : -most_lag_pix; dx <= most_lag_pix; ++dx) {
      double sum = 0.0, pairs = 0.0;
      for (int y = 0; y + dy < ny; ++y) {
        for (int x = std::max(0, -dx); x < std::min(nx, nx - dx); ++x) {
          const auto i = std::size_t(y) * std::size_t(nx) + std::size_t(x);
          const auto j = std::size_t(y + dy) * std::size_t(nx) + std::size_t(x + dx);
          if (blank[i] == 0 || blank[j] == 0) continue;
          sum += (value[i] - mean) * (value[j] - mean);
          pairs += 1.0;
        }
      }
      for (const int sign : {1, -1}) {
        if (sign < 0 && dy == 0 && dx == 0) continue;
        sum_(most_lag_pix + sign * dy, most_lag_pix + sign * dx) += sum;
        pairs_(most_lag_pix + sign * dy, most_lag_pix + sign * dx) += pairs;
      }
    }
  }
}

std::int64_t BlankNoise::pixels() const {
  return static_cast<std::int64_t>(pairs_(most_lag_pix, most_lag_pix));
}

double BlankNoise::variance_ratio() const {
  const double count = pairs_(most_lag_pix, most_lag_pix);
  return count > 0.0 ? sum_(most_lag_pix, most_lag_pix) / count
                     : std::numeric_limits<double>::quiet_NaN();
}

std::optional<Image<double>> BlankNoise::correlation() const {
  const double variance = variance_ratio();
  if (!(variance > 0.0)) return std::nullopt;
  Image<double> rho(side, side);
  bool any = false;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      if (!(pairs_(y, x) > 0.0)) continue;
      const double value = sum_(y, x) / pairs_(y, x) / variance;
      const double error = 1.0 / std::sqrt(pairs_(y, x));
      rho(y, x) = value;
      any = any || ((y != most_lag_pix || x != most_lag_pix) &&
                    std::abs(value) >= least_correlation &&
                    std::abs(value) >= least_correlation_sigmas * error);
    }
  }
  if (!any) return std::nullopt;
  return rho;
}

Whitening::Whitening(ImageView<const double> correlation, int stamp_size_pix)
    : stamp_variance_(stamp_size_pix, stamp_size_pix) {
  const auto rho = imaging::positive_definite(correlation);
  auto spectrum = imaging::torus_spectrum(rho.view(), torus_pix);
  for (double& value : spectrum.pixels()) {
    value = 1.0 / std::sqrt(std::max(value, 0.0) + added_power);
  }
  filter_ = imaging::torus_correlation(spectrum.view(), torus_pix, most_lag_pix,
                                       most_lag_pix);
  // Variance of the filtered noise, w C w, what is outside the stamp left out.
  const int n = stamp_size_pix;
  const int reach_y = rho.ny() / 2;
  const int reach_x = rho.nx() / 2;
  const auto variance_at = [&](int y, int x) {
    double sum = 0.0;
    for (int a = std::max(-most_lag_pix, -y); a <= std::min(most_lag_pix, n - 1 - y);
         ++a) {
      for (int b = std::max(-most_lag_pix, -x); b <= std::min(most_lag_pix, n - 1 - x);
           ++b) {
        const double w = filter_(a + most_lag_pix, b + most_lag_pix);
        for (int c = std::max({-most_lag_pix, -y, a - reach_y});
             c <= std::min({most_lag_pix, n - 1 - y, a + reach_y}); ++c) {
          for (int d = std::max({-most_lag_pix, -x, b - reach_x});
               d <= std::min({most_lag_pix, n - 1 - x, b + reach_x}); ++d) {
            sum += w * filter_(c + most_lag_pix, d + most_lag_pix) *
                   rho(c - a + reach_y, d - b + reach_x);
          }
        }
      }
    }
    return sum;
  };
  // Pixels further from an edge than the filter reaches are alike: those of one row and
  // one column at that distance stand for them.
  const auto alike = [&](int i) {
    return i > most_lag_pix && i < n - most_lag_pix ? most_lag_pix : i;
  };
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      const bool first = alike(y) == y && alike(x) == x;
      stamp_variance_(y, x) =
          first ? variance_at(y, x) : stamp_variance_(alike(y), alike(x));
    }
  }
}

Image<float> Whitening::apply(ImageView<const float> image,
                              const std::vector<double>& variance) const {
  const int ny = image.ny();
  const int nx = image.nx();
  EXPECT(variance.size() == image.size());
  Image<double> scaled(ny, nx);
  for (std::size_t i = 0; i < variance.size(); ++i) {
    const double v = variance[i];
    scaled.pixels()[i] =
        std::isfinite(v) && v > 0.0 ? double{image.pixels()[i]} / std::sqrt(v) : 0.0;
  }
  Image<double> sum(ny, nx);
  for (int a = -most_lag_pix; a <= most_lag_pix; ++a) {
    for (int b = -most_lag_pix; b <= most_lag_pix; ++b) {
      const double w = filter_(a + most_lag_pix, b + most_lag_pix);
      for (int y = std::max(0, -a); y < std::min(ny, ny - a); ++y) {
        for (int x = std::max(0, -b); x < std::min(nx, nx - b); ++x) {
          sum(y, x) += w * scaled(y + a, x + b);
        }
      }
    }
  }
  Image<float> result(ny, nx);
  std::ranges::transform(sum.pixels(), result.pixels().begin(),
                         [](double v) { return static_cast<float>(v); });
  return result;
}

double Whitening::floor_variance() const {
  const int middle = stamp_variance_.ny() / 2;
  return std::max(0.0, 1.0 - stamp_variance_(middle, middle));
}

std::vector<double> Whitening::variance(const std::vector<double>& of_pixels) const {
  EXPECT(of_pixels.size() == stamp_variance_.size());
  std::vector<double> result(of_pixels.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    const bool used = std::isfinite(of_pixels[i]) && of_pixels[i] > 0.0;
    result[i] =
        used ? stamp_variance_.pixels()[i] : std::numeric_limits<double>::infinity();
  }
  return result;
}

}  // namespace lensmill::pipeline
