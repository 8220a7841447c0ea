#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace lensmill::analysis {

/// Cubic B-splines on an interval (de Boor 1978): a basis of all functions that are
/// cubic between neighbouring knots and have two continuous derivatives.
class CubicSplines {
 public:
  static constexpr std::size_t at_once = 4;  ///< that are not 0 at one x

  /// \param interior knots, ascending, inside (lower, upper), lower < upper
  CubicSplines(double lower, double upper, std::span<const double> interior);

  std::size_t count() const { return knots_.size() - at_once; }
  /// Values of basis functions first ... first + 3 at x, which is moved into the
  /// interval.
  struct Values {
    std::size_t first;
    std::array<double, at_once> value;
  };
  Values at(double x) const;

 private:
  std::vector<double> knots_;  ///< the ends four times
};

}  // namespace lensmill::analysis
