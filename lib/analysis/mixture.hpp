#pragma once

#include <cstdint>
#include <span>

namespace lensmill::analysis {

/// The share f of stamps that one of two models made, by maximum likelihood of
///   ln L(f) = sum_i ln((1 - f) + f exp(r_i)),   r_i = ln(L_i of it / L_i of the
///   other):
/// stamps that cannot tell (r near 0) count for nothing, those that can for as much as
/// they know.
struct MixtureFraction {
  double value = 0.0;
  double lower = 0.0, upper = 1.0;  ///< profile likelihood, of `confidence`
  double log_over_none = 0.0;       ///< ln L(value) - ln L(0)
  double log_over_all = 0.0;        ///< ln L(value) - ln L(1)
  std::int64_t n = 0;
  /// Stamps that the one model, or the other, fits by more than noticeable_log_ratio.
  std::int64_t better_it = 0, better_other = 0;

  /// Whether neither none nor all of the stamps can be it: both ratios above
  /// decisive_log_ratio, and not by one or two strange stamps (least_of_each).
  bool is_mixed() const;
};

/// A likelihood ratio of 3000 against either pure set. Ratios of a pure set have mean 1
/// (of L), so that it is exceeded by chance with a probability of exp(-8) for each f.
inline constexpr double decisive_log_ratio = 8.0;
inline constexpr double noticeable_log_ratio = 3.0;
inline constexpr std::int64_t least_of_each = 3;
/// No stamp is believed more than that (exp(50) is certainty for any set).
inline constexpr double largest_log_ratio = 50.0;

MixtureFraction mixture_fraction(std::span<const double> log_ratios);

}  // namespace lensmill::analysis
