#include "stages/psf_bank.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"
#include "lib/psf/gaussian.hpp"
#include "lib/psf/moffat.hpp"
#include "stages/turned_noise.hpp"

namespace lensmill::stages {
namespace {

using config::PsfKind;
using config::PsfSection;

psf::KernelSize size_of(const PsfSection& section, const psf::EllipticalPsf& psf) {
  if (section.size_pix) return {(*section.size_pix)[0], (*section.size_pix)[1]};
  return psf::size_for_enclosed_energy(psf, section.enclosed_energy);
}

// A cut, normalised PSF without its pixel's response has samples that sum only nearly
// to one; the discrete operation's kernel is its samples, so their sum is what is
// stated.
void rescale_to_unit_sum(psf::LatticeKernel& kernel) {
  double sum = 0.0;
  for (const double value : kernel.samples.pixels()) sum += value;
  for (double& value : kernel.samples.pixels()) value /= sum;
  kernel.sum = 1.0;
}

}  // namespace

PsfBank::PsfBank(std::vector<PsfSection> sections, std::shared_ptr<const Inputs> inputs,
                 int oversample, psf::PixelResponse response)
    : sections_(std::move(sections)),
      inputs_(std::move(inputs)),
      oversample_(oversample),
      response_(response) {
  for (std::size_t band = 0; band < sections_.size(); ++band) {
    const PsfSection& section = sections_[band];
    if (section.kind != PsfKind::pixelised) continue;
    for (const auto& kernel : inputs_->psf[band].kernels) {
      stored_[band].push_back(
          psf::make_lattice_kernel(kernel, {.oversample = oversample_,
                                            .normalisation = section.normalisation,
                                            .centring = section.centring,
                                            .pixel_response = response_}));
      stored_is_round_[band].push_back(psf::is_turn_invariant(kernel.values) ? 1 : 0);
    }
  }
}

bool PsfBank::is_fixed(int band) const {
  return stored_[static_cast<std::size_t>(band)].size() == 1;
}

psf::PlaneTurn PsfBank::turn_of(int band, const catalogue::Injection& injection) const {
  const auto b = static_cast<std::size_t>(band);
  const PsfSection& section = sections_[b];
  bool round = false;
  switch (section.kind) {
    case PsfKind::gaussian:
    case PsfKind::moffat: {
      const auto& size = section.size_pix;
      const bool odd_square =
          !size || ((*size)[0] == (*size)[1] && (*size)[0] % 2 == 1);
      round = section.q == 1.0 && odd_square;
      break;
    }
    case PsfKind::pixelised: {
      const auto& rounds = stored_is_round_[b];
      const auto index =
          rounds.size() == 1 ? 0 : static_cast<std::size_t>(injection.psf_index[b]);
      round = index < rounds.size() && rounds[index] != 0;
      break;
    }
    case PsfKind::psfex: break;
  }
  return round ? psf::PlaneTurn{} : stages::turn_of(injection);
}

void PsfBank::make(int band, const catalogue::Injection& injection,
                   psf::FunctionKernelWorkspace& workspace,
                   psf::LatticeKernel& kernel) const {
  const auto b = static_cast<std::size_t>(band);
  const PsfSection& section = sections_[b];
  const psf::FunctionKernelOptions options{.size = {},
                                           .oversample = oversample_,
                                           .normalisation = section.normalisation,
                                           .pixel_response = response_};
  const auto make_function = [&](const psf::EllipticalPsf& psf) {
    auto sized = options;
    sized.size = size_of(section, psf);
    psf::make_lattice_kernel(psf, sized, workspace, kernel);
  };
  const psf::PsfShape shape{.fwhm_pix = injection.psf_fwhm_pix[b],
                            .q = section.q,
                            .phi_rad = section.phi_rad};
  switch (section.kind) {
    case PsfKind::gaussian: make_function(psf::Gaussian(shape)); break;
    case PsfKind::moffat:
      make_function(psf::Moffat(shape, injection.psf_moffat_beta));
      break;
    case PsfKind::pixelised: {
      const auto index =
          is_fixed(band) ? 0 : static_cast<std::size_t>(injection.psf_index[b]);
      if (index >= stored_[b].size()) {
        throw DataError("psf_index is past the last kernel");
      }
      kernel = stored_[b][index];
      break;
    }
    case PsfKind::psfex:
      kernel = psf::make_lattice_kernel(
          psf::kernel_at(*inputs_->psf[b].psfex, injection.psf_x_pix[b],
                         injection.psf_y_pix[b]),
          {.oversample = oversample_,
           .normalisation = section.normalisation,
           .centring = section.centring,
           .pixel_response = response_});
      break;
  }
  const bool analytic =
      section.kind == PsfKind::gaussian || section.kind == PsfKind::moffat;
  if (analytic && response_ == psf::PixelResponse::omit && oversample_ == 1 &&
      section.normalisation == psf::Normalisation::unit) {
    rescale_to_unit_sum(kernel);
  }
}

double fwhm_of(const PsfSection& section, const PsfInput& input,
               const catalogue::Injection& injection, int band) {
  const auto b = static_cast<std::size_t>(band);
  const auto of_kernel = [](const psf::PixelKernel& kernel) {
    const double peak = *std::ranges::max_element(kernel.values.pixels());
    const double sum = psf::kernel_moments(kernel).sum;
    // Gaussian: peak / sum = 1 / (2 pi sigma^2), in samples.
    const double sigma = std::sqrt(sum / (2.0 * std::numbers::pi * peak));
    return fwhm_per_sigma * sigma / kernel.samples_per_pixel;
  };
  switch (section.kind) {
    case PsfKind::gaussian:
    case PsfKind::moffat: return injection.psf_fwhm_pix[b] * std::sqrt(section.q);
    case PsfKind::pixelised: {
      double sharpest = of_kernel(input.kernels.front());
      for (const auto& kernel : input.kernels) {
        sharpest = std::min(sharpest, of_kernel(kernel));
      }
      return sharpest;
    }
    case PsfKind::psfex:
      return of_kernel(
          psf::kernel_at(*input.psfex, injection.psf_x_pix[b], injection.psf_y_pix[b]));
  }
  return 0.0;
}

}  // namespace lensmill::stages
