#include "pipeline/session/psf_promise.hpp"

#include <fmt/format.h>

#include <cmath>

#include "stages/config/psf_kinds.hpp"
#include "stages/lattice_choice.hpp"

namespace lensmill::pipeline {
namespace {

using config::PsfForm;

/// A kernel that is interpolated onto the lattice: a wrong factor or a shift by a
/// sample is larger, what the interpolation of a critically sampled model does is
/// smaller.
constexpr double resampled_sum_tolerance = 5.0e-3;
constexpr double resampled_centroid_tolerance_pix = 0.05;
constexpr double copied_sum_tolerance = 1.0e-6;
constexpr double copied_centroid_tolerance_pix = 1.0e-3;
/// What the pixel's response moves over the rectangle's edge.
constexpr double edge_flux = 1.0e-3;
/// Of a core's place, in samples: a half or a whole one within this.
constexpr double near_sample = 0.1;

/// The rectangle's share of the flux, by the closed form.
double enclosed_energy(const config::PsfSection& section,
                       const catalogue::Injection& injection, std::size_t band,
                       const stages::KernelReach& reach) {
  return config::with_function(
      section, injection.psf_fwhm_pix[band], injection.psf_moffat_beta,
      [&](const psf::EllipticalPsf& psf) {
        return psf.enclosed_energy(stages::size_by_reach(psf, reach));
      });
}

void promise_analytic(const stages::PsfCase& one, const stages::Setup& setup,
                      const config::RunConfig& config,
                      measure::KernelPromise& promise) {
  const auto band = static_cast<std::size_t>(one.band);
  const auto& section = config.psf[band];
  const auto reach =
      stages::kernel_reach(config, setup.deposit, setup.lattice.margin_pix);
  if (section.size_pix) {
    // An even side has a row more on one side of the origin.
    if ((*section.size_pix)[0] % 2 == 0 || (*section.size_pix)[1] % 2 == 0) return;
  } else if (section.enclosed_energy > 0.0) {
    promise.kept_sum = 0.5 * (1.0 + section.enclosed_energy);
    promise.kept_sum_tolerance = 0.5 * (1.0 - section.enclosed_energy) + edge_flux;
  } else if (reach) {
    // Only what a stated cut leaves is scaled up.
    promise.normalisation = psf::Normalisation::keep;
    promise.kept_sum = enclosed_energy(section, one.injection, band, *reach);
    promise.kept_sum_tolerance = edge_flux;
  }
  promise.kept_x_pix = 0.0;
  promise.kept_y_pix = 0.0;
}

void promise_stored(const psf::PixelKernel& stored, bool copied,
                    measure::KernelPromise& promise) {
  const auto moments = psf::kernel_moments(stored);
  promise.kept_sum = moments.sum;
  promise.kept_sum_tolerance =
      (copied ? copied_sum_tolerance : resampled_sum_tolerance) * std::abs(moments.sum);
  promise.kept_x_pix = moments.centroid_x_pix;
  promise.kept_y_pix = moments.centroid_y_pix;
  promise.kept_centroid_tolerance_pix =
      copied ? copied_centroid_tolerance_pix : resampled_centroid_tolerance_pix;
}

bool is_near(double a, double b) { return std::abs(a - b) < near_sample; }

/// One axis whose n samples are even, with the core `samples` from the origin.
std::string advice_on_even(const char* axis, int n, double samples) {
  if (n % 2 != 0) return "";
  if (is_near(samples, 0.5)) {
    return fmt::format(
        "its {} samples along {} are symmetric about their middle, half a sample from "
        "the origin, index (n-1)//2 = {}; ",
        n, axis, (n - 1) / 2);
  }
  if (is_near(samples, 1.0)) {
    return fmt::format(
        "along {} it peaks at index n/2 = {}, but the origin of an even kernel is "
        "index (n-1)//2 = {}; ",
        axis, n / 2, (n - 1) / 2);
  }
  return "";
}

}  // namespace

measure::KernelPromise promise_of(const stages::PsfCase& one,
                                  const stages::Setup& setup,
                                  const stages::Inputs& inputs,
                                  const config::RunConfig& config) {
  const auto band = static_cast<std::size_t>(one.band);
  const auto& section = config.psf[band];
  measure::KernelPromise promise{
      .normalisation = section.normalisation,
      .centring = section.centring,
      .accepted_pix = section.accept_offset_pix.value_or(0.0)};
  const auto& input = inputs.psf[band];
  const int oversample = setup.lattice.oversample;
  switch (form_of(section)) {
    case PsfForm::function: promise_analytic(one, setup, config, promise); break;
    case PsfForm::kernels: {
      const auto index = input.kernels.size() == 1
                             ? 0
                             : static_cast<std::size_t>(one.injection.psf_index[band]);
      const auto& stored = input.kernels.at(index);
      const bool as_stored =
          stored.includes_pixel || setup.deposit == imaging::Deposit::pixels;
      promise_stored(stored, as_stored && stored.samples_per_pixel == oversample,
                     promise);
      break;
    }
    case PsfForm::model:
      promise_stored(
          psf::kernel_at(*input.model(one.injection.psf_index[band]),
                         one.injection.psf_x_pix[band], one.injection.psf_y_pix[band]),
          oversample == 1 &&
              input.model(one.injection.psf_index[band])->sampling_pix == 1.0,
          promise);
      promise.moved_pix = measure::misplaced_psfex_pix;
      promise.misplaced_pix = measure::misplaced_psfex_pix;
      break;
  }
  return promise;
}

std::string advice_on_place(const config::PsfSection& section,
                            const psf::PixelKernel* stored,
                            const measure::CoreCentroid& core) {
  const std::string meant = fmt::format(
      "`accept_offset_pix: {:.2f}` says that it is meant", core.offset_pix() + 0.01);
  if (section.centring == psf::Centring::recentre) {
    return "its first moments lie on the origin, its core does not: wings or noise "
           "pull "
           "them; crop or clean the kernel, or use `centring: keep`; " +
           meant;
  }
  std::string text;
  if (stored != nullptr) {
    const double samples_x = core.x_pix * stored->samples_per_pixel;
    const double samples_y = core.y_pix * stored->samples_per_pixel;
    text = advice_on_even("x", stored->values.nx(), samples_x) +
           advice_on_even("y", stored->values.ny(), samples_y);
    if (text.empty()) {
      text = fmt::format(
          "it lies at index [y, x] = [{:.2f}, {:.2f}] of the stored kernel, whose "
          "origin "
          "is [{}, {}]; ",
          stored->origin_y() + samples_y, stored->origin_x() + samples_x,
          stored->origin_y(), stored->origin_x());
    }
  }
  return text + "`centring: recentre` puts it onto the origin, and " + meant;
}

}  // namespace lensmill::pipeline
