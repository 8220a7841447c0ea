#pragma once

#include <array>
#include <cstdint>

namespace lensmill::catalogue {

/// Dimensions that ScrambledSobol knows direction numbers for.
inline constexpr int max_sobol_dimensions = 64;

/// One dimension of a Sobol sequence with nested uniform (Owen) scrambling. Direction
/// numbers: Joe & Kuo 2008, SIAM J. Sci. Comput. 30, 2635 (new-joe-kuo-6). Scrambling:
/// the Laine-Karras permutation of the reversed bits, Burley 2020, JCGT 9(4), 1. Every
/// aligned block of 2^k points has one point in each interval of width 2^-k.
class ScrambledSobol {
 public:
  /// 0 <= dimension < max_sobol_dimensions; scrambles differ by `scramble`.
  ScrambledSobol(int dimension, std::uint32_t scramble);
  /// Point `index` (0 <= index < 2^32), in the open interval (0, 1), in units of 2^-33.
  double operator()(std::uint32_t index) const;

 private:
  std::array<std::uint32_t, 32> direction_{};
  std::uint32_t scramble_;
};

}  // namespace lensmill::catalogue
