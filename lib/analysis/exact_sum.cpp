#include "lib/analysis/exact_sum.hpp"

#include <cmath>

#include "lib/core/contracts.hpp"

namespace lensmill::analysis {
namespace {

constexpr double limb = 0x1p30;

}  // namespace

void add_exactly(ExactSum sum, double value) {
  EXPECT(std::abs(value) <= largest_exact_term);
  // Each step takes whole units of a limb off, towards zero and so without rounding.
  double rest = value / limb;
  for (auto& part : sum) {
    const auto whole = static_cast<std::int64_t>(rest);
    part += whole;
    rest = (rest - static_cast<double>(whole)) * limb;
  }
}

double value_of_exact(ConstExactSum sum) {
  // Carries first, so that the sum of a cancelling series is exact, too.
  std::int64_t limbs[exact_sum_limbs];
  std::int64_t carry = 0;
  for (std::size_t k = exact_sum_limbs; k-- > 1;) {
    const std::int64_t total = sum[k] + carry;
    carry = total >> 30;
    limbs[k] = total & ((std::int64_t{1} << 30) - 1);
  }
  limbs[0] = sum[0] + carry;
  double value = 0.0;
  double unit = limb;
  for (const auto part : limbs) {
    value += static_cast<double>(part) * unit;
    unit /= limb;
  }
  return value;
}

}  // namespace lensmill::analysis
