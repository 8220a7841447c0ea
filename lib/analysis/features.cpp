#include "lib/analysis/features.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

bool usable(const BandStamp& band, int y, int x) {
  if (band.mask.size() > 0 && band.mask(y, x) != 0.0F) return false;
  return std::isfinite(band.image(y, x));
}

double scaled(const BandStamp& band, int y, int x) {
  return std::asinh(double{band.image(y, x)} / band.noise_sigma_nmgy);
}

}  // namespace

std::string_view to_string(Region region) {
  switch (region) {
    case Region::core: return "core";
    case Region::annulus: return "annulus";
    case Region::full: return "full";
  }
  return "unknown";
}

FeatureShape::Range FeatureShape::range(Region region) const {
  switch (region) {
    case Region::core: return {.first = 0, .count = core_count()};
    case Region::annulus: return {.first = core_count(), .count = annulus_count()};
    case Region::full: break;
  }
  return {.first = 0, .count = count()};
}

FeatureShape FeatureShape::for_stamp(int stamp_size_pix, int bands,
                                     int core_radius_pix) {
  return {.bands = bands,
          .core_radius_pix = core_radius_pix,
          .outer_radius_pix = std::max(
              core_radius_pix, std::min(4 * core_radius_pix, stamp_size_pix / 2))};
}

void FeatureExtractor::find_ring_pixels(int ny, int nx, double x_pix, double y_pix) {
  if (!ring_pixels_.empty() && ny == ny_ && nx == nx_ && x_pix == x_pix_ &&
      y_pix == y_pix_) {
    return;
  }
  ring_pixels_.clear();
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      const double dx = x - x_pix;
      const double dy = y - y_pix;
      const double r = std::hypot(dx, dy);
      if (!(r >= shape_.core_radius_pix && r < shape_.outer_radius_pix)) continue;
      ring_pixels_.push_back({.ring = static_cast<int>(r) - shape_.core_radius_pix,
                              .y = y,
                              .x = x,
                              .cos_phi = static_cast<float>(dx / r),
                              .sin_phi = static_cast<float>(dy / r)});
    }
  }
  ny_ = ny;
  nx_ = nx;
  x_pix_ = x_pix;
  y_pix_ = y_pix;
}

void FeatureExtractor::fill_core(const BandStamp& band, double x_pix, double y_pix,
                                 std::span<float> out) const {
  const int side = 2 * shape_.core_radius_pix;
  const int first_y = static_cast<int>(std::floor(y_pix - shape_.core_radius_pix)) + 1;
  const int first_x = static_cast<int>(std::floor(x_pix - shape_.core_radius_pix)) + 1;
  std::size_t k = 0;
  for (int y = first_y; y < first_y + side; ++y) {
    for (int x = first_x; x < first_x + side; ++x) {
      const bool inside = y >= 0 && x >= 0 && y < band.image.ny() &&
                          x < band.image.nx() &&
                          std::hypot(x - x_pix, y - y_pix) < shape_.core_radius_pix;
      out[k++] =
          inside && usable(band, y, x) ? static_cast<float>(scaled(band, y, x)) : 0.0F;
    }
  }
}

void FeatureExtractor::fill_annulus(const BandStamp& band, std::span<float> out) {
  sums_.assign(static_cast<std::size_t>(shape_.rings()), {});
  for (const auto& pixel : ring_pixels_) {
    if (!usable(band, pixel.y, pixel.x)) continue;
    const double value = scaled(band, pixel.y, pixel.x);
    auto& sums = sums_[static_cast<std::size_t>(pixel.ring)];
    sums.count += 1.0;
    sums.sum += value;
    sums.squares += value * value;
    sums.along_x += value * double{pixel.cos_phi};
    sums.along_y += value * double{pixel.sin_phi};
  }
  std::size_t k = 0;
  for (const auto& sums : sums_) {
    const double n = std::max(1.0, sums.count);
    const double mean = sums.sum / n;
    out[k++] = static_cast<float>(mean);
    out[k++] =
        static_cast<float>(std::sqrt(std::max(0.0, sums.squares / n - mean * mean)));
    out[k++] = static_cast<float>(std::hypot(sums.along_x, sums.along_y) / n);
  }
}

void FeatureExtractor::extract(std::span<const BandStamp> bands, double x_pix,
                               double y_pix, std::span<float> out) {
  EXPECT(bands.size() == static_cast<std::size_t>(shape_.bands));
  EXPECT(out.size() == shape_.count());
  find_ring_pixels(bands[0].image.ny(), bands[0].image.nx(), x_pix, y_pix);
  const std::size_t core = shape_.core_count() / bands.size();
  const std::size_t annulus = shape_.annulus_count() / bands.size();
  for (std::size_t b = 0; b < bands.size(); ++b) {
    fill_core(bands[b], x_pix, y_pix, out.subspan(b * core, core));
    fill_annulus(bands[b], out.subspan(shape_.core_count() + b * annulus, annulus));
  }
}

}  // namespace lensmill::analysis
