#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace lensmill::test_support {

/// Values of one quantity over the rows of a run.
class Sample {
 public:
  void add(double value) { values_.push_back(value); }
  std::size_t size() const { return values_.size(); }
  const std::vector<double>& values() const { return values_; }

  double mean() const {
    double sum = 0.0;
    for (const double value : values_) sum += value;
    return sum / static_cast<double>(values_.size());
  }
  /// Unbiased, of one value.
  double variance() const {
    const double centre = mean();
    double sum = 0.0;
    for (const double value : values_) sum += (value - centre) * (value - centre);
    return sum / static_cast<double>(values_.size() - 1);
  }
  double standard_error() const {
    return std::sqrt(variance() / static_cast<double>(values_.size()));
  }
  double median() const { return quantile(0.5); }
  /// The value below which the share lies.
  double quantile(double share) const {
    auto sorted = values_;
    const auto at =
        std::min(values_.size() - 1,
                 static_cast<std::size_t>(share * static_cast<double>(values_.size())));
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(at);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
  }
  double share_below(double limit) const {
    return static_cast<double>(std::count_if(values_.begin(), values_.end(),
                                             [&](double v) { return v < limit; })) /
           static_cast<double>(values_.size());
  }

 private:
  std::vector<double> values_;
};

/// The bins of theta_E in all published tables: [a, b), the last one closed.
inline constexpr std::array<double, 6> theta_e_edges_arcsec{0.5, 0.75, 1.0,
                                                            1.5, 2.0,  2.5};
inline constexpr std::size_t theta_e_bins = theta_e_edges_arcsec.size() - 1;
inline std::size_t theta_e_bin(double theta_e_arcsec) {
  std::size_t bin = 0;
  while (bin + 1 < theta_e_bins && theta_e_arcsec >= theta_e_edges_arcsec[bin + 1]) {
    ++bin;
  }
  return bin;
}

}  // namespace lensmill::test_support
