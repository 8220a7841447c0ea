#include "lib/measure/psf_self_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "lib/imaging/spline.hpp"
#include "lib/measure/aperture.hpp"
#include "lib/measure/ring_in_gaussian.hpp"
#include "lib/psf/function_kernel.hpp"
#include "lib/psf/gaussian.hpp"

namespace lensmill::measure {
namespace {

using imaging::Convolver;
using imaging::Deposit;
using imaging::Lattice;
using psf::LatticeKernel;

// Single-precision transforms leave some 1e-7 of the peak in every pixel; moments weigh
// that with the distance and its square over a stamp of 64 pixels.
constexpr double sum_tolerance = 2.0e-6;
constexpr double position_tolerance_pix = 2.0e-4;
constexpr double moment_tolerance_pix2 = 5.0e-3;
constexpr double operator_tolerance = 5.0e-6;  // of the peak, spline tails included
/// Of a number of responses: what the cut and the lattice do to the transfer function.
constexpr double response_tolerance = 0.2;
/// The deposit's interpolation at the sharpest PSF that `convolve.oversample: auto`
/// puts on the lattice, for a ring, which averages over all offsets.
constexpr double ring_tolerance = 2.0e-4;
constexpr double widest_ring_over_core = 1.6;

PsfTestRow row(std::string name, double expected, double measured, double tolerance) {
  return make_row(std::move(name), expected, measured, tolerance);
}

/// Light of points on the lattice by the run's deposit.
void add_point(const Lattice& lattice, Deposit deposit, double x_pix, double y_pix,
               double flux, Image<double>& plane) {
  const double x = x_pix * lattice.oversample + lattice.first_pixel();
  const double y = y_pix * lattice.oversample + lattice.first_pixel();
  if (deposit == Deposit::pixels) {
    plane(static_cast<int>(std::lround(y)), static_cast<int>(std::lround(x))) += flux;
    return;
  }
  const double floor_x = std::floor(x);
  const double floor_y = std::floor(y);
  const auto weight_x = imaging::spline_weights(x - floor_x);
  const auto weight_y = imaging::spline_weights(y - floor_y);
  for (int j = 0; j < imaging::spline_support; ++j) {
    for (int i = 0; i < imaging::spline_support; ++i) {
      plane(static_cast<int>(floor_y) - 2 + j, static_cast<int>(floor_x) - 2 + i) +=
          flux * weight_y[static_cast<std::size_t>(j)] *
          weight_x[static_cast<std::size_t>(i)];
    }
  }
}

/// An operator with a kernel made ready.
struct Prepared {
  std::unique_ptr<const Convolver> convolver;
  mutable imaging::ConvolverWorkspace workspace;
  imaging::PreparedKernel kernel;

  Prepared(imaging::ConvolutionOperator op, const Lattice& lattice, Deposit deposit,
           const LatticeKernel& lattice_kernel)
      : convolver(imaging::make_convolver(op, lattice, deposit)) {
    convolver->prepare(lattice_kernel, workspace, kernel);
  }
  Image<float> image_of(const Image<double>& plane) const {
    const int n = convolver->lattice().stamp_size_pix;
    Image<float> stamp(n, n);
    const ImageView<const double> in = plane;
    const ImageView<float> out = stamp;
    convolver->convolve({&in, 1}, kernel, workspace, {&out, 1});
    return stamp;
  }
  Image<double> adjoint(const Image<double>& weights, imaging::WeightsOn on) const {
    const int side = convolver->lattice().size();
    Image<double> result(side, side);
    const ImageView<const double> in = weights;
    const ImageView<double> out = result;
    convolver->adjoint({&in, 1}, on, kernel, workspace, {&out, 1});
    return result;
  }
};

struct Moments {
  double sum = 0.0, x = 0.0, y = 0.0, xx = 0.0, yy = 0.0, xy = 0.0;
};

/// Moments of an image about the point (cx, cy).
template <class T>
Moments moments(const Image<T>& image, int cx, int cy) {
  Moments m;
  for (int j = 0; j < image.ny(); ++j) {
    for (int i = 0; i < image.nx(); ++i) {
      const auto v = static_cast<double>(image(j, i));
      const double dx = i - cx;
      const double dy = j - cy;
      m.sum += v;
      m.x += v * dx;
      m.y += v * dy;
      m.xx += v * dx * dx;
      m.yy += v * dy * dy;
      m.xy += v * dx * dy;
    }
  }
  m.x /= m.sum;
  m.y /= m.sum;
  m.xx /= m.sum;
  m.yy /= m.sum;
  m.xy /= m.sum;
  return m;
}

/// What the image of a unit point source on pixel (c, c) must be: the kernel's samples
/// at whole pixels, laid down by its definition.
Image<double> expected_image(const LatticeKernel& kernel, int n, int c) {
  Image<double> image(n, n);
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      const int y = (j - c) * kernel.oversample + kernel.origin_y;
      const int x = (i - c) * kernel.oversample + kernel.origin_x;
      if (y < 0 || y >= kernel.samples.ny() || x < 0 || x >= kernel.samples.nx()) {
        continue;
      }
      image(j, i) = kernel.samples(y, x);
    }
  }
  return image;
}

/// The kernel cut by one row and column, so that its sides have the other parity and
/// its origin is (n-1)//2 again.
LatticeKernel of_other_parity(const LatticeKernel& kernel) {
  LatticeKernel cut = kernel;
  const int skip_y = kernel.samples.ny() % 2;
  const int skip_x = kernel.samples.nx() % 2;
  cut.samples.assign(kernel.samples.ny() - 1, kernel.samples.nx() - 1);
  for (int j = 0; j < cut.samples.ny(); ++j) {
    for (int i = 0; i < cut.samples.nx(); ++i) {
      cut.samples(j, i) = kernel.samples(j + skip_y, i + skip_x);
    }
  }
  cut.origin_y -= skip_y;
  cut.origin_x -= skip_x;
  return cut;
}

/// Operator against definition, for one parity of stamp and kernel.
void check_operator(const PsfSelfTest& test, const Lattice& lattice,
                    const LatticeKernel& kernel, std::vector<PsfTestRow>& rows) {
  const int n = lattice.stamp_size_pix;
  const int c = n / 2;
  const auto label = [&](const char* name) {
    return fmt::format("{} (stamp {}, kernel {} x {})", name, n, kernel.samples.ny(),
                       kernel.samples.nx());
  };
  const Prepared tested(test.op, lattice, test.deposit, kernel);
  Image<double> plane(lattice.size(), lattice.size());
  add_point(lattice, test.deposit, c, c, 1.0, plane);
  const Moments expected = moments(expected_image(kernel, n, c), c, c);
  const Moments measured = moments(tested.image_of(plane), c, c);
  rows.push_back(
      row(label("impulse_x_pix"), expected.x, measured.x, position_tolerance_pix));
  rows.push_back(
      row(label("impulse_y_pix"), expected.y, measured.y, position_tolerance_pix));
  rows.push_back(row(label("impulse_sum"), expected.sum, measured.sum,
                     sum_tolerance * std::abs(expected.sum)));
  rows.push_back(row(label("second_moment_xx_pix2"), expected.xx, measured.xx,
                     moment_tolerance_pix2));
  rows.push_back(row(label("second_moment_yy_pix2"), expected.yy, measured.yy,
                     moment_tolerance_pix2));
  rows.push_back(row(label("second_moment_xy_pix2"), expected.xy, measured.xy,
                     moment_tolerance_pix2));

  // Points all over the stamp at offsets without a pattern, against direct convolution.
  std::ranges::fill(plane.pixels(), 0.0);
  constexpr int points = 24;
  constexpr double golden = 0.6180339887498949;
  for (int k = 0; k < points; ++k) {
    const double x = (n - 1) * (golden * k - std::floor(golden * k));
    const double y = (n - 1) * (k + 0.37) / points;
    add_point(lattice, test.deposit, x, y, 1.0 + 0.1 * k, plane);
  }
  // The direct operator itself is held to the other way.
  const bool direct = test.op == imaging::ConvolutionOperator::direct;
  const Prepared reference(
      direct ? imaging::ConvolutionOperator::fft : imaging::ConvolutionOperator::direct,
      lattice, test.deposit, kernel);
  const auto slow = reference.image_of(plane);
  const auto fast = tested.image_of(plane);
  double worst = 0.0;
  double peak = 0.0;
  for (std::size_t i = 0; i < slow.size(); ++i) {
    const auto s = static_cast<double>(slow.pixels()[i]);
    worst = std::max(worst, std::abs(static_cast<double>(fast.pixels()[i]) - s));
    peak = std::max(peak, std::abs(s));
  }
  rows.push_back(
      row(label(direct ? "against_fft_over_peak" : "against_direct_over_peak"), 0.0,
          worst / peak, operator_tolerance));
}

/// A thin ring about the stamp's centre, unit flux.
Image<double> ring_plane(const PsfSelfTest& test, double radius_pix) {
  constexpr int points = 1440;
  Image<double> plane(test.lattice.size(), test.lattice.size());
  const double centre = 0.5 * (test.lattice.stamp_size_pix - 1);
  for (int k = 0; k < points; ++k) {
    const double angle = 2.0 * std::numbers::pi * (k + 0.5) / points;
    add_point(test.lattice, test.deposit, centre + radius_pix * std::cos(angle),
              centre + radius_pix * std::sin(angle), 1.0 / points, plane);
  }
  return plane;
}

double dot(const Image<double>& a, const Image<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a.pixels()[i] * b.pixels()[i];
  return sum;
}

/// The core's radius, or a smaller one where its widest ring would leave the stamp.
double core_radius(const PsfSelfTest& test) {
  return std::min(test.core_radius_pix,
                  0.5 * (test.lattice.stamp_size_pix - 1) / widest_ring_over_core);
}

Disc core_disc(const PsfSelfTest& test) {
  const double centre = 0.5 * (test.lattice.stamp_size_pix - 1);
  return {.x_pix = centre, .y_pix = centre, .radius_pix = core_radius(test)};
}

/// The ring's closed form through the run's operator and lattice: the Gaussian without
/// its pixel against the continuous circle.
void check_ring(const PsfSelfTest& test, std::vector<PsfTestRow>& rows) {
  if (test.gaussian_sigma_pix <= 0.0 || test.deposit != Deposit::spline) return;
  const double sigma = test.gaussian_sigma_pix;
  const psf::Gaussian gaussian(
      {.fwhm_pix = sigma * std::sqrt(8.0 * std::numbers::ln2)});
  const int side = 2 * static_cast<int>(std::ceil(6.0 * sigma)) + 1;
  const LatticeKernel kernel =
      psf::make_lattice_kernel(gaussian, {.size = {side, side},
                                          .oversample = test.lattice.oversample,
                                          .pixel_response = psf::PixelResponse::omit});
  const Prepared tested(test.op, test.lattice, test.deposit, kernel);
  const auto weights =
      tested.adjoint(circle_lattice_weights(test.lattice, core_disc(test)).weight,
                     imaging::WeightsOn::lattice);
  const double core = core_radius(test);
  for (double ring : {0.6 * core, widest_ring_over_core * core}) {
    rows.push_back(row(fmt::format("ring_in_core_fraction (ring {:.3g} pix)", ring),
                       ring_in_gaussian_fraction(ring, core, sigma),
                       dot(weights, ring_plane(test, ring)), ring_tolerance));
  }
}

/// Core flux of a ring as large as the core, for some kernels: as cut, a far larger
/// one, those of other policies.
void check_core_flux(const PsfSelfTest& test, std::vector<PsfTestRow>& rows) {
  const bool has_untruncated = test.untruncated.samples.size() > 0;
  if (!has_untruncated && test.variants.empty()) return;
  const auto aperture =
      pixel_overlap_weights(test.lattice.stamp_size_pix, core_disc(test));
  const Image<double> ring = ring_plane(test, core_radius(test));
  const auto core_flux = [&](const LatticeKernel& kernel) {
    // Linear convolution: the kernel is in question here, not the operator.
    const Prepared linear(imaging::ConvolutionOperator::fft, test.lattice, test.deposit,
                          kernel);
    return dot(linear.adjoint(aperture.weight, imaging::WeightsOn::stamp), ring);
  };
  const double as_run = core_flux(test.kernel);
  if (has_untruncated) {
    PsfTestRow result = row("truncation_core_flux_change", 0.0,
                            as_run - core_flux(test.untruncated), truncation_warning);
    result.warning_only = true;
    rows.push_back(std::move(result));
  }
  for (const PsfVariant& variant : test.variants) {
    PsfTestRow result =
        row(fmt::format("core_flux ({})", variant.name), as_run,
            core_flux(variant.kernel), std::numeric_limits<double>::infinity());
    result.informational = true;
    rows.push_back(std::move(result));
  }
}

/// How often the pixel acts: in the light (Deposit::pixels) and in the kernel.
void check_pixel_responses(const PsfSelfTest& test, std::vector<PsfTestRow>& rows) {
  const int in_light = test.deposit == Deposit::pixels ? 1 : 0;
  if (in_light == 0 && test.without_pixel.samples.size() > 0) {
    rows.push_back(row("pixel_responses (measured)", 1.0,
                       measured_pixel_responses(test.kernel, test.without_pixel),
                       response_tolerance));
    return;
  }
  PsfTestRow stated = row("pixel_responses (as stated)", 1.0,
                          in_light + (test.kernel_includes_pixel ? 1 : 0), 0.0);
  stated.warning_only = test.allow_double_pixel;
  // Whether samples off the pixel lattice hold the response cannot be seen in them.
  stated.informational = in_light == 0 && stated.passed;
  rows.push_back(std::move(stated));
}

}  // namespace

bool PsfSelfTestResult::passed() const { return std::ranges::none_of(rows, failed); }

PsfSelfTestResult run(const PsfSelfTest& test) {
  EXPECT(test.kernel.samples.size() > 0);
  PsfSelfTestResult result{.label = test.label,
                           .rows = check_kernel(test.kernel, test.promise)};
  check_pixel_responses(test, result.rows);
  std::vector<LatticeKernel> kernels{test.kernel};
  if (test.kernel.samples.ny() > 1 && test.kernel.samples.nx() > 1) {
    kernels.push_back(of_other_parity(test.kernel));
  }
  for (int more : {0, 1}) {
    Lattice lattice = test.lattice;
    lattice.stamp_size_pix += more;
    for (const LatticeKernel& kernel : kernels) {
      check_operator(test, lattice, kernel, result.rows);
    }
  }
  check_ring(test, result.rows);
  check_core_flux(test, result.rows);
  return result;
}

std::string to_text(const PsfSelfTestResult& result) {
  std::string text = fmt::format("PSF self-test {}: {}\n  {:<58} {:>13} {:>13} {:>9}\n",
                                 result.label, result.passed() ? "passed" : "FAILED",
                                 "check", "expected", "measured", "tolerance");
  for (const PsfTestRow& r : result.rows) {
    const char* verdict = r.informational  ? "info"
                          : r.passed       ? "ok"
                          : r.warning_only ? "WARNING"
                                           : "FAILED";
    text += fmt::format("  {:<58} {:>13.6g} {:>13.6g} {:>9.1g} {}\n", r.name,
                        r.expected, r.measured, r.tolerance, verdict);
  }
  return text;
}

}  // namespace lensmill::measure
