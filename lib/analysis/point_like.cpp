#include "lib/analysis/point_like.hpp"

#include <algorithm>
#include <cmath>

namespace lensmill::analysis {

std::array<double, image_classes> point_like_shares(std::span<const StoredImage> images,
                                                    const CoreCircle& core) {
  std::array<double, image_classes> shares{};
  double total = 0.0;
  for (const auto& image : images) {
    if (image.kind < 1 || image.kind > 3) continue;
    const double reach = std::max(std::abs(image.x_arcsec), std::abs(image.y_arcsec));
    if (reach > core.half_stamp_arcsec) continue;
    const double light = std::abs(image.magnification);
    total += light;
    const double distance =
        std::hypot(image.x_arcsec - core.x_arcsec, image.y_arcsec - core.y_arcsec);
    if (distance >= core.radius_arcsec) continue;
    shares[image.kind == 2 ? counter : image.kind == 1 ? outer : central] += light;
  }
  const bool defined = total > 0.0 && std::isfinite(total);
  for (double& share : shares) share = defined ? share / total : StampRow::nan;
  return shares;
}

std::array<double, image_classes> ring_shares(double theta_e_arcsec,
                                              const CoreCircle& core) {
  const double half = theta_e_arcsec < core.radius_arcsec ? 0.5 : 0.0;
  return {half, half, 0.0};
}

}  // namespace lensmill::analysis
