#include "lib/analysis/reported_core.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {

ReportedCore reported_core(const BandNames& bands, std::span<const double> radii_pix) {
  EXPECT(!bands.empty() && !radii_pix.empty());
  const auto band = std::ranges::find(bands, reported_band);
  const auto radius = std::ranges::min_element(radii_pix, {}, [](double r) {
    return std::pair(std::abs(r - reported_radius_pix), r);
  });
  return {
      .band = band == bands.end() ? 0 : static_cast<std::size_t>(band - bands.begin()),
      .radius = static_cast<std::size_t>(radius - radii_pix.begin()),
      .radius_pix = *radius};
}

}  // namespace lensmill::analysis
