#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/recovery/position_match.hpp"

namespace lensmill::recovery {

/// What the same field without arcs has within a radius of an injection: the ambiguity
/// flags of the Dark Energy Survey's Balrog (Everett et al. 2022, ApJS 258, 15), and
/// what they do not name.
enum class Ambiguity : std::int32_t {
  not_tested = -1,  ///< no detections of the field without arcs were given
  none = 0,
  fainter = 1,   ///< all detections there are fainter than the injected arc
  brighter = 2,  ///< one is at least as bright
  unknown = 3,   ///< one is there, and brightness was not (or cannot be) compared
};

/// The flag of each injection at each radius, [injection][radius].
/// \param arc_flux_nmgy of the injections, \param flux_nmgy of the detections in the
/// field
///   without arcs, both in one band: empty where brightness is not compared; NaN:
///   unknown
std::vector<std::vector<Ambiguity>> ambiguity_flags(
    std::span<const Position> injections, std::span<const double> arc_flux_nmgy,
    std::span<const Position> without_arcs, std::span<const double> flux_nmgy,
    std::span<const double> radii_arcsec);

}  // namespace lensmill::recovery
