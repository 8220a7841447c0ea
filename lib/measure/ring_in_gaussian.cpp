#include "lib/measure/ring_in_gaussian.hpp"

#include <cmath>

#include "lib/core/contracts.hpp"

namespace lensmill::measure {

double ring_in_gaussian_fraction(double ring_pix, double aperture_pix,
                                 double sigma_pix) {
  EXPECT(ring_pix >= 0.0 && aperture_pix >= 0.0 && sigma_pix > 0.0);
  const double a = 0.5 * (ring_pix / sigma_pix) * (ring_pix / sigma_pix);
  const double b = 0.5 * (aperture_pix / sigma_pix) * (aperture_pix / sigma_pix);
  if (b == 0.0) return 0.0;
  // sum_j Poisson(j; a) P(j + 1, b), where 1 - P(j + 1, b) = sum_{k <= j} Poisson(k;
  // b). Logarithms, since exp(-a) underflows for wide rings.
  const auto log_poisson = [](double mean, int k) {
    if (mean == 0.0) return k == 0 ? 0.0 : -HUGE_VAL;
    return k * std::log(mean) - mean - std::lgamma(k + 1.0);
  };
  const int last = static_cast<int>(a + 12.0 * std::sqrt(a + 1.0) + 40.0);
  double below = 0.0;
  double sum = 0.0;
  for (int j = 0; j <= last; ++j) {
    below += std::exp(log_poisson(b, j));
    sum += std::exp(log_poisson(a, j)) * (1.0 - below);
  }
  return sum;
}

}  // namespace lensmill::measure
