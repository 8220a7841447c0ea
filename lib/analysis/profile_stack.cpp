#include "lib/analysis/profile_stack.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lensmill::analysis {
namespace {

constexpr std::size_t kinds = 3;
/// Of each kind and radial bin.
enum Moment : std::size_t { rows, sum, square, moments };
constexpr double largest_share = 1.0e6;

}  // namespace

ProfileStack::ProfileStack(Bins theta_e, std::size_t radial_bins)
    : bins_(std::move(theta_e)),
      radial_bins_(radial_bins),
      sums_(bins_.count() + 1, std::max<std::size_t>(1, kinds * radial_bins * moments),
            1) {}

void ProfileStack::add(const StampRow& row) {
  const std::size_t cell = bins_.of(row.theta_e_arcsec);
  for (std::size_t which = 0; which < kinds; ++which) {
    const auto& profile = row.profiles[which];
    for (std::size_t r = 0; r < std::min(radial_bins_, profile.size()); ++r) {
      const double value = profile[r];
      if (!(std::abs(value) <= largest_share)) continue;
      const std::size_t at = place(which, r);
      sums_.add(cell, 0, at + rows, 1.0);
      sums_.add(cell, 0, at + sum, value);
      sums_.add(cell, 0, at + square, value * value);
    }
  }
}

std::size_t ProfileStack::place(std::size_t which, std::size_t radius) const {
  return (which * radial_bins_ + radius) * moments;
}

Mean ProfileStack::point(std::size_t cell, std::size_t which,
                         std::size_t radius) const {
  const std::size_t at = place(which, radius);
  return mean_of_sums(sums_.value(cell, 0, at + rows), sums_.value(cell, 0, at + sum),
                      sums_.value(cell, 0, at + square));
}

}  // namespace lensmill::analysis
