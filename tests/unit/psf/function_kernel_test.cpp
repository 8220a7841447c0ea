#include "lib/psf/function_kernel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/core/gauss_legendre.hpp"
#include "lib/psf/gaussian.hpp"
#include "lib/psf/moffat.hpp"

namespace lensmill::psf {
namespace {

/// What the header promises, of the peak sample.
constexpr double kernel_tolerance = 1.0e-6;
/// Sums of some thousand rounded terms.
constexpr double rounding = 1.0e-12;

/// Flux of a Gaussian cut to [low, high], per axis, in the pixel about `at`.
double cut_axis(double sigma, double low, double high, double at) {
  const double scale = 1.0 / (sigma * std::sqrt(2.0));
  const double from = std::max(low, at - 0.5);
  const double to = std::min(high, at + 0.5);
  if (to <= from) return 0.0;
  return 0.5 * (std::erf(to * scale) - std::erf(from * scale));
}

double peak(const LatticeKernel& kernel) {
  return *std::ranges::max_element(kernel.samples.pixels());
}

struct Case {
  KernelSize size;
  int oversample;
  double fwhm_pix;
};

class CutGaussian : public testing::TestWithParam<Case> {};

TEST_P(CutGaussian, MeetsItsClosedFormAtEveryLatticePoint) {
  const auto [size, oversample, fwhm] = GetParam();
  const Gaussian psf({.fwhm_pix = fwhm});
  const LatticeKernel kernel = make_lattice_kernel(
      psf,
      {.size = size, .oversample = oversample, .normalisation = Normalisation::keep});

  ASSERT_EQ(kernel.samples.ny(), size.ny * oversample + oversample - 1);
  ASSERT_EQ(kernel.samples.nx(), size.nx * oversample + oversample - 1);
  double worst = 0.0;
  for (int j = 0; j < kernel.samples.ny(); ++j) {
    for (int i = 0; i < kernel.samples.nx(); ++i) {
      const double y = (j - kernel.origin_y) / static_cast<double>(oversample);
      const double x = (i - kernel.origin_x) / static_cast<double>(oversample);
      const double expected =
          cut_axis(psf.sigma_pix(), size.low_y_pix(), size.high_y_pix(), y) *
          cut_axis(psf.sigma_pix(), size.low_x_pix(), size.high_x_pix(), x);
      worst = std::max(worst, std::abs(kernel.samples(j, i) - expected));
    }
  }
  EXPECT_LT(worst, kernel_tolerance * peak(kernel));
  EXPECT_NEAR(kernel.sum, psf.enclosed_energy(size), kernel_tolerance);
}

INSTANTIATE_TEST_SUITE_P(FunctionKernel, CutGaussian,
                         testing::Values(Case{{33, 33}, 1, 4.6}, Case{{33, 33}, 4, 4.6},
                                         Case{{31, 41}, 2, 3.0}, Case{{32, 32}, 1, 4.6},
                                         Case{{24, 25}, 3, 2.0}, Case{{9, 9}, 1, 1.1},
                                         Case{{9, 9}, 4, 1.1}, Case{{8, 5}, 2, 1.5},
                                         Case{{1, 1}, 1, 3.0}, Case{{5, 5}, 8, 0.9}));

/// The same integrals by brute force, one pixel at a time.
double brute_force(const PsfFunction& psf, double x, double y) {
  constexpr int parts = 8;
  double sum = 0.0;
  for (int b = 0; b < parts; ++b) {
    for (int a = 0; a < parts; ++a) {
      for (const GaussNode& v : gauss_legendre(8)) {
        for (const GaussNode& u : gauss_legendre(8)) {
          const double at_x = x - 0.5 + (a + 0.5 + u.offset) / parts;
          const double at_y = y - 0.5 + (b + 0.5 + v.offset) / parts;
          double density = 0.0;
          psf.evaluate({&at_x, 1}, {&at_y, 1}, {&density, 1});
          sum += u.weight * v.weight * density / (parts * parts);
        }
      }
    }
  }
  return sum;
}

TEST(FunctionKernel, MoffatsArePixelIntegrated) {
  for (double fwhm : {1.1, 2.0, 4.6}) {
    for (double beta : {1.5, 2.5, 3.5}) {
      const Moffat psf({.fwhm_pix = fwhm, .q = beta == 3.5 ? 0.8 : 1.0, .phi_rad = 0.5},
                       beta);
      const LatticeKernel kernel = make_lattice_kernel(
          psf, {.size = {21, 21}, .normalisation = Normalisation::keep});

      for (int j = 0; j < 21; ++j) {
        for (int i = 0; i < 21; ++i) {
          ASSERT_NEAR(kernel.samples(j, i), brute_force(psf, i - 10, j - 10),
                      kernel_tolerance * peak(kernel))
              << fwhm << " " << beta << " at " << j << ", " << i;
        }
      }
    }
  }
}

TEST(FunctionKernel, SymmetryChangesNothing) {
  /// A Moffat that does not say that it is symmetric.
  class Plain final : public PsfFunction {
   public:
    void evaluate(std::span<const double> x, std::span<const double> y,
                  std::span<double> density) const override {
      psf_.evaluate(x, y, density);
    }
    double sharpest_fwhm_pix() const override { return psf_.sharpest_fwhm_pix(); }

   private:
    Moffat psf_{{.fwhm_pix = 4.0}, 2.5};
  };
  for (int oversample : {1, 2}) {
    const FunctionKernelOptions options{.size = {15, 15}, .oversample = oversample};
    const auto a = make_lattice_kernel(Moffat({.fwhm_pix = 4.0}, 2.5), options);
    const auto b = make_lattice_kernel(Plain(), options);

    for (std::size_t k = 0; k < a.samples.size(); ++k) {
      EXPECT_NEAR(a.samples.pixels()[k], b.samples.pixels()[k],
                  kernel_tolerance * peak(a));
    }
  }
}

TEST(FunctionKernel, UnitPolicyGivesUnitSumOnEveryPixelGrid) {
  const LatticeKernel kernel = make_lattice_kernel(Moffat({.fwhm_pix = 4.0}, 2.5),
                                                   {.size = {16, 17}, .oversample = 4});

  EXPECT_NEAR(kernel.sum, 1.0, rounding);
  // Any offset of the pixel grid against the source catches all of the cut PSF.
  for (int offset_y = 0; offset_y < 4; ++offset_y) {
    for (int offset_x = 0; offset_x < 4; ++offset_x) {
      double sum = 0.0;
      for (int j = offset_y; j < kernel.samples.ny(); j += 4) {
        for (int i = offset_x; i < kernel.samples.nx(); i += 4) {
          sum += kernel.samples(j, i);
        }
      }
      EXPECT_NEAR(sum, 1.0, rounding) << offset_y << ", " << offset_x;
    }
  }
}

TEST(FunctionKernel, OddKernelsAreCentredAndEvenOnesReachFurtherUp) {
  const Moffat psf({.fwhm_pix = 4.0}, 2.5);
  const auto odd = make_lattice_kernel(psf, {.size = {15, 15}, .oversample = 2});
  const auto even = make_lattice_kernel(psf, {.size = {15, 16}, .oversample = 2});

  EXPECT_NEAR(odd.centroid_x_pix, 0.0, rounding);
  EXPECT_NEAR(odd.centroid_y_pix, 0.0, rounding);
  EXPECT_GT(even.centroid_x_pix, 1.0e-3);
  EXPECT_NEAR(even.centroid_y_pix, 0.0, rounding);
  EXPECT_EQ(even.samples(even.origin_y, even.origin_x), peak(even));
}

TEST(FunctionKernel, OmittedPixelLeavesTheDensity) {
  const Gaussian psf({.fwhm_pix = 4.0});
  const LatticeKernel kernel =
      make_lattice_kernel(psf, {.size = {25, 25},
                                .oversample = 2,
                                .normalisation = Normalisation::keep,
                                .pixel_response = PixelResponse::omit});
  double at_x = 1.5;
  double at_y = -0.5;
  double density = 0.0;
  psf.evaluate({&at_x, 1}, {&at_y, 1}, {&density, 1});

  EXPECT_NEAR(kernel.samples(kernel.origin_y - 1, kernel.origin_x + 3), density,
              rounding);
  EXPECT_NEAR(kernel.sum, 1.0, kernel_tolerance);
}

TEST(FunctionKernel, BuffersAreReusedWithoutATrace) {
  FunctionKernelWorkspace workspace;
  LatticeKernel kernel;
  const Moffat wide({.fwhm_pix = 6.0}, 2.5);
  const Moffat narrow({.fwhm_pix = 3.0}, 3.1);
  make_lattice_kernel(wide, {.size = {41, 41}, .oversample = 2}, workspace, kernel);
  make_lattice_kernel(narrow, {.size = {19, 19}}, workspace, kernel);

  const LatticeKernel fresh = make_lattice_kernel(narrow, {.size = {19, 19}});

  ASSERT_EQ(kernel.samples.size(), fresh.samples.size());
  EXPECT_TRUE(std::ranges::equal(kernel.samples.pixels(), fresh.samples.pixels()));
  EXPECT_EQ(kernel.oversample, 1);
}

TEST(FunctionKernel, RefusesAnEmptyRectangleAndAPsfWithoutFlux) {
  class Dark final : public PsfFunction {
   public:
    void evaluate(std::span<const double>, std::span<const double>,
                  std::span<double> density) const override {
      std::ranges::fill(density, 0.0);
    }
    double sharpest_fwhm_pix() const override { return 3.0; }
  };

  EXPECT_THROW(make_lattice_kernel(Gaussian({.fwhm_pix = 4.0}), {.size = {0, 5}}),
               DataError);
  EXPECT_THROW(make_lattice_kernel(Dark(), {.size = {5, 5}}), DataError);
}

}  // namespace
}  // namespace lensmill::psf
