#include "lib/imaging/convolver.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "lib/imaging/spline.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/gaussian.hpp"
#include "lib/psf/moffat.hpp"
#include "tests/unit/imaging/convolution_helpers.hpp"

namespace lensmill::imaging {
namespace {

using psf::LatticeKernel;

/// What the wrapped spline tail may add (fft_convolver.cpp) besides.
constexpr double spline_tolerance = 3.0e-6;

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
                           return fmt::format("N{}K{}x{}", test.param.stamp,
                                              test.param.ny, test.param.nx);
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

INSTANTIATE_TEST_SUITE_P(
    Convolver, SubPixel,
    testing::Values(SubPixelCase{5.15, 1, 4.0e-5}, SubPixelCase{4.6, 1, 8.0e-5},
                    SubPixelCase{2.3, 2, 8.0e-5}, SubPixelCase{1.15, 4, 3.0e-5}),
    [](const auto& test) {
      return fmt::format("Oversample{}Case{}", test.param.oversample, test.index);
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

TEST(SplineDeposit, LatticeAdjointWeighsTheImageAtLatticePoints) {
  for (int oversample : {1, 2}) {
    const Lattice lattice = spline_lattice(32, oversample);
    const psf::Gaussian gaussian({.fwhm_pix = 5.0});
    const LatticeKernel kernel = psf::make_lattice_kernel(
        gaussian, {.size = {41, 41},
                   .oversample = oversample,
                   .pixel_response = psf::PixelResponse::omit});
    const auto lattice_in = random_plane(lattice.size(), 4);
    const double at_x = 14.3;
    const double at_y = 16.8;
    Image<double> point(lattice.size(), lattice.size());
    deposit(lattice, at_x, at_y, point);
    double expected = 0.0;
    for (int j = 0; j < lattice.size(); ++j) {
      for (int i = 0; i < lattice.size(); ++i) {
        const double dx = lattice.pix_of_index(i) - at_x;
        const double dy = lattice.pix_of_index(j) - at_y;
        double density = 0.0;
        gaussian.evaluate({&dx, 1}, {&dy, 1}, {&density, 1});
        expected += lattice_in(j, i) * density;
      }
    }
    for (auto op : {ConvolutionOperator::fft, ConvolutionOperator::direct}) {
      const auto convolver = make_convolver(op, lattice, Deposit::spline);
      ConvolverWorkspace workspace;
      PreparedKernel prepared;
      convolver->prepare(kernel, workspace, prepared);
      Image<double> weights(lattice.size(), lattice.size());
      const ImageView<const double> in = lattice_in;
      const ImageView<double> out = weights;

      convolver->adjoint({&in, 1}, WeightsOn::lattice, prepared, workspace, {&out, 1});

      // The spline's error at 5 lattice points FWHM and the cut at 20 pixels.
      constexpr double tolerance = 5.0e-5;
      EXPECT_NEAR(dot(weights, point), expected, tolerance * expected)
          << to_string(op) << " at " << oversample;
    }
  }
}

// Two planes share one complex transform: a few roundings of single precision, each
// relative to the plane's own peak, however much brighter the other plane is.
constexpr double shared_roundings = 1.0e-6;

/// A Moffat kernel made ready for a small stamp.
struct MoffatSetup {
  Lattice lattice = spline_lattice(24, 1);
  std::unique_ptr<const Convolver> convolver =
      make_convolver(ConvolutionOperator::fft, lattice, Deposit::spline);
  ConvolverWorkspace workspace;
  PreparedKernel prepared;

  MoffatSetup() {
    convolver->prepare(psf::make_lattice_kernel(psf::Moffat({.fwhm_pix = 5.0}, 2.5),
                                                {.size = {33, 33}}),
                       workspace, prepared);
  }
};

TEST(Convolver, OtherPlanesOfTheCallChangeNoMoreThanRoundings) {
  MoffatSetup setup;
  auto& [lattice, convolver, workspace, prepared] = setup;
  const auto plane = random_plane(lattice.size(), 7);
  auto brighter = random_plane(lattice.size(), 8);
  for (double& value : brighter.pixels()) value *= 1.0e9;
  Image<float> alone(24, 24);
  Image<float> paired(24, 24);
  Image<float> third(24, 24);
  Image<float> bright_paired(24, 24);
  const ImageView<const double> one[] = {plane};
  const ImageView<const double> three[] = {brighter, plane, plane};
  const ImageView<float> one_out[] = {alone};
  const ImageView<float> three_out[] = {bright_paired, paired, third};

  convolver->convolve(one, prepared, workspace, one_out);
  convolver->convolve(three, prepared, workspace, three_out);

  EXPECT_LT(worst_difference(alone, paired), shared_roundings * largest(alone));
  EXPECT_EQ(worst_difference(alone, third), 0.0);
  EXPECT_GT(largest(bright_paired), 1.0e8 * largest(alone));
}

TEST(Convolver, AdjointsOfACallKeepTheirOwnScale) {
  MoffatSetup setup;
  auto& [lattice, convolver, workspace, prepared] = setup;
  const auto weights = random_plane(24, 7);
  auto heavier = random_plane(24, 8);
  for (double& value : heavier.pixels()) value *= 1.0e9;
  const int side = lattice.size();
  Image<double> alone(side, side);
  Image<double> paired(side, side);
  Image<double> heavy(side, side);
  const ImageView<const double> one[] = {weights};
  const ImageView<const double> two[] = {heavier, weights};
  const ImageView<double> one_out[] = {alone};
  const ImageView<double> two_out[] = {heavy, paired};

  convolver->adjoint(one, WeightsOn::stamp, prepared, workspace, one_out);
  convolver->adjoint(two, WeightsOn::stamp, prepared, workspace, two_out);

  double largest_weight = 0.0;
  double worst = 0.0;
  for (std::size_t k = 0; k < alone.size(); ++k) {
    largest_weight = std::max(largest_weight, std::abs(alone.pixels()[k]));
    worst = std::max(worst, std::abs(paired.pixels()[k] - alone.pixels()[k]));
  }
  EXPECT_LT(worst, shared_roundings * largest_weight);
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

}  // namespace
}  // namespace lensmill::imaging
