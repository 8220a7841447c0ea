#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "lib/recovery/position_match.hpp"

namespace lensmill::recovery {

/// A detection's position minus an injection's, arcsec: along the image's x and y, or
/// east and north.
struct Offset {
  double x_arcsec = 0.0;
  double y_arcsec = 0.0;
};

/// From an injection to a detection near it. \pre frame: what the positions are
Offset offset_between(const Position& injection, const Position& detection,
                      Frame frame);

/// Where the matches are on the average.
struct MedianOffset {
  std::int64_t matches = 0;
  Offset median{std::numeric_limits<double>::quiet_NaN(),
                std::numeric_limits<double>::quiet_NaN()};
  /// Standard errors of the medians, from the median absolute deviation as if the
  /// offsets were normal.
  Offset standard_error{std::numeric_limits<double>::quiet_NaN(),
                        std::numeric_limits<double>::quiet_NaN()};
  /// From five matches on: further from zero than 3 standard errors along an axis and
  /// than a tenth of the radius.
  bool is_significant = false;
};
MedianOffset median_offset(std::span<const Offset> matched, double radius_arcsec);

/// How far, in radii of the match, pairs are looked for by common_offset.
inline constexpr double offset_search_radii = 20.0;

/// An offset that many pairs have in common, larger than the radius of the match: that
/// of a wrong world coordinate system or pixel count, with which nothing is matched.
struct CommonOffset {
  Offset offset;             ///< centre of the cell
  std::int64_t pairs = 0;    ///< in that cell
  std::int64_t at_zero = 0;  ///< in the cell about zero
  double expected = 0.0;     ///< mean over all cells
};

/// The fullest of square cells, 2 radii wide, of the offsets of all pairs within
/// offset_search_radii; nothing unless so many pairs are there by chance (Poisson) in
/// less than 1 of 10,000 searches, whether the mean of all cells or the number in the
/// cell about zero is what is expected.
/// \param offsets of all such pairs
std::optional<CommonOffset> common_offset(std::span<const Offset> offsets,
                                          double radius_arcsec);

}  // namespace lensmill::recovery
