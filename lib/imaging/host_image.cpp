#include "lib/imaging/host_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/core/statistics.hpp"
#include "lib/imaging/circle_overlap.hpp"

namespace lensmill::imaging {
namespace {

constexpr double window_sigma_pix = 2.0;
constexpr double window_radius_pix = 5.0 * window_sigma_pix;
constexpr int centroid_iterations = 200;
// What a pixel outside a circle may be said to share with it, of some 1e4 pix^2.
constexpr double overlap_rounding = 1.0e-9;
constexpr double centroid_still_pix = 1.0e-4;

/// Which pixels take part: finite ones, without a mask all of them.
class Mask {
 public:
  Mask(ImageView<const float> cutout, ImageView<const float> mask)
      : cutout_(cutout), mask_(mask) {}
  bool masked(int y, int x) const { return mask_.size() > 0 && mask_(y, x) != 0.0F; }
  bool hides(int y, int x) const {
    return masked(y, x) || !std::isfinite(cutout_(y, x));
  }

 private:
  ImageView<const float> cutout_;
  ImageView<const float> mask_;
};

std::vector<float> frame_of(ImageView<const float> cutout, const Mask& mask) {
  const int width = std::max(1, std::min(cutout.ny(), cutout.nx()) / 8);
  std::vector<float> frame;
  for (int y = 0; y < cutout.ny(); ++y) {
    for (int x = 0; x < cutout.nx(); ++x) {
      if (y < width || x < width || y >= cutout.ny() - width ||
          x >= cutout.nx() - width) {
        if (!mask.hides(y, x)) frame.push_back(cutout(y, x));
      }
    }
  }
  return frame;
}

/// Pixels of one axis that the window about `centre` reaches.
struct Reach {
  int first = 0;
  int last = 0;
};
Reach window_reach(double centre, int n) {
  return {.first = std::max(0, static_cast<int>(std::ceil(centre - window_radius_pix))),
          .last = std::min(n - 1,
                           static_cast<int>(std::floor(centre + window_radius_pix)))};
}

// The window is smooth: inside a sharp one the same pixels would be summed wherever in
// a pixel its centre is, and the search would stand still next to the start.
Point centroid_of(ImageView<const float> cutout, const Mask& mask, double background) {
  Point centre{0.5 * (cutout.nx() - 1), 0.5 * (cutout.ny() - 1)};
  for (int iteration = 0; iteration < centroid_iterations; ++iteration) {
    double sum = 0.0;
    double sum_x = 0.0;
    double sum_y = 0.0;
    const Reach rows = window_reach(centre.y_pix, cutout.ny());
    const Reach columns = window_reach(centre.x_pix, cutout.nx());
    for (int y = rows.first; y <= rows.last; ++y) {
      for (int x = columns.first; x <= columns.last; ++x) {
        const double distance = std::hypot(x - centre.x_pix, y - centre.y_pix);
        if (distance > window_radius_pix || mask.hides(y, x)) continue;
        const double weight = std::exp(-0.5 * std::pow(distance / window_sigma_pix, 2));
        const double light = weight * std::max(0.0, double{cutout(y, x)} - background);
        sum += light;
        sum_x += light * x;
        sum_y += light * y;
      }
    }
    if (!(sum > 0.0)) break;
    const Point next{sum_x / sum, sum_y / sum};
    const double moved =
        std::hypot(next.x_pix - centre.x_pix, next.y_pix - centre.y_pix);
    centre = next;
    if (moved < centroid_still_pix) break;
  }
  return centre;
}

}  // namespace

double frame_background(ImageView<const float> cutout, ImageView<const float> mask) {
  auto frame = frame_of(cutout, Mask(cutout, mask));
  return frame.empty() ? HostStatistics::nan : double{upper_median(std::span(frame))};
}

HostStatistics measure_host(ImageView<const float> cutout, double aperture_radius_pix,
                            ImageView<const float> mask_pixels) {
  EXPECT(mask_pixels.size() == 0 || mask_pixels.size() == cutout.size());
  const Mask mask(cutout, mask_pixels);
  HostStatistics host;
  auto frame = frame_of(cutout, mask);
  if (!frame.empty()) {
    host.background_nmgy = double{upper_median(std::span(frame))};
    for (float& value : frame) {
      value = std::abs(value - static_cast<float>(host.background_nmgy));
    }
    host.background_sigma_nmgy = sigma_per_mad * double{upper_median(std::span(frame))};
  }
  double flux = 0.0;
  const double centre_y = 0.5 * (cutout.ny() - 1);
  const double centre_x = 0.5 * (cutout.nx() - 1);
  for (int y = 0; y < cutout.ny(); ++y) {
    for (int x = 0; x < cutout.nx(); ++x) {
      if (mask.masked(y, x)) continue;
      if (!std::isfinite(cutout(y, x))) ++host.not_finite_pixels;
      const double share =
          circle_pixel_overlap(x - centre_x, y - centre_y, aperture_radius_pix);
      // A pixel that is not finite leaves no flux, but only where it is needed.
      if (share > overlap_rounding)
        flux += share * (double{cutout(y, x)} - host.background_nmgy);
    }
  }
  if (frame.empty()) return host;
  if (std::isfinite(flux)) host.flux_nmgy = flux;
  const Point centroid = centroid_of(cutout, mask, host.background_nmgy);
  host.centroid_x_pix = centroid.x_pix;
  host.centroid_y_pix = centroid.y_pix;
  host.usable = host.flux_nmgy > 0.0;
  return host;
}

Point oriented_point(Point point, int ny, int nx, const Orientation& orientation) {
  if (orientation.mirrored) point.x_pix = nx - 1 - point.x_pix;
  for (int turn = 0; turn < orientation.quarter_turns; ++turn) {
    // Anticlockwise with y upwards: (x, y) -> (ny - 1 - y, x).
    point = {ny - 1 - point.y_pix, point.x_pix};
    std::swap(ny, nx);
  }
  return point;
}

void orient(ImageView<const float> cutout, const Orientation& orientation,
            Image<float>& out) {
  EXPECT(orientation.quarter_turns >= 0 && orientation.quarter_turns < 4);
  const bool swapped = orientation.quarter_turns % 2 == 1;
  out.assign(swapped ? cutout.nx() : cutout.ny(), swapped ? cutout.ny() : cutout.nx());
  for (int y = 0; y < cutout.ny(); ++y) {
    for (int x = 0; x < cutout.nx(); ++x) {
      const Point to = oriented_point({static_cast<double>(x), static_cast<double>(y)},
                                      cutout.ny(), cutout.nx(), orientation);
      out(static_cast<int>(to.y_pix), static_cast<int>(to.x_pix)) = cutout(y, x);
    }
  }
}

CropOffset crop_offset(int ny, int nx, int stamp_size) {
  if (ny < stamp_size || nx < stamp_size) {
    throw DataError(
        fmt::format("host cutout of {} x {} pixels is smaller than the stamp "
                    "({} pixels); reduce grid.stamp_size_pix",
                    ny, nx, stamp_size));
  }
  return {.y = (ny - 1) / 2 - (stamp_size - 1) / 2,
          .x = (nx - 1) / 2 - (stamp_size - 1) / 2};
}

void crop(ImageView<const float> host, const CropOffset& offset,
          ImageView<float> stamp) {
  for (int y = 0; y < stamp.ny(); ++y) {
    for (int x = 0; x < stamp.nx(); ++x) {
      stamp(y, x) = host(y + offset.y, x + offset.x);
    }
  }
}

}  // namespace lensmill::imaging
