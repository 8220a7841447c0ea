// How well the deposit's spline knows a PSF between the points of a lattice.

#include "lib/psf/oversample.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "lib/core/b_spline.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/gaussian.hpp"
#include "lib/psf/moffat.hpp"

namespace lensmill::psf {
namespace {

/// Kernels are integrated to 2e-7 of the peak.
constexpr double quadrature = 1.0e-6;
/// The table is rounded, and errors between its entries are not quite power laws.
constexpr double rounded = 1.05;

std::unique_ptr<EllipticalPsf> make_psf(double fwhm_pix, double beta, double q = 1.0) {
  const PsfShape shape{.fwhm_pix = fwhm_pix, .q = q, .phi_rad = 0.4};
  if (beta == 0.0) return std::make_unique<Gaussian>(shape);
  return std::make_unique<Moffat>(shape, beta);
}

/// Odd number of pixels on which the error is looked for.
int side_of(double fwhm_pix) { return 2 * static_cast<int>(2.0 * fwhm_pix) + 3; }

/// Worst error of a point source, by quadrature of the PSF over a pixel at every
/// sixth of a lattice step.
double error_at_all_offsets(const PsfFunction& psf, double fwhm_pix, int oversample) {
  constexpr int parts = 6;
  const int side = side_of(fwhm_pix);
  // The spline through the kernel's edge dies down over twenty lattice steps.
  const int whole = side + 2 * ((20 + oversample - 1) / oversample);
  const FunctionKernelOptions wide{.size = {whole, whole},
                                   .oversample = oversample,
                                   .normalisation = Normalisation::keep};
  FunctionKernelOptions fine = wide;
  fine.oversample = parts * oversample;
  const LatticeKernel known = make_lattice_kernel(psf, wide);
  const LatticeKernel truth = make_lattice_kernel(psf, fine);
  const int reach = side * fine.oversample / 2;
  const auto between =
      evaluate_spline(spline_coefficients(known.samples, SplineDegree::moms),
                      {.ny = 2 * reach + 1,
                       .nx = 2 * reach + 1,
                       .first_y = known.origin_y - reach / double{parts},
                       .first_x = known.origin_x - reach / double{parts},
                       .step = 1.0 / parts},
                      SplineDegree::moms);
  double worst = 0.0;
  for (int j = 0; j < between.ny(); ++j) {
    for (int i = 0; i < between.nx(); ++i) {
      worst = std::max(
          worst, std::abs(between(j, i) - truth.samples(truth.origin_y + j - reach,
                                                        truth.origin_x + i - reach)));
    }
  }
  return worst / truth.samples(truth.origin_y, truth.origin_x);
}

struct Case {
  double fwhm_pix, beta;
  int oversample;
};
class LatticeError : public testing::TestWithParam<Case> {};

TEST_P(LatticeError, IsABoundForPointSourcesAtEveryOffset) {
  const auto [fwhm, beta, oversample] = GetParam();

  const double error = error_at_all_offsets(*make_psf(fwhm, beta), fwhm, oversample);

  const double bound = lattice_error(fwhm * oversample);
  EXPECT_LT(error, rounded * bound + quadrature);
  EXPECT_GT(error, 0.02 * bound) << "a bound that says nothing";
}

INSTANTIATE_TEST_SUITE_P(
    Oversample, LatticeError,
    testing::Values(Case{3.41, 2.5, 1}, Case{3.41, 3.5, 1}, Case{3.41, 5.0, 1},
                    Case{3.41, 0.0, 1}, Case{4.6, 2.5, 1}, Case{8.0, 2.5, 1},
                    Case{8.0, 0.0, 1}, Case{1.71, 2.5, 2}, Case{2.3, 3.5, 2},
                    Case{3.2, 5.0, 2}, Case{0.86, 2.5, 4}, Case{1.6, 0.0, 4},
                    Case{0.45, 2.5, 8}, Case{0.3, 2.5, 16}, Case{0.3, 3.5, 16}));

TEST(LatticeErrorTable, FallsWithEveryStep) {
  for (double steps = 0.5; steps < 40.0; steps *= 1.07) {
    EXPECT_LE(lattice_error(1.07 * steps), lattice_error(steps)) << steps;
  }
}

TEST(LatticeErrorOf, IsTheErrorHalfWayBetweenLatticePoints) {
  for (const double fwhm : {1.7, 2.4, 3.5}) {
    const auto psf = make_psf(fwhm, 2.5);
    const int side = side_of(fwhm) + 8;
    const auto kernel = [&](int oversample) {
      return make_lattice_kernel(*psf,
                                 {.size = {side, side}, .oversample = oversample});
    };

    const double measured = lattice_error_of(kernel(2), kernel(4), 2.0 * fwhm);
    const double at_all = error_at_all_offsets(*psf, fwhm, 2);

    EXPECT_LE(measured, at_all * rounded);
    EXPECT_GT(measured, 0.5 * at_all);
  }
}

}  // namespace
}  // namespace lensmill::psf
