#include "stages/psf_bank.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"
#include "stages/config/psf_kinds.hpp"
#include "stages/turned_noise.hpp"

namespace lensmill::stages {
namespace {

using config::PsfForm;
using config::PsfSection;

// Shares of the tolerances that are left to the light a cut loses (KernelReach).
constexpr double lost_share_of_core = 0.02;
constexpr double lost_share_of_peak = 0.03;
// The accuracy contract's core, r < 5 pix.
constexpr double core_area_pix2 = 25.0 * std::numbers::pi;
// The discrete operation's cut where none is stated.
constexpr double discrete_enclosed_energy = 0.998;
// Kernels of a list that are kept as they are on the lattice, on which they take up to
// (points per pixel)^2 of their memory.
constexpr std::size_t most_kept_on_lattice = 64;

psf::KernelSize size_of(const PsfSection& section, const psf::EllipticalPsf& psf,
                        const std::optional<KernelReach>& reach) {
  if (section.size_pix) return {(*section.size_pix)[0], (*section.size_pix)[1]};
  if (section.enclosed_energy > 0.0) {
    return psf::size_for_enclosed_energy(psf, section.enclosed_energy);
  }
  if (!reach) return psf::size_for_enclosed_energy(psf, discrete_enclosed_energy);
  return size_by_reach(psf, *reach);
}

// A cut, normalised PSF without its pixel's response has samples that sum only nearly
// to one; the discrete operation's kernel is its samples, so their sum is what is
// stated.
void rescale_to_unit_sum(psf::LatticeKernel& kernel) {
  double sum = 0.0;
  for (const double value : kernel.samples.pixels()) sum += value;
  for (double& value : kernel.samples.pixels()) value /= sum;
  kernel.sum = 1.0;
  kernel.point_flux = 1.0;
}

}  // namespace

psf::KernelSize size_by_reach(const psf::EllipticalPsf& psf, const KernelReach& reach) {
  const double origin = 0.0;
  double peak = 0.0;
  psf.evaluate({&origin, 1}, {&origin, 1}, {&peak, 1});
  const double density =
      std::min(lost_share_of_core * reach.core_tolerance / core_area_pix2,
               lost_share_of_peak * reach.pixel_tolerance * peak);
  return psf::size_for_density(psf, density, reach.largest_half_pix);
}

PsfBank::PsfBank(std::vector<PsfSection> sections, std::shared_ptr<const Inputs> inputs,
                 int oversample, psf::PixelResponse response,
                 std::optional<KernelReach> reach)
    : sections_(std::move(sections)),
      inputs_(std::move(inputs)),
      oversample_(oversample),
      response_(response),
      reach_(reach) {
  for (std::size_t band = 0; band < sections_.size(); ++band) {
    const auto& kernels = inputs_->psf[band].kernels;
    for (const auto& kernel : kernels) {
      stored_is_round_[band].push_back(psf::is_turn_invariant(kernel.values) ? 1 : 0);
      if (kernels.size() > most_kept_on_lattice) continue;
      stored_[band].push_back(psf::make_lattice_kernel(kernel, options_of(band)));
    }
  }
}

psf::PixelKernelOptions PsfBank::options_of(std::size_t band) const {
  return {.oversample = oversample_,
          .normalisation = sections_[band].normalisation,
          .centring = sections_[band].centring,
          .pixel_response = response_};
}

bool PsfBank::is_fixed(int band) const {
  return stored_[static_cast<std::size_t>(band)].size() == 1;
}

psf::PlaneTurn PsfBank::turn_of(int band, const catalogue::Injection& injection) const {
  const auto b = static_cast<std::size_t>(band);
  const PsfSection& section = sections_[b];
  bool round = false;
  switch (form_of(section)) {
    case PsfForm::function: {
      const auto& size = section.size_pix;
      const bool odd_square =
          !size || ((*size)[0] == (*size)[1] && (*size)[0] % 2 == 1);
      round = section.q == 1.0 && odd_square;
      break;
    }
    case PsfForm::kernels: {
      const auto& rounds = stored_is_round_[b];
      const auto index =
          rounds.size() == 1 ? 0 : static_cast<std::size_t>(injection.psf_index[b]);
      round = index < rounds.size() && rounds[index] != 0;
      break;
    }
    case PsfForm::model: break;
  }
  return round ? psf::PlaneTurn{} : stages::turn_of(injection);
}

double PsfBank::analytic_fwhm_pix(int band,
                                  const catalogue::Injection& injection) const {
  const auto b = static_cast<std::size_t>(band);
  return is_function(sections_[b])
             ? injection.psf_fwhm_pix[b] * std::sqrt(sections_[b].q)
             : 0.0;
}

void PsfBank::make(int band, const catalogue::Injection& injection,
                   psf::FunctionKernelWorkspace& workspace,
                   psf::LatticeKernel& kernel) const {
  const auto b = static_cast<std::size_t>(band);
  const PsfSection& section = sections_[b];
  switch (form_of(section)) {
    case PsfForm::function:
      with_function(section, injection.psf_fwhm_pix[b], injection.psf_moffat_beta,
                    [&](const psf::EllipticalPsf& psf) {
                      make_function(section, psf, workspace, kernel);
                    });
      break;
    case PsfForm::kernels: {
      const auto index =
          is_fixed(band) ? 0 : static_cast<std::size_t>(injection.psf_index[b]);
      const auto& kernels = inputs_->psf[b].kernels;
      if (index >= kernels.size()) {
        throw DataError("psf_index is past the last kernel");
      }
      kernel = stored_[b].empty()
                   ? psf::make_lattice_kernel(kernels[index], options_of(b))
                   : stored_[b][index];
      break;
    }
    case PsfForm::model:
      kernel = psf::lattice_kernel_at(*inputs_->psf[b].model(injection.psf_index[b]),
                                      injection.psf_x_pix[b], injection.psf_y_pix[b],
                                      options_of(b));
      break;
  }
}

void PsfBank::make_function(const PsfSection& section, const psf::EllipticalPsf& psf,
                            psf::FunctionKernelWorkspace& workspace,
                            psf::LatticeKernel& kernel) const {
  const bool discrete = response_ == psf::PixelResponse::omit && !reach_;
  const bool unit = section.normalisation == psf::Normalisation::unit;
  const bool whole = !discrete && !section.size_pix && section.enclosed_energy == 0.0;
  const psf::FunctionKernelOptions options{
      .size = size_of(section, psf, reach_),
      .oversample = oversample_,
      .normalisation = whole ? psf::Normalisation::keep : section.normalisation,
      .pixel_response = response_};
  psf::make_lattice_kernel(psf, options, workspace, kernel);
  if (discrete && unit && oversample_ == 1) rescale_to_unit_sum(kernel);
  if (whole && unit) kernel.point_flux = 1.0;
}

double fwhm_of(const psf::PixelKernel& kernel) {
  const double peak = *std::ranges::max_element(kernel.values.pixels());
  const double sum = psf::kernel_moments(kernel).sum;
  // Gaussian: peak / sum = 1 / (2 pi sigma^2), in samples.
  const double sigma = std::sqrt(sum / (2.0 * std::numbers::pi * peak));
  return fwhm_per_sigma * sigma / kernel.samples_per_pixel;
}

double fwhm_of(const PsfSection& section, const PsfInput& input,
               const catalogue::Injection& injection, int band) {
  const auto b = static_cast<std::size_t>(band);
  switch (form_of(section)) {
    case PsfForm::function: return injection.psf_fwhm_pix[b] * std::sqrt(section.q);
    case PsfForm::kernels: {
      double sharpest = fwhm_of(input.kernels.front());
      for (const auto& kernel : input.kernels) {
        sharpest = std::min(sharpest, fwhm_of(kernel));
      }
      return sharpest;
    }
    case PsfForm::model: {
      const auto& model = *input.model(injection.psf_index[b]);
      const auto fine = static_cast<int>(std::ceil(1.0 / model.sampling_pix));
      return fwhm_of(
          psf::kernel_at(model, injection.psf_x_pix[b], injection.psf_y_pix[b], fine));
    }
  }
  return 0.0;
}

}  // namespace lensmill::stages
