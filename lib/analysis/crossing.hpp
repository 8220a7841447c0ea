#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/analysis/estimate.hpp"

namespace lensmill::analysis {

/// Rows (x, y) with the unit of each, which is what a bootstrap resamples.
struct CurveRows {
  std::span<const double> x, y;  ///< finite
  std::span<const std::int64_t> unit;
  /// Whether the rows are all points of a design: their mean is then without chance.
  bool is_design = false;
};

/// Where the mean of y at given x changes its sign.
struct Crossing {
  enum class Found {
    one,          ///< one change
    none,         ///< the same sign everywhere
    several,      ///< more than one change
    not_decided,  ///< no sign is certain anywhere
  };
  Found found = Found::not_decided;
  /// Whether x takes few values, between which no row says where the change is.
  bool at_points = false;
  /// Whether the sign is certain at every x that was looked at, outside of the
  /// interval.
  bool decided_everywhere = false;
  int below = 0,
      above = 0;  ///< signs at the smallest and the largest x; 0: not certain
  /// The change, with the interval in which no sign is certain. At points: no value,
  /// and the last point before and the first one after it.
  Estimate place;
  std::size_t undecided_points = 0;  ///< between these two
  std::size_t rows = 0;
};

/// Find it without bins. The mean is a least-squares cubic spline in x (de Boor 1978, A
/// Practical Guide to Splines), with knots at quantiles of x, more of them with more
/// rows (at most 40); where x takes few values, the mean at each. A sign is certain
/// where the 90 % interval of the mean excludes 0, by a bootstrap over units; the
/// interval of the place consists of the x at which it does not (the inversion of a
/// test, Fieller 1954, J. R. Stat. Soc. B 16, 175). Signs count where the mean is
/// anywhere three standard errors and 2 % of its largest value away from 0.
Crossing find_crossing(const CurveRows& rows, std::uint64_t seed = 1);

}  // namespace lensmill::analysis
