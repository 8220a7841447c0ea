#include "lib/imaging/convolver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/imaging/spline.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/gaussian.hpp"
#include "lib/psf/moffat.hpp"

namespace lensmill::imaging {
namespace {

using psf::LatticeKernel;

/// Single-precision transforms of some 10^4 points: a few float epsilons of the largest
/// pixel, measured at most 4e-7.
constexpr double float_tolerance = 1.0e-6;
/// What the wrapped spline tail may add (fft_convolver.cpp) besides.
constexpr double spline_tolerance = 3.0e-6;

/// Numbers without structure, the same on every machine.
double pseudo_random(int k) {
  const double s = std::sin(12.9898 * k + 78.233) * 43758.5453;
  return s - std::floor(s);
}

Image<double> random_plane(int side, int seed) {
  Image<double> plane(side, side);
  int k = 1000 * seed;
  for (double& value : plane.pixels()) value = pseudo_random(++k);
  return plane;
}

/// A kernel without any symmetry, origin by the convention (n-1)//2.
LatticeKernel random_kernel(int ny, int nx) {
  LatticeKernel kernel;
  kernel.samples.assign(ny, nx);
  int k = 17 * ny + nx;
  for (double& value : kernel.samples.pixels()) value = pseudo_random(++k) / (ny * nx);
  kernel.origin_y = (ny - 1) / 2;
  kernel.origin_x = (nx - 1) / 2;
  return kernel;
}

Image<float> convolve(const Convolver& convolver, const LatticeKernel& kernel,
                      const Image<double>& plane) {
  ConvolverWorkspace workspace;
  PreparedKernel prepared;
  convolver.prepare(kernel, workspace, prepared);
  const int n = convolver.lattice().stamp_size_pix;
  Image<float> stamp(n, n, -1.0f);
  const ImageView<const double> in = plane;
  const ImageView<float> out = stamp;
  convolver.convolve({&in, 1}, prepared, workspace, {&out, 1});
  return stamp;
}

Image<double> adjoint(const Convolver& convolver, const LatticeKernel& kernel,
                      const Image<double>& weights) {
  ConvolverWorkspace workspace;
  PreparedKernel prepared;
  convolver.prepare(kernel, workspace, prepared);
  const int side = convolver.lattice().size();
  Image<double> result(side, side, -1.0);
  const ImageView<const double> in = weights;
  const ImageView<double> out = result;
  convolver.adjoint({&in, 1}, prepared, workspace, {&out, 1});
  return result;
}

template <class A, class B>
double dot(const Image<A>& a, const Image<B>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a.pixels()[i]) * static_cast<double>(b.pixels()[i]);
  }
  return sum;
}

template <class A, class B>
double worst_difference(const Image<A>& a, const Image<B>& b) {
  double worst = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(a.pixels()[i]) -
                                     static_cast<double>(b.pixels()[i])));
  }
  return worst;
}

template <class T>
double largest(const Image<T>& a) {
  double result = 0.0;
  for (T value : a.pixels()) {
    result = std::max(result, std::abs(static_cast<double>(value)));
  }
  return result;
}

struct Sizes {
  int stamp, ny, nx;
};

class EveryParity : public testing::TestWithParam<Sizes> {};

TEST_P(EveryParity, ImpulseBringsOutTheKernelAboutItsOrigin) {
  const auto [n, ny, nx] = GetParam();
  const Lattice lattice{.stamp_size_pix = n};
  const LatticeKernel kernel = random_kernel(ny, nx);
  Image<double> plane(n, n);
  const int at_y = n / 3;
  const int at_x = n - 2;
  plane(at_y, at_x) = 2.0;

  for (auto op : {ConvolutionOperator::fft, ConvolutionOperator::direct}) {
    const auto stamp =
        convolve(*make_convolver(op, lattice, Deposit::pixels), kernel, plane);

    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < n; ++i) {
        const int row = j - at_y + kernel.origin_y;
        const int column = i - at_x + kernel.origin_x;
        const bool inside = row >= 0 && row < ny && column >= 0 && column < nx;
        const double expected = inside ? 2.0 * kernel.samples(row, column) : 0.0;
        ASSERT_NEAR(static_cast<double>(stamp(j, i)), expected,
                    2.0 * float_tolerance * largest(kernel.samples))
            << to_string(op) << " at " << j << ", " << i;
      }
    }
  }
}

TEST_P(EveryParity, FftEqualsTheDefinition) {
  const auto [n, ny, nx] = GetParam();
  const Lattice lattice{.stamp_size_pix = n, .margin_pix = 2};
  const LatticeKernel kernel = random_kernel(ny, nx);
  const auto plane = random_plane(lattice.size(), 1);

  const auto fast =
      convolve(*make_convolver(ConvolutionOperator::fft, lattice, Deposit::pixels),
               kernel, plane);
  const auto slow =
      convolve(*make_convolver(ConvolutionOperator::direct, lattice, Deposit::pixels),
               kernel, plane);

  EXPECT_LT(worst_difference(fast, slow), float_tolerance * largest(slow));
}

TEST_P(EveryParity, AdjointMovesTheKernelToTheWeights) {
  const auto [n, ny, nx] = GetParam();
  const Lattice lattice{.stamp_size_pix = n, .margin_pix = 1};
  const LatticeKernel kernel = random_kernel(ny, nx);
  const auto plane = random_plane(lattice.size(), 2);
  const auto weights = random_plane(n, 3);

  for (auto op : {ConvolutionOperator::fft, ConvolutionOperator::direct}) {
    const auto convolver = make_convolver(op, lattice, Deposit::pixels);
    const double after = dot(weights, convolve(*convolver, kernel, plane));
    const double before = dot(adjoint(*convolver, kernel, weights), plane);

    EXPECT_NEAR(before, after, float_tolerance * after) << to_string(op);
  }
}

INSTANTIATE_TEST_SUITE_P(Convolver, EveryParity,
                         testing::Values(Sizes{16, 5, 5}, Sizes{16, 4, 4},
                                         Sizes{15, 5, 4}, Sizes{15, 4, 7},
                                         Sizes{16, 1, 1}, Sizes{13, 31, 41},
                                         Sizes{12, 23, 24}, Sizes{12, 64, 65}),
                         [](const auto& test) {
                           return "N" + std::to_string(test.param.stamp) + "K" +
                                  std::to_string(test.param.ny) + "x" +
                                  std::to_string(test.param.nx);
                         });

/// A lattice with the border that splines need.
Lattice spline_lattice(int stamp, int oversample) {
  return {.stamp_size_pix = stamp,
          .margin_pix = 0,
          .oversample = oversample,
          .border = spline_support / 2 + oversample};
}

/// Put a point source of unit flux at stamp pixel (x, y) on the lattice.
void deposit(const Lattice& lattice, double x_pix, double y_pix, Image<double>& plane) {
  const double x = x_pix * lattice.oversample + lattice.first_pixel();
  const double y = y_pix * lattice.oversample + lattice.first_pixel();
  const auto wx = spline_weights(x - std::floor(x));
  const auto wy = spline_weights(y - std::floor(y));
  for (int j = 0; j < spline_support; ++j) {
    for (int i = 0; i < spline_support; ++i) {
      plane(static_cast<int>(std::floor(y)) - 2 + j,
            static_cast<int>(std::floor(x)) - 2 + i) +=
          wy[static_cast<std::size_t>(j)] * wx[static_cast<std::size_t>(i)];
    }
  }
}

/// Flux of a unit Gaussian point source in the pixel at offset (dx, dy).
double gaussian_pixel(double sigma, double dx, double dy) {
  const auto axis = [sigma](double d) {
    const double scale = 1.0 / (sigma * std::sqrt(2.0));
    return 0.5 * (std::erf((d + 0.5) * scale) - std::erf((d - 0.5) * scale));
  };
  return axis(dx) * axis(dy);
}

struct SubPixelCase {
  double fwhm_pix;
  int oversample;
  double tolerance;  // of the point source's peak: the table in oversample.hpp
};

class SubPixel : public testing::TestWithParam<SubPixelCase> {};

TEST_P(SubPixel, PointSourceBetweenPixelsMeetsTheClosedForm) {
  const auto [fwhm, oversample, tolerance] = GetParam();
  const psf::Gaussian gaussian({.fwhm_pix = fwhm});
  const Lattice lattice = spline_lattice(32, oversample);
  const LatticeKernel kernel =
      psf::make_lattice_kernel(gaussian, {.size = {41, 41}, .oversample = oversample});
  const auto convolver =
      make_convolver(ConvolutionOperator::fft, lattice, Deposit::spline);

  for (const auto& [x, y] : {std::pair{15.5, 16.5}, {14.0, 17.0}, {16.3, 15.9}}) {
    Image<double> plane(lattice.size(), lattice.size());
    deposit(lattice, x, y, plane);

    const auto stamp = convolve(*convolver, kernel, plane);

    double worst = 0.0;
    for (int j = 0; j < 32; ++j) {
      for (int i = 0; i < 32; ++i) {
        const double truth = gaussian_pixel(gaussian.sigma_pix(), i - x, j - y);
        worst = std::max(worst, std::abs(static_cast<double>(stamp(j, i)) - truth));
      }
    }
    const double peak = gaussian_pixel(gaussian.sigma_pix(), 0.0, 0.0);
    EXPECT_LT(worst, tolerance * peak) << "at " << x << ", " << y;
  }
}

INSTANTIATE_TEST_SUITE_P(Convolver, SubPixel,
                         testing::Values(SubPixelCase{5.15, 1, 4.0e-5},
                                         SubPixelCase{4.6, 1, 8.0e-5},
                                         SubPixelCase{2.3, 2, 8.0e-5},
                                         SubPixelCase{1.15, 4, 3.0e-5}),
                         [](const auto& test) {
                           return "Oversample" + std::to_string(test.param.oversample) +
                                  "Case" + std::to_string(test.index);
                         });

TEST(SplineDeposit, FftEqualsTheDefinition) {
  for (int oversample : {1, 2}) {
    const Lattice lattice = spline_lattice(14, oversample);
    const LatticeKernel kernel = psf::make_lattice_kernel(
        psf::Moffat({.fwhm_pix = 3.0, .q = 0.8, .phi_rad = 0.4}, 2.5),
        {.size = {11, 14}, .oversample = oversample});
    Image<double> plane(lattice.size(), lattice.size());
    for (int k = 0; k < 40; ++k) {
      deposit(lattice, 13.0 * pseudo_random(k), 13.0 * pseudo_random(k + 99), plane);
    }

    const auto fast =
        convolve(*make_convolver(ConvolutionOperator::fft, lattice, Deposit::spline),
                 kernel, plane);
    const auto slow =
        convolve(*make_convolver(ConvolutionOperator::direct, lattice, Deposit::spline),
                 kernel, plane);

    EXPECT_LT(worst_difference(fast, slow), spline_tolerance * largest(slow));
  }
}

TEST(SplineDeposit, AdjointIsExact) {
  const Lattice lattice = spline_lattice(20, 2);
  const LatticeKernel kernel = psf::make_lattice_kernel(
      psf::Moffat({.fwhm_pix = 2.5}, 3.0), {.size = {25, 25}, .oversample = 2});
  Image<double> plane(lattice.size(), lattice.size());
  for (int k = 0; k < 40; ++k) {
    deposit(lattice, 19.0 * pseudo_random(k), 19.0 * pseudo_random(k + 99), plane);
  }
  const auto weights = random_plane(20, 5);
  const auto convolver =
      make_convolver(ConvolutionOperator::fft, lattice, Deposit::spline);

  const double after = dot(weights, convolve(*convolver, kernel, plane));
  const double before = dot(adjoint(*convolver, kernel, weights), plane);

  EXPECT_NEAR(before, after, float_tolerance * after);
}

TEST(SplineDeposit, LatticeAdjointIntegratesThePsfOverADisc) {
  const Lattice lattice = spline_lattice(32, 1);
  const psf::Gaussian gaussian({.fwhm_pix = 5.0});
  const LatticeKernel kernel = psf::make_lattice_kernel(
      gaussian,
      {.size = {41, 41}, .oversample = 1, .pixel_response = psf::PixelResponse::omit});
  // The disc as a fine polar grid of points, each with its share of the area.
  constexpr double radius = 5.0;
  constexpr int rings = 40;
  constexpr int spokes = 120;
  Image<double> disc(lattice.size(), lattice.size());
  Image<double> point(lattice.size(), lattice.size());
  for (int r = 0; r < rings; ++r) {
    for (int s = 0; s < spokes; ++s) {
      const double rho = radius * (r + 0.5) / rings;
      const double phi = 2.0 * std::numbers::pi * (s + 0.5) / spokes;
      const double area = 2.0 * std::numbers::pi * rho * (radius / rings) / spokes;
      std::ranges::fill(point.pixels(), 0.0);
      deposit(lattice, 15.5 + rho * std::cos(phi), 15.5 + rho * std::sin(phi), point);
      for (std::size_t i = 0; i < disc.size(); ++i) {
        disc.pixels()[i] += area * point.pixels()[i];
      }
    }
  }
  std::ranges::fill(point.pixels(), 0.0);
  deposit(lattice, 15.5, 15.5, point);
  for (auto op : {ConvolutionOperator::fft, ConvolutionOperator::direct}) {
    const auto convolver = make_convolver(op, lattice, Deposit::spline);
    ConvolverWorkspace workspace;
    PreparedKernel prepared;
    convolver->prepare(kernel, workspace, prepared);
    Image<double> weights(lattice.size(), lattice.size());
    const ImageView<const double> in = disc;
    const ImageView<double> out = weights;

    convolver->adjoint_of_lattice({&in, 1}, prepared, workspace, {&out, 1});

    // The polar midpoint rule errs by (dr)^2 / 24 times second derivatives: 1e-4.
    constexpr double tolerance = 2.0e-4;
    EXPECT_NEAR(dot(weights, point), gaussian.flux_within(radius), tolerance)
        << to_string(op);
  }
}

TEST(Convolver, ResultDoesNotDependOnTheOtherPlanesOfTheCall) {
  const Lattice lattice = spline_lattice(24, 1);
  const LatticeKernel kernel =
      psf::make_lattice_kernel(psf::Moffat({.fwhm_pix = 5.0}, 2.5), {.size = {33, 33}});
  const auto convolver =
      make_convolver(ConvolutionOperator::fft, lattice, Deposit::spline);
  ConvolverWorkspace workspace;
  PreparedKernel prepared;
  convolver->prepare(kernel, workspace, prepared);
  const auto a = random_plane(lattice.size(), 7);
  const auto b = random_plane(lattice.size(), 8);
  Image<float> a_alone(24, 24);
  Image<float> a_paired(24, 24);
  Image<float> b_paired(24, 24);
  const ImageView<const double> one[] = {a};
  const ImageView<const double> two[] = {b, a};
  const ImageView<float> one_out[] = {a_alone};
  const ImageView<float> two_out[] = {b_paired, a_paired};

  convolver->convolve(one, prepared, workspace, one_out);
  convolver->convolve(two, prepared, workspace, two_out);

  EXPECT_EQ(worst_difference(a_alone, a_paired), 0.0);
  EXPECT_GT(worst_difference(a_alone, b_paired), 0.0);
}

TEST(Convolver, FaintPlanesKeepTheirPrecision) {
  const Lattice lattice{.stamp_size_pix = 16};
  const LatticeKernel kernel = random_kernel(5, 5);
  auto plane = random_plane(16, 9);
  const auto convolver =
      make_convolver(ConvolutionOperator::fft, lattice, Deposit::pixels);
  const auto bright = convolve(*convolver, kernel, plane);
  constexpr double faint = 0x1p-120;  // float's own range ends at 2^-126

  for (double& value : plane.pixels()) value *= faint;
  const auto result = convolve(*convolver, kernel, plane);

  EXPECT_GT(largest(result), 0.0);
  EXPECT_LT(worst_difference(result,
                             [&] {
                               auto scaled = bright;
                               for (float& v : scaled.pixels())
                                 v *= static_cast<float>(faint);
                               return scaled;
                             }()),
            float_tolerance * largest(result));
}

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
