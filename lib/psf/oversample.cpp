#include "lib/psf/oversample.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/core/b_spline.hpp"
#include "lib/core/contracts.hpp"

namespace lensmill::psf {
namespace {

struct Measured {
  double steps, error;
};
// The header's table.
constexpr std::array<Measured, 9> measured{{{2.5, 2.3e-3},
                                            {3.0, 5.0e-4},
                                            {3.4, 1.8e-4},
                                            {3.8, 9.5e-5},
                                            {4.6, 4.0e-5},
                                            {5.0, 3.0e-5},
                                            {6.0, 1.2e-5},
                                            {8.0, 3.4e-6},
                                            {10.0, 1.0e-6}}};
constexpr double order = 6.0;  // of the spline

}  // namespace

double lattice_error(double fwhm_steps) {
  EXPECT(fwhm_steps > 0.0);
  if (fwhm_steps >= measured.back().steps) {
    return measured.back().error * std::pow(fwhm_steps / measured.back().steps, -order);
  }
  std::size_t k = 0;
  while (k + 2 < measured.size() && measured[k + 1].steps < fwhm_steps) ++k;
  const Measured& a = measured[k];
  const Measured& b = measured[k + 1];
  const double share = std::log(fwhm_steps / a.steps) / std::log(b.steps / a.steps);
  // More than all of the light is never misplaced.
  return std::min(1.0, a.error * std::pow(b.error / a.error, share));
}

double lattice_error_of(const LatticeKernel& coarse, const LatticeKernel& fine,
                        double reach_pix) {
  EXPECT(fine.oversample == 2 * coarse.oversample);
  const int reach = std::max(1, static_cast<int>(reach_pix * fine.oversample));
  const int n = 2 * reach + 1;
  const auto between =
      evaluate_spline(spline_coefficients(coarse.samples, SplineDegree::moms),
                      {.ny = n,
                       .nx = n,
                       .first_y = coarse.origin_y - 0.5 * reach,
                       .first_x = coarse.origin_x - 0.5 * reach,
                       .step = 0.5},
                      SplineDegree::moms);
  double worst = 0.0;
  double peak = 0.0;
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      const int y = j - reach + fine.origin_y;
      const int x = i - reach + fine.origin_x;
      if (y < 0 || y >= fine.samples.ny() || x < 0 || x >= fine.samples.nx()) continue;
      worst = std::max(worst, std::abs(between(j, i) - fine.samples(y, x)));
      peak = std::max(peak, std::abs(fine.samples(y, x)));
    }
  }
  return peak > 0.0 ? worst / peak : 0.0;
}

}  // namespace lensmill::psf
