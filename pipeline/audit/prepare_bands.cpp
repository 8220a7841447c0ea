#include "pipeline/audit/prepare_bands.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lib/core/errors.hpp"

namespace lensmill::pipeline {
namespace {

constexpr int line_iterations = 20;

std::vector<Image<float>> copied(std::span<const Image<float>> arcs) {
  return {arcs.begin(), arcs.end()};
}

/// The legacy render, or nothing where this row has none.
std::vector<Image<float>> legacy_of(AuditRenderer& renderer) {
  if (!renderer.has_legacy()) return {};
  try {
    return copied(renderer.legacy());
  } catch (const DataError&) {
    return {};
  }
}

/// Of data = a model, every pixel with the same weight.
struct PlainFit {
  double amplitude = 0.0;
  double residual = std::numeric_limits<double>::infinity();
};
PlainFit plain_fit(const AuditBand& band, const Image<float>& model) {
  double md = 0.0, mm = 0.0, dd = 0.0;
  for (std::size_t i = 0; i < model.size(); ++i) {
    if (!std::isfinite(band.noise.fixed_variance[i])) continue;
    const double m = model.pixels()[i];
    const double d = band.data.pixels()[i];
    md += m * d;
    mm += m * m;
    dd += d * d;
  }
  if (!(mm > 0.0)) return {};
  return {.amplitude = md / mm, .residual = dd - md * md / mm};
}

}  // namespace

PairLine pair_line(std::span<const float> positive, std::span<const float> negative) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < positive.size(); ++i) {
    if (std::isfinite(positive[i]) && std::isfinite(negative[i])) order.push_back(i);
  }
  PairLine line;
  if (order.size() < 4) return line;
  const auto fit = [&](std::size_t count) {
    double n = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
    for (std::size_t k = 0; k < count; ++k) {
      const double u = negative[order[k]];
      const double v = positive[order[k]];
      n += 1.0;
      x += u;
      y += v;
      xx += u * u;
      xy += u * v;
    }
    const double spread = xx - x * x / n;
    line.slope = spread > 0.0 ? (xy - x * y / n) / spread : 1.0;
    line.constant = (y - line.slope * x) / n;
  };
  const auto residual = [&](std::size_t i) {
    return std::abs(double{positive[i]} - line.slope * double{negative[i]} -
                    line.constant);
  };
  fit(order.size());
  const std::size_t half = order.size() / 2;
  for (int k = 0; k < line_iterations; ++k) {
    std::ranges::nth_element(order, order.begin() + static_cast<std::ptrdiff_t>(half),
                             {}, residual);
    fit(half);
  }
  return line;
}

void undo_normalisation(std::vector<AuditBand>& bands, AuditRenderer& renderer) {
  const auto arcs = copied(renderer.correct({}));
  const auto legacy = legacy_of(renderer);
  for (std::size_t b = 0; b < bands.size(); ++b) {
    auto fit = plain_fit(bands[b], arcs[b]);
    if (!legacy.empty()) {
      const auto other = plain_fit(bands[b], legacy[b]);
      if (other.residual < fit.residual) fit = other;
    }
    if (!(fit.amplitude > 0.0)) continue;
    for (float& value : bands[b].data.pixels()) {
      value = static_cast<float>(double{value} / fit.amplitude);
    }
    bands[b].rounding_variance /= fit.amplitude * fit.amplitude;
    for (double& v : bands[b].noise.fixed_variance) v += bands[b].rounding_variance;
  }
}

void whiten(std::vector<AuditBand>& bands, const Whitenings& whitenings) {
  for (std::size_t b = 0; b < bands.size(); ++b) {
    auto& band = bands[b];
    band.whitening = whitenings.empty() ? nullptr : whitenings[b];
    if (!band.whitening) continue;
    const int ny = band.data.ny();
    const int nx = band.data.nx();
    band.pixel_variance = band.noise.fixed_variance;
    for (int y = 0; y < ny; ++y) {
      for (int x = 0; x < nx; ++x) {
        // The arc's own electrons by the stamp averaged over 3 x 3 pixels: the same for
        // all models, so that none gains by its variance.
        double sum = 0.0, count = 0.0;
        for (int j = std::max(0, y - 1); j <= std::min(ny - 1, y + 1); ++j) {
          for (int i = std::max(0, x - 1); i <= std::min(nx - 1, x + 1); ++i) {
            sum += double{band.data(j, i)};
            count += 1.0;
          }
        }
        band.pixel_variance[std::size_t(y) * std::size_t(nx) + std::size_t(x)] +=
            band.noise.floor_variance +
            std::max(0.0, sum / count) * band.noise.inverse_gain;
      }
    }
    band.white_data = band.whitening->apply(band.data.view(), band.pixel_variance);
    band.white_noise = {.fixed_variance = band.whitening->variance(band.pixel_variance),
                        .floor_variance = band.whitening->floor_variance(),
                        .model_error_fraction = band.noise.model_error_fraction};
  }
}

void add_blank_pixels(const std::vector<AuditBand>& bands, AuditRenderer& renderer,
                      std::vector<BlankNoise>& noise) {
  const auto arcs = copied(renderer.correct({}));
  const auto legacy = legacy_of(renderer);
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const auto& band = bands[b];
    if (band.noise.floor_variance > 0.0) continue;
    Image<float> light(band.data.ny(), band.data.nx());
    const auto take = [&](const Image<float>& arc) {
      // As bright as the stamp has it, and no less than the row says.
      const double a = std::max(1.0, std::abs(plain_fit(band, arc).amplitude));
      for (std::size_t i = 0; i < light.size(); ++i) {
        light.pixels()[i] =
            std::max(light.pixels()[i],
                     static_cast<float>(a * std::abs(double{arc.pixels()[i]})));
      }
    };
    take(arcs[b]);
    if (!legacy.empty()) take(legacy[b]);
    noise[b].add(band.data.view(), light.view(), band.noise);
  }
}

}  // namespace lensmill::pipeline
