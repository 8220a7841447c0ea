#include <gtest/gtest.h>

#include "lib/core/errors.hpp"
#include "lib/imaging/convolver.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/moffat.hpp"
#include "tests/unit/imaging/convolution_helpers.hpp"

namespace lensmill::imaging {
namespace {

using psf::LatticeKernel;

TEST(LegacyOperator, PutsAnImpulseWhereTheBugDid) {
  const Lattice lattice{.stamp_size_pix = 64};
  LatticeKernel kernel =
      psf::make_lattice_kernel(psf::Moffat({.fwhm_pix = 4.0}, 2.5), {.size = {19, 19}});
  Image<double> plane(64, 64);
  plane(32, 32) = 1.0;

  const auto stamp = convolve(
      *make_convolver(ConvolutionOperator::legacy_ifftshift, lattice, Deposit::pixels),
      kernel, plane);

  EXPECT_EQ(static_cast<double>(stamp(9, 9)), largest(stamp));
  EXPECT_NEAR(static_cast<double>(stamp(9, 9)), kernel.samples(9, 9), float_tolerance);
}

TEST(LegacyOperator, IsCircularWithTheKernelShiftedByHalfTheStamp) {
  for (int n : {12, 13}) {
    const Lattice lattice{.stamp_size_pix = n};
    const LatticeKernel kernel = random_kernel(4, 7);
    const auto plane = random_plane(n, 11);
    const auto weights = random_plane(n, 12);
    const auto convolver =
        make_convolver(ConvolutionOperator::legacy_ifftshift, lattice, Deposit::pixels);

    const auto stamp = convolve(*convolver, kernel, plane);

    Image<double> expected(n, n);
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < n; ++i) {
        for (int k = 0; k < 4; ++k) {
          for (int l = 0; l < 7; ++l) {
            const int y = ((j - (k - n / 2)) % n + n) % n;
            const int x = ((i - (l - n / 2)) % n + n) % n;
            expected(j, i) += kernel.samples(k, l) * plane(y, x);
          }
        }
      }
    }
    EXPECT_LT(worst_difference(stamp, expected), float_tolerance * largest(expected));
    const double after = dot(weights, expected);
    EXPECT_NEAR(dot(adjoint(*convolver, kernel, weights), plane), after,
                float_tolerance * after);
  }
}

TEST(LegacyOperator, RefusesWhatItNeverDid) {
  const Lattice stamp{.stamp_size_pix = 16};
  const auto legacy =
      make_convolver(ConvolutionOperator::legacy_ifftshift, stamp, Deposit::pixels);
  ConvolverWorkspace workspace;
  PreparedKernel prepared;

  EXPECT_THROW(legacy->prepare(random_kernel(17, 5), workspace, prepared), DataError);
  EXPECT_THROW(make_convolver(ConvolutionOperator::legacy_ifftshift,
                              {.stamp_size_pix = 16, .margin_pix = 1}, Deposit::pixels),
               ConfigError);
  EXPECT_THROW(
      make_convolver(ConvolutionOperator::legacy_ifftshift, stamp, Deposit::spline),
      ConfigError);
}

}  // namespace
}  // namespace lensmill::imaging
