#include "lib/recovery/ambiguity.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/contracts.hpp"

namespace lensmill::recovery {

std::vector<std::vector<Ambiguity>> ambiguity_flags(
    std::span<const Position> injections, std::span<const double> arc_flux_nmgy,
    std::span<const Position> without_arcs, std::span<const double> flux_nmgy,
    std::span<const double> radii_arcsec) {
  const bool compares = !flux_nmgy.empty();
  EXPECT(!compares || (flux_nmgy.size() == without_arcs.size() &&
                       arc_flux_nmgy.size() == injections.size()));
  std::vector<std::vector<Ambiguity>> flags(
      injections.size(), std::vector(radii_arcsec.size(), Ambiguity::none));
  if (radii_arcsec.empty()) return flags;
  const double largest = *std::ranges::max_element(radii_arcsec);
  const PositionIndex index(without_arcs);
  for (std::size_t i = 0; i < injections.size(); ++i) {
    for (const auto& [j, distance] : index.within(injections[i], largest)) {
      auto found = Ambiguity::unknown;
      if (compares && std::isfinite(flux_nmgy[j]) && std::isfinite(arc_flux_nmgy[i])) {
        found =
            flux_nmgy[j] >= arc_flux_nmgy[i] ? Ambiguity::brighter : Ambiguity::fainter;
      }
      for (std::size_t r = 0; r < radii_arcsec.size(); ++r) {
        auto& flag = flags[i][r];
        // One that is brighter decides; of the others one that is not known.
        const bool decides =
            found == Ambiguity::brighter || flag != Ambiguity::brighter;
        if (distance <= radii_arcsec[r] && decides) {
          flag = found == Ambiguity::brighter ? found : std::max(flag, found);
        }
      }
    }
  }
  return flags;
}

}  // namespace lensmill::recovery
