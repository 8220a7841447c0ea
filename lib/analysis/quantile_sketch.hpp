#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lensmill::analysis {

/// Quantiles of many values in bounded memory, the same for any order of the values: a
/// histogram of equal bins over a known range, each bin with the smallest and the
/// largest value that fell in. Values from a list (a grid) come out exact, others to a
/// bin's width, 1/4096 of the range, at worst.
class QuantileSketch {
 public:
  static constexpr std::size_t bins = 4096;

  QuantileSketch() : QuantileSketch(0.0, 0.0) {}
  /// lower <= upper, finite.
  QuantileSketch(double lower, double upper);

  /// Values outside the range count to its ends; NaN is left out.
  void add(double value);
  /// NaN of no values. By linear interpolation between neighbouring ranks of a bin.
  double quantile(double p) const;
  std::int64_t count() const;

  /// For ranks: counts by element-wise sum, extremes by element-wise *minimum* (the
  /// largest values are kept with the opposite sign).
  std::span<std::int64_t> counts() { return counts_; }
  std::span<double> extremes() { return extremes_; }

 private:
  double lower_, per_bin_;
  std::vector<std::int64_t> counts_;
  std::vector<double> extremes_;  ///< [bin]: smallest, then [bin]: minus the largest
};

}  // namespace lensmill::analysis
