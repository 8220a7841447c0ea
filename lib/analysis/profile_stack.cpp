#include "lib/analysis/profile_stack.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/analysis/exact_sum.hpp"

namespace lensmill::analysis {
namespace {

constexpr std::size_t kinds = 3;
constexpr std::size_t sum_at = 1, square_at = 1 + exact_sum_limbs;
constexpr std::size_t entry = 1 + 2 * exact_sum_limbs;
constexpr double largest_share = 1.0e6;

}  // namespace

ProfileStack::ProfileStack(Bins theta_e, std::size_t radial_bins)
    : bins_(std::move(theta_e)),
      radial_bins_(radial_bins),
      state_((bins_.count() + 1) * kinds * radial_bins * entry) {}

std::size_t ProfileStack::place(std::size_t cell, std::size_t which,
                                std::size_t radius) const {
  return ((cell * kinds + which) * radial_bins_ + radius) * entry;
}

void ProfileStack::add(const StampRow& row) {
  const std::size_t cell = bins_.of(row.theta_e_arcsec);
  for (std::size_t which = 0; which < kinds; ++which) {
    const auto& profile = row.profiles[which];
    for (std::size_t r = 0; r < std::min(radial_bins_, profile.size()); ++r) {
      const double value = profile[r];
      if (!(std::abs(value) <= largest_share)) continue;
      std::int64_t* const at = state_.data() + place(cell, which, r);
      ++*at;
      add_exactly(ExactSum(at + sum_at, exact_sum_limbs), value);
      add_exactly(ExactSum(at + square_at, exact_sum_limbs), value * value);
    }
  }
}

ProfileStack::Point ProfileStack::point(std::size_t cell, std::size_t which,
                                        std::size_t radius) const {
  const std::int64_t* const at = state_.data() + place(cell, which, radius);
  Point out{.rows = *at};
  if (out.rows == 0) return out;
  const auto n = static_cast<double>(out.rows);
  out.mean = value_of_exact(ConstExactSum(at + sum_at, exact_sum_limbs)) / n;
  if (out.rows < 2) return out;
  const double square =
      value_of_exact(ConstExactSum(at + square_at, exact_sum_limbs)) / n;
  out.standard_error =
      std::sqrt(std::max(square - out.mean * out.mean, 0.0) / (n - 1.0));
  return out;
}

}  // namespace lensmill::analysis
