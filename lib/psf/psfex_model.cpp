#include "lib/psf/psfex_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/psf/psfex_basis.hpp"

namespace lensmill::psf {
namespace {

/// Monomials of total degree <= `degree` in `variables` variables.
std::size_t monomial_count(std::size_t variables, int degree) {
  const auto d = static_cast<std::size_t>(degree);
  if (variables == 0) return 1;
  return variables == 1 ? d + 1 : (d + 1) * (d + 2) / 2;
}

constexpr int lanczos_order = 4;

double lanczos(double x) {
  if (std::abs(x) >= lanczos_order) return 0.0;
  if (std::abs(x) < 1.0e-5) return 1.0;
  const double px = std::numbers::pi * x;
  return std::sin(px) * std::sin(px / lanczos_order) * lanczos_order / (px * px);
}

/// One axis of the resampling: for each output sample the input taps, normalised to
/// unit sum over the taps that exist, as PSFEx's vignet_resample does at the raster's
/// edge.
struct ResampleAxis {
  int count = 0;
  std::vector<int> first;
  std::vector<std::vector<double>> weight;
};

/// Output samples `step` input samples apart, the middle one (of an odd number) on
/// input index `origin`; only those within the raster.
ResampleAxis resample_axis(int n, int origin, double step) {
  const int half_low = static_cast<int>(std::floor(origin / step));
  const int half_high = static_cast<int>(std::floor((n - 1 - origin) / step));
  const int half = std::max(half_low, half_high);
  ResampleAxis axis{.count = 2 * half + 1, .first = {}, .weight = {}};
  for (int k = -half; k <= half; ++k) {
    const double position = origin + k * step;
    std::vector<double> weight;
    int low = 0;
    if (position >= 0.0 && position <= n - 1) {
      const int nearest = static_cast<int>(std::floor(position));
      low = std::max(0, nearest - lanczos_order + 1);
      const int high = std::min(n - 1, nearest + lanczos_order);
      double sum = 0.0;
      for (int i = low; i <= high; ++i) {
        weight.push_back(lanczos(i - position));
        sum += weight.back();
      }
      for (double& w : weight) w /= sum;
    }
    axis.first.push_back(low);
    axis.weight.push_back(std::move(weight));
  }
  return axis;
}

Image<double> resample(const Image<double>& image, const ResampleAxis& y,
                       const ResampleAxis& x) {
  Image<double> result(y.count, x.count);
  for (int j = 0; j < y.count; ++j) {
    const auto& wy = y.weight[static_cast<std::size_t>(j)];
    for (int i = 0; i < x.count; ++i) {
      const auto& wx = x.weight[static_cast<std::size_t>(i)];
      double sum = 0.0;
      for (std::size_t b = 0; b < wy.size(); ++b) {
        const auto row = image.view().row(y.first[static_cast<std::size_t>(j)] +
                                          static_cast<int>(b));
        const double* in = row.data() + x.first[static_cast<std::size_t>(i)];
        double line = 0.0;
        for (std::size_t a = 0; a < wx.size(); ++a) line += wx[a] * in[a];
        sum += wy[b] * line;
      }
      result(j, i) = sum;
    }
  }
  return result;
}

/// PSF_MASK at a position: flux per image pixel at the model's own samples.
Image<double> mask_at(const PsfexModel& model, double x_image, double y_image) {
  check(model);
  std::vector<double> weight(model.basis.size());
  polynomial_terms(model, x_image, y_image, weight);
  Image<double> value(model.basis[0].ny(), model.basis[0].nx());
  for (std::size_t k = 0; k < weight.size(); ++k) {
    const auto basis = model.basis[k].pixels();
    for (std::size_t i = 0; i < basis.size(); ++i) {
      value.pixels()[i] += weight[k] * basis[i];
    }
  }
  return value;
}

}  // namespace

void check(const PsfexModel& model) {
  std::vector<std::string> problems;
  const std::size_t variables = model.polynomial_name.size();
  if (model.basis.empty()) problems.push_back("has no basis images (PSF_MASK)");
  for (const auto& image : model.basis) {
    if (image.ny() != model.basis[0].ny() || image.nx() != model.basis[0].nx() ||
        image.size() == 0) {
      problems.push_back("its basis images (PSF_MASK) differ in shape or are empty");
      break;
    }
  }
  const auto not_finite = [](const Image<double>& image) {
    return !std::ranges::all_of(image.pixels(),
                                [](double value) { return std::isfinite(value); });
  };
  if (std::ranges::any_of(model.basis, not_finite)) {
    problems.push_back("PSF_MASK has values that are not finite");
  }
  if (variables > 2) {
    problems.push_back(fmt::format(
        "depends on {} variables; only the CCD position (X_IMAGE, Y_IMAGE) is known",
        variables));
  }
  for (const auto& name : model.polynomial_name) {
    if (name != "X_IMAGE" && name != "Y_IMAGE" && name != "XWIN_IMAGE" &&
        name != "YWIN_IMAGE") {
      problems.push_back(
          fmt::format("POLNAME {} is not known; only the CCD position is (X_IMAGE, "
                      "Y_IMAGE)",
                      name));
    }
  }
  if (variables == 2 &&
      model.polynomial_name[0].front() == model.polynomial_name[1].front()) {
    problems.push_back("POLNAME1 and POLNAME2 are the same coordinate");
  }
  if (model.polynomial_zero.size() != variables ||
      model.polynomial_scale.size() != variables) {
    problems.push_back("needs one POLZERO and one POLSCAL for every POLNAME");
  }
  for (double scale : model.polynomial_scale) {
    if (!std::isfinite(scale) || scale == 0.0) {
      problems.push_back(
          fmt::format("POLSCAL must be a number other than 0 (got {})", scale));
    }
  }
  if (model.polynomial_degree < 0) {
    problems.push_back(
        fmt::format("POLDEG1 must be >= 0 (got {})", model.polynomial_degree));
  } else if (variables <= 2 &&
             model.basis.size() != monomial_count(variables, model.polynomial_degree)) {
    problems.push_back(
        fmt::format("has {} basis images, but degree {} in {} variables needs {}",
                    model.basis.size(), model.polynomial_degree, variables,
                    monomial_count(variables, model.polynomial_degree)));
  }
  if (!std::isfinite(model.sampling_pix) || model.sampling_pix <= 0.0) {
    problems.push_back(
        fmt::format("PSF_SAMP must be a number > 0 (got {})", model.sampling_pix));
  }
  if (!problems.empty()) {
    throw DataError(
        fmt::format("PSFEx model {}: {}", model.name, fmt::join(problems, "; ")));
  }
}

PixelKernel kernel_at(const PsfexModel& model, double x_image, double y_image,
                      int samples_per_pixel) {
  EXPECT(samples_per_pixel >= 1);
  PixelKernel kernel{.values = mask_at(model, x_image, y_image),
                     .samples_per_pixel = samples_per_pixel,
                     .includes_pixel = true,
                     .name = model.name};
  const double step = 1.0 / (model.sampling_pix * samples_per_pixel);
  if (step != 1.0) {
    const Image<double> stored = std::move(kernel.values);
    kernel.values =
        resample(stored, resample_axis(stored.ny(), (stored.ny() - 1) / 2, step),
                 resample_axis(stored.nx(), (stored.nx() - 1) / 2, step));
  }
  // PSF_MASK is in flux per image pixel whatever its sampling (sum * PSF_SAMP^2 is 1).
  const double share =
      1.0 / (static_cast<double>(samples_per_pixel) * samples_per_pixel);
  for (double& sample : kernel.values.pixels()) sample *= share;
  return kernel;
}

LatticeKernel lattice_kernel_at(const PsfexModel& model, double x_image, double y_image,
                                const PixelKernelOptions& options) {
  // As if its own samples were pixels: shares of what falls onto one of those.
  const PixelKernel mask{.values = mask_at(model, x_image, y_image),
                         .samples_per_pixel = 1,
                         .includes_pixel = true,
                         .name = model.name};
  return make_lattice_kernel(mask, 1.0 / model.sampling_pix, options);
}

}  // namespace lensmill::psf
