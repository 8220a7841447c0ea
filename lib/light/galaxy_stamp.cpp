#include "lib/light/galaxy_stamp.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "lib/core/contracts.hpp"
#include "lib/core/statistics.hpp"

namespace lensmill::light {
namespace {

constexpr double border_share = 0.08;  // of the shorter side
constexpr double detection_sigma_pix = 2.0;
constexpr int grown_pix = 3;
constexpr int taper_pix = 6;
constexpr double sigma_per_fwhm = 0.42466090014400953;

using Mask = Image<std::uint8_t>;

/// Separable Gaussian to 4 sigma, the image being 0 outside.
Image<double> smoothed(const Image<double>& image, double sigma_pix) {
  const int reach = static_cast<int>(std::ceil(4.0 * sigma_pix));
  std::vector<double> kernel;
  double sum = 0.0;
  for (int k = -reach; k <= reach; ++k) {
    kernel.push_back(std::exp(-0.5 * k * k / (sigma_pix * sigma_pix)));
    sum += kernel.back();
  }
  for (double& value : kernel) value /= sum;
  const double* weight = kernel.data() + reach;  // [-reach, reach]
  Image<double> across(image.ny(), image.nx());
  Image<double> result(image.ny(), image.nx());
  for (int y = 0; y < image.ny(); ++y) {
    for (int x = 0; x < image.nx(); ++x) {
      for (int k = std::max(-reach, -x); k <= std::min(reach, image.nx() - 1 - x);
           ++k) {
        across(y, x) += weight[k] * image(y, x + k);
      }
    }
  }
  for (int y = 0; y < image.ny(); ++y) {
    for (int k = std::max(-reach, -y); k <= std::min(reach, image.ny() - 1 - y); ++k) {
      const double share = weight[k];
      for (int x = 0; x < image.nx(); ++x) result(y, x) += share * across(y + k, x);
    }
  }
  return result;
}

/// Median and robust standard deviation of an image's border.
struct Border {
  double median = 0.0;
  double sigma = 0.0;
};
Border border_of(const Image<double>& image) {
  const int width = std::max(
      2,
      static_cast<int>(std::lround(border_share * std::min(image.ny(), image.nx()))));
  std::vector<double> values;
  for (int y = 0; y < image.ny(); ++y) {
    for (int x = 0; x < image.nx(); ++x) {
      const int to_edge = std::min({y, x, image.ny() - 1 - y, image.nx() - 1 - x});
      if (to_edge < width) values.push_back(image(y, x));
    }
  }
  Border border;
  border.median = upper_median(std::span(values));
  for (double& value : values) value = std::abs(value - border.median);
  border.sigma = sigma_per_mad * upper_median(std::span(values));
  return border;
}

struct Pixel {
  int y = 0;
  int x = 0;
};

/// Marks what is connected to `start` through pixels for which inside(y, x) holds.
template <class Inside>
void flood(Pixel start, Mask& reached, Inside inside) {
  std::vector<Pixel> waiting{start};
  reached(start.y, start.x) = 1;
  while (!waiting.empty()) {
    const Pixel at = waiting.back();
    waiting.pop_back();
    for (const Pixel next : {Pixel{at.y - 1, at.x}, Pixel{at.y + 1, at.x},
                             Pixel{at.y, at.x - 1}, Pixel{at.y, at.x + 1}}) {
      if (next.y < 0 || next.x < 0 || next.y >= reached.ny() ||
          next.x >= reached.nx() || reached(next.y, next.x) != 0 ||
          !inside(next.y, next.x)) {
        continue;
      }
      reached(next.y, next.x) = 1;
      waiting.push_back(next);
    }
  }
}

Pixel brightest_of_central_half(const Image<double>& image) {
  Pixel best{image.ny() / 2, image.nx() / 2};
  for (int y = image.ny() / 4; y < image.ny() - image.ny() / 4; ++y) {
    for (int x = image.nx() / 4; x < image.nx() - image.nx() / 4; ++x) {
      if (image(y, x) > image(best.y, best.x)) best = {y, x};
    }
  }
  return best;
}

/// 1: the galaxy, its holes filled.
Mask segment_of(const Image<double>& detection, Pixel peak, double threshold) {
  const int ny = detection.ny();
  const int nx = detection.nx();
  Mask galaxy(ny, nx);
  flood(peak, galaxy, [&](int y, int x) { return detection(y, x) > threshold; });
  Mask outside(ny + 2, nx + 2);  // with a rim that the flood goes around by
  flood({0, 0}, outside, [&](int y, int x) {
    const bool rim = y == 0 || x == 0 || y > ny || x > nx;
    return rim || galaxy(y - 1, x - 1) == 0;
  });
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) galaxy(y, x) = outside(y + 1, x + 1) != 0 ? 0 : 1;
  }
  return galaxy;
}

/// The rectangle of the pixels that are not 0, cut out.
void cut_out(const Image<double>& image, CleanGalaxy& galaxy) {
  int low_y = image.ny();
  int low_x = image.nx();
  int high_y = -1;
  int high_x = -1;
  for (int y = 0; y < image.ny(); ++y) {
    for (int x = 0; x < image.nx(); ++x) {
      if (image(y, x) == 0.0) continue;
      low_y = std::min(low_y, y);
      high_y = std::max(high_y, y);
      low_x = std::min(low_x, x);
      high_x = std::max(high_x, x);
    }
  }
  galaxy.first_y_pix = low_y;
  galaxy.first_x_pix = low_x;
  galaxy.light.assign(high_y - low_y + 1, high_x - low_x + 1);
  for (int y = 0; y < galaxy.light.ny(); ++y) {
    for (int x = 0; x < galaxy.light.nx(); ++x) {
      galaxy.light(y, x) = image(y + low_y, x + low_x);
    }
  }
}

/// 1 at 0 and below, 0 at 1 and above.
double falling_cosine(double t) {
  return 0.5 * (1.0 + std::cos(std::numbers::pi * std::clamp(t, 0.0, 1.0)));
}

/// Weights of the pixels by their distance from the galaxy and from the image's border.
Image<double> weights_of(const Mask& galaxy) {
  constexpr int reach = grown_pix + taper_pix;
  const int ny = galaxy.ny();
  const int nx = galaxy.nx();
  Image<double> distance_squared(ny, nx, reach * reach);
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      if (galaxy(y, x) == 0) continue;
      for (int v = std::max(0, y - reach); v <= std::min(ny - 1, y + reach); ++v) {
        for (int u = std::max(0, x - reach); u <= std::min(nx - 1, x + reach); ++u) {
          const double square = (v - y) * (v - y) + (u - x) * (u - x);
          distance_squared(v, u) = std::min(distance_squared(v, u), square);
        }
      }
    }
  }
  Image<double> weight(ny, nx);
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      const double from_galaxy = std::sqrt(distance_squared(y, x));
      const double to_edge = std::min({y, x, ny - 1 - y, nx - 1 - x});
      weight(y, x) = falling_cosine((from_galaxy - grown_pix) / taper_pix) *
                     falling_cosine(1.0 - to_edge / taper_pix);
    }
  }
  return weight;
}

}  // namespace

CleanGalaxy clean_galaxy(ImageView<const float> image, const GalaxyCleaning& cleaning) {
  EXPECT(cleaning.segment_sigma > 0.0 && cleaning.smoothing_fwhm_pix >= 0.0);
  CleanGalaxy galaxy;
  constexpr int smallest = 2 * taper_pix;
  if (image.ny() < smallest || image.nx() < smallest) {
    galaxy.problem = "fewer than 12 pixels a side";
    return galaxy;
  }
  Image<double> light(image.ny(), image.nx());
  for (std::size_t k = 0; k < light.size(); ++k) {
    if (!std::isfinite(image.pixels()[k])) {
      galaxy.problem = "has pixels that are not finite";
      return galaxy;
    }
    light.pixels()[k] = static_cast<double>(image.pixels()[k]);
  }
  const Border border = border_of(light);
  galaxy.noise_sigma = border.sigma;
  if (cleaning.background == GalaxyBackground::border) {
    galaxy.background = border.median;
    for (double& value : light.pixels()) value -= border.median;
  }
  double whole = 0.0;
  for (const double value : light.pixels()) whole += value;

  const Image<double> detection = smoothed(light, detection_sigma_pix);
  const double threshold = cleaning.segment_sigma * border_of(detection).sigma;
  const Pixel peak = brightest_of_central_half(detection);
  if (!(detection(peak.y, peak.x) > threshold)) {
    galaxy.problem = "has nothing above the noise in its central half";
    return galaxy;
  }
  const Image<double> weight = weights_of(segment_of(detection, peak, threshold));
  if (cleaning.smoothing_fwhm_pix > 0.0) {
    light = smoothed(light, sigma_per_fwhm * cleaning.smoothing_fwhm_pix);
  }
  for (std::size_t k = 0; k < light.size(); ++k) {
    light.pixels()[k] *= weight.pixels()[k];
    galaxy.flux += light.pixels()[k];
  }
  if (!(galaxy.flux > 0.0)) {
    galaxy.problem = "has no positive flux";
    return galaxy;
  }
  galaxy.flux_kept_share = galaxy.flux / whole;
  cut_out(light, galaxy);
  return galaxy;
}

}  // namespace lensmill::light
