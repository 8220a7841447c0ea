#include "lib/psf/pixel_kernel.hpp"

#include <fmt/core.h>

#include <cmath>

#include "lib/core/b_spline.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/psf/put_on_lattice.hpp"

namespace lensmill::psf {
namespace {

/// Stored samples by which a resampled kernel grows on each side, where the spline
/// through its edge dies down (0.56 a sample).
constexpr double grown_samples = 8.0;

/// One axis of the lattice that covers the stored samples.
struct Axis {
  int count = 0;
  int origin = 0;  ///< lattice index of the kernel's origin
};

/// The lattice of `oversample` points per pixel that covers `n` stored samples, grown
/// by `margin` samples, when lattice offset k lies on stored index origin + (k /
/// oversample + shift_pix) * per_pixel.
Axis cover(int n, int origin, double margin, double shift_pix, int oversample,
           double per_pixel) {
  const auto offset = [&](double index) {
    return ((index - origin) / per_pixel - shift_pix) * oversample;
  };
  const int low = static_cast<int>(std::floor(offset(-margin)));
  const int high = static_cast<int>(std::ceil(offset(n - 1 + margin)));
  return {.count = high - low + 1, .origin = -low};
}

}  // namespace

KernelMoments kernel_moments(const PixelKernel& kernel) {
  if (kernel.values.size() == 0) {
    throw DataError(fmt::format("PSF kernel {}: has no pixels", kernel.name));
  }
  EXPECT(kernel.samples_per_pixel >= 1);
  double absolute = 0.0;
  long bad = 0;
  for (double value : kernel.values.pixels()) {
    if (!std::isfinite(value)) ++bad;
    absolute += std::abs(value);
  }
  if (bad > 0) {
    throw DataError(
        fmt::format("PSF kernel {}: {} of its {} values are not finite; replace them "
                    "or choose another kernel",
                    kernel.name, bad, kernel.values.size()));
  }
  KernelMoments moments = moments_of(kernel.values, kernel.origin_y(),
                                     kernel.origin_x(), kernel.samples_per_pixel);
  // Stored values are shares per sample: their plain sum is the flux.
  moments.sum *= kernel.samples_per_pixel * kernel.samples_per_pixel;
  constexpr double cancelled = 1.0e-6;
  if (!(std::abs(moments.sum) > cancelled * absolute)) {
    throw DataError(fmt::format(
        "PSF kernel {}: its sum is zero (sum {:.3g}, sum of absolute values {:.3g}); a "
        "PSF must have flux",
        kernel.name, moments.sum, absolute));
  }
  return moments;
}

LatticeKernel put_on_lattice(const PixelKernel& kernel, double stored, int oversample,
                             const LatticePlacing& placing) {
  EXPECT(oversample >= 1 && stored > 0.0);
  LatticeKernel result;
  result.oversample = oversample;
  if (!placing.add_pixel && placing.as_stored && stored == oversample) {
    result.samples = kernel.values;
    result.origin_y = kernel.origin_y();
    result.origin_x = kernel.origin_x();
    return result;
  }
  const double box = placing.add_pixel ? stored : 0.0;
  const double margin = grown_samples + 0.5 * box;
  const Axis y = cover(kernel.values.ny(), kernel.origin_y(), margin, placing.y_pix,
                       oversample, stored);
  const Axis x = cover(kernel.values.nx(), kernel.origin_x(), margin, placing.x_pix,
                       oversample, stored);
  const double step = stored / oversample;
  result.samples = evaluate_spline(
      spline_coefficients(kernel.values, SplineDegree::moms),
      {.ny = y.count,
       .nx = x.count,
       .first_y = kernel.origin_y() + placing.y_pix * stored - y.origin * step,
       .first_x = kernel.origin_x() + placing.x_pix * stored - x.origin * step,
       .step = step,
       .box = box},
      SplineDegree::moms);
  result.origin_y = y.origin;
  result.origin_x = x.origin;
  return result;
}

LatticeKernel make_lattice_kernel(const PixelKernel& kernel, double samples_per_pixel,
                                  const PixelKernelOptions& options) {
  EXPECT(options.oversample >= 1 && samples_per_pixel > 0.0);
  const KernelMoments moments = kernel_moments(kernel);
  const double per_sample = kernel.samples_per_pixel / samples_per_pixel;
  const bool recentre = options.centring == Centring::recentre;
  LatticeKernel result =
      put_on_lattice(kernel, samples_per_pixel, options.oversample,
                     {.x_pix = recentre ? moments.centroid_x_pix * per_sample : 0.0,
                      .y_pix = recentre ? moments.centroid_y_pix * per_sample : 0.0,
                      .add_pixel = options.pixel_response == PixelResponse::apply &&
                                   !kernel.includes_pixel,
                      .as_stored = !recentre});
  // Shares per stored sample -> shares per pixel.
  double scale =
      static_cast<double>(kernel.samples_per_pixel) * kernel.samples_per_pixel;
  record_moments(result);
  if (options.normalisation == Normalisation::unit) {
    scale = 1.0 / result.sum;
  }
  for (double& sample : result.samples.pixels()) sample *= scale;
  record_moments(result);
  return result;
}

LatticeKernel make_lattice_kernel(const PixelKernel& kernel,
                                  const PixelKernelOptions& options) {
  return make_lattice_kernel(kernel, kernel.samples_per_pixel, options);
}

}  // namespace lensmill::psf
