#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "lib/core/bands.hpp"
#include "lib/core/contracts.hpp"

namespace lensmill::analysis {

/// The band and the aperture radius that every table, picture and report of a run is
/// for; python/lensmill/figures/common.py has the same rule (`reported`).
inline constexpr std::string_view reported_band = "r";
inline constexpr double reported_radius_pix = 5.0;

struct ReportedCore {
  std::size_t band = 0;    ///< place in the run's bands
  std::size_t radius = 0;  ///< place in measure.aperture_radius_pix
  double radius_pix = 0.0;
};

/// Band r if there is one, else the first; the radius nearest to 5 pixels, of two the
/// smaller. Contract: at least one band and one radius.
inline ReportedCore reported_core(const BandNames& bands,
                                  std::span<const double> radii_pix) {
  EXPECT(!bands.empty() && !radii_pix.empty());
  const auto band = std::ranges::find(bands, reported_band) - bands.begin();
  const auto radius = std::ranges::min_element(radii_pix, {}, [](double r) {
    return std::pair(std::abs(r - reported_radius_pix), r);
  });
  return {.band = static_cast<std::size_t>(band) % bands.size(),  // none: the first
          .radius = static_cast<std::size_t>(radius - radii_pix.begin()),
          .radius_pix = *radius};
}

}  // namespace lensmill::analysis
