#include "lib/measure/kernel_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/measure/core_centroid.hpp"
#include "lib/psf/kernel_moments.hpp"

namespace lensmill::measure {
namespace {

constexpr double unit_sum_tolerance = 1.0e-6;
constexpr double recentred_tolerance_pix = 1.0e-3;  // spline tails at the edges
/// Records and samples are sums of the same numbers.
constexpr double record_tolerance = 1.0e-9;
/// The windowed centroid's own error: a half is still a half.
constexpr double centroid_noise_pix = 1.0e-3;
constexpr double highest_frequency = 0.2;  // cycles per pixel
// Where the PSF lets less through, the edges of its rectangle count, too.
constexpr double least_transfer = 0.1;

PsfTestRow core_row(const psf::LatticeKernel& kernel, const KernelPromise& promise) {
  const double offset = core_centroid(kernel).offset_pix();
  const double limit = std::max(promise.misplaced_pix, promise.accepted_pix);
  auto row = make_row(
      promise.accepted_pix > 0.0
          ? fmt::format("core_offset_pix (accepted to {:g})", promise.accepted_pix)
          : fmt::format("core_offset_pix (fails from {:g})", promise.misplaced_pix),
      0.0, offset, promise.moved_pix);
  row.warning_only =
      offset < promise.misplaced_pix - centroid_noise_pix ||
      (promise.accepted_pix > 0.0 && offset <= limit + centroid_noise_pix);
  return row;
}

/// Modulus of the Fourier transform at (fx, fy) cycles per pixel, over the sum.
double transfer(const psf::LatticeKernel& kernel, double fx, double fy) {
  double sum = 0.0;
  double real = 0.0;
  double imaginary = 0.0;
  const double step = 2.0 * std::numbers::pi / kernel.oversample;
  for (int j = 0; j < kernel.samples.ny(); ++j) {
    for (int i = 0; i < kernel.samples.nx(); ++i) {
      const double phase =
          step * (fx * (i - kernel.origin_x) + fy * (j - kernel.origin_y));
      const double value = kernel.samples(j, i);
      sum += value;
      real += value * std::cos(phase);
      imaginary += value * std::sin(phase);
    }
  }
  return std::hypot(real, imaginary) / std::abs(sum);
}

}  // namespace

PsfTestRow make_row(std::string name, double expected, double measured,
                    double tolerance) {
  // Not |difference| > tolerance: NaN must fail.
  const bool passed = std::abs(measured - expected) <= tolerance;
  return {.name = std::move(name),
          .expected = expected,
          .measured = measured,
          .tolerance = tolerance,
          .passed = passed};
}

std::vector<PsfTestRow> check_kernel(const psf::LatticeKernel& kernel,
                                     const KernelPromise& promise) {
  std::vector<PsfTestRow> rows;
  const auto measured = psf::moments_of(kernel.samples, kernel.origin_y,
                                        kernel.origin_x, kernel.oversample);
  const auto add = [&](std::string name, double expected, double value,
                       double tolerance) {
    rows.push_back(make_row(std::move(name), expected, value, tolerance));
  };
  const bool unit = promise.normalisation == psf::Normalisation::unit;
  if (unit) {
    add("kernel_sum (unit)", 1.0, measured.sum, unit_sum_tolerance);
  } else {
    if (!std::isnan(promise.kept_sum)) {
      add("kernel_sum (keep)", promise.kept_sum, measured.sum,
          promise.kept_sum_tolerance);
    }
    add("flux_of_unit_star (keep)", 1.0, measured.sum, noticed_flux_change);
    // Without flux no fraction means anything.
    rows.back().warning_only = measured.sum > 0.0;
  }
  add("recorded_sum", measured.sum, kernel.sum,
      record_tolerance + unit_sum_tolerance * std::abs(measured.sum));
  const bool recentre = promise.centring == psf::Centring::recentre;
  const double tolerance =
      recentre ? recentred_tolerance_pix : promise.kept_centroid_tolerance_pix;
  const auto centroid = [&](const char* axis, double kept, double value) {
    const double expected = recentre ? 0.0 : kept;
    if (std::isnan(expected)) return;
    add(fmt::format("kernel_centroid_{}_pix ({})", axis,
                    recentre ? "recentre" : "keep"),
        expected, value, tolerance);
  };
  centroid("x", promise.kept_x_pix, measured.centroid_x_pix);
  centroid("y", promise.kept_y_pix, measured.centroid_y_pix);
  add("recorded_centroid_x_pix", measured.centroid_x_pix, kernel.centroid_x_pix,
      recentred_tolerance_pix);
  add("recorded_centroid_y_pix", measured.centroid_y_pix, kernel.centroid_y_pix,
      recentred_tolerance_pix);
  rows.push_back(core_row(kernel, promise));
  return rows;
}

double measured_pixel_responses(const psf::LatticeKernel& with_pixel,
                                const psf::LatticeKernel& without_pixel) {
  double f = highest_frequency;
  while (transfer(without_pixel, f, f) < least_transfer) f *= 0.5;
  const double of_one =
      std::sin(std::numbers::pi * f) / (std::numbers::pi * f);  // one axis
  const double ratio = transfer(with_pixel, f, f) / transfer(without_pixel, f, f);
  return std::log(ratio) / (2.0 * std::log(of_one));
}

}  // namespace lensmill::measure
