#include "stages/lattice_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "lib/core/errors.hpp"
#include "lib/imaging/spline.hpp"
#include "lib/psf/oversample.hpp"
#include "stages/config/psf_kinds.hpp"

namespace lensmill::stages {
namespace {

using config::PsfForm;
using config::PsfSection;
using config::RunConfig;

// A deposit reaches this many lattice points beyond a sample half a pixel outside.
constexpr int deposit_border = imaging::spline_support / 2 + 1;
// Of pixel_tolerance: the rest is the integration's.
constexpr double share_of_tolerance = 0.2;
constexpr std::size_t most_measured_kernels = 32;
// Samples, and lattice points, next to a kernel's cut that are left out.
constexpr double edge = 4.0;

/// How far from its origin a stored kernel is looked at, in pixels.
double reach_of(const Image<double>& samples, double per_pixel, int oversample) {
  const double half = 0.5 * std::min(samples.ny(), samples.nx()) / per_pixel;
  constexpr double least = 1.0;
  return std::max(least, half - edge * std::max(1.0 / per_pixel, 1.0 / oversample));
}

double peak_per_flux(const psf::PixelKernel& kernel) {
  return *std::ranges::max_element(kernel.values.pixels()) * kernel.samples_per_pixel *
         kernel.samples_per_pixel / psf::kernel_moments(kernel).sum;
}

/// The sharpest kernels of a list.
std::vector<const psf::PixelKernel*> sharpest(
    const std::vector<psf::PixelKernel>& kernels) {
  std::vector<const psf::PixelKernel*> sorted;
  for (const auto& kernel : kernels) sorted.push_back(&kernel);
  if (sorted.size() <= most_measured_kernels) return sorted;
  std::ranges::stable_sort(
      sorted, std::ranges::greater{},
      [](const psf::PixelKernel* kernel) { return peak_per_flux(*kernel); });
  sorted.resize(most_measured_kernels);
  return sorted;
}

/// Error of a band's PSFs on a lattice.
double error_of(const PsfSection& section, const PsfInput& input,
                const BandProbe& probe, int oversample) {
  const auto at = [&](int points) {
    return psf::PixelKernelOptions{.oversample = points,
                                   .normalisation = section.normalisation,
                                   .centring = section.centring};
  };
  double worst = 0.0;
  switch (form_of(section)) {
    case PsfForm::function:
      return psf::lattice_error(probe.sharpest_fwhm_pix * oversample);
    case PsfForm::kernels:
      for (const auto* kernel : sharpest(input.kernels)) {
        worst = std::max(
            worst,
            psf::lattice_error_of(
                psf::make_lattice_kernel(*kernel, at(oversample)),
                psf::make_lattice_kernel(*kernel, at(2 * oversample)),
                reach_of(kernel->values, kernel->samples_per_pixel, oversample)));
      }
      break;
    case PsfForm::model: {
      for (const auto& row : probe.rows) {
        const auto& model = *input.model(row.psf_index[probe.band]);
        const double reach =
            reach_of(model.basis.front(), 1.0 / model.sampling_pix, oversample);
        const auto kernel = [&](int points) {
          return psf::lattice_kernel_at(model, row.psf_x_pix[probe.band],
                                        row.psf_y_pix[probe.band], at(points));
        };
        worst = std::max(worst, psf::lattice_error_of(kernel(oversample),
                                                      kernel(2 * oversample), reach));
      }
      break;
    }
  }
  return worst;
}

/// Lattices to be tried: powers of two, and those on which stored samples lie.
std::set<int> candidates(const RunConfig& config, const Inputs& inputs) {
  constexpr int most = 16;
  std::set<int> points{1, 2, 4, 8, most};
  for (std::size_t band = 0; band < config.psf.size(); ++band) {
    for (const auto& kernel : inputs.psf[band].kernels) {
      if (kernel.samples_per_pixel <= most) points.insert(kernel.samples_per_pixel);
    }
  }
  return points;
}

[[noreturn]] void refuse(const RunConfig& config, std::size_t band, int oversample,
                         double error, double allowed) {
  const bool stated = config.convolve.oversample > 0;
  throw ConfigError(fmt::format(
      "convolve.oversample: {} lattice points per pixel are too few for psf.{}: its "
      "error between them is {:.2g} of its peak (render.pixel_tolerance: {:g} allows "
      "{:.2g}); {}",
      oversample, config.bands[band], error, config.render.pixel_tolerance, allowed,
      stated ? "use `auto`, or a larger number"
             : "the PSF is too sharp for these pixels: use smaller pixels, a wider PSF "
               "or a larger render.pixel_tolerance"));
}

}  // namespace

double pixel_tolerance_of(const config::RenderSection& render) {
  constexpr double of_core_tolerance = 3.0;
  return std::min(render.pixel_tolerance, of_core_tolerance * render.core_tolerance);
}

LatticeChoice choose_lattice(const RunConfig& config, const Inputs& inputs,
                             imaging::Deposit deposit,
                             const std::vector<BandProbe>& bands) {
  LatticeChoice choice{.lattice = {.stamp_size_pix = config.grid.stamp_size_pix}};
  if (deposit != imaging::Deposit::spline) return choice;
  const bool stated = config.convolve.oversample > 0;
  const auto points =
      stated ? std::set<int>{config.convolve.oversample} : candidates(config, inputs);
  const double allowed =
      (stated ? 1.0 : share_of_tolerance) * pixel_tolerance_of(config.render);
  for (const int oversample : points) {
    bool enough = true;
    for (std::size_t band = 0; band < bands.size() && enough; ++band) {
      const double error =
          error_of(config.psf[band], inputs.psf[band], bands[band], oversample);
      enough = error <= allowed;
      choice.stored_error[band] = is_function(config.psf[band]) ? 0.0 : error;
      if (!enough && oversample == *points.rbegin()) {
        refuse(config, band, oversample, error, allowed);
      }
    }
    if (!enough) continue;
    choice.lattice.oversample = oversample;
    break;
  }
  choice.lattice.border = deposit_border + choice.lattice.oversample / 2;
  return choice;
}

std::optional<KernelReach> kernel_reach(const RunConfig& config,
                                        imaging::Deposit deposit, int margin_pix) {
  if (deposit == imaging::Deposit::pixels) return std::nullopt;
  // Light is put on up to four lattice points outside of what the margin contains.
  constexpr int border_pix = 4;
  return KernelReach{
      .pixel_tolerance = config.render.pixel_tolerance,
      .core_tolerance = config.render.core_tolerance,
      .largest_half_pix = config.grid.stamp_size_pix + margin_pix + border_pix};
}

}  // namespace lensmill::stages
