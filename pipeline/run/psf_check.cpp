#include "pipeline/run/psf_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"
#include "lib/measure/psf_self_test.hpp"
#include "lib/psf/outer_wings.hpp"
#include "pipeline/inputs/open_psf.hpp"

namespace lensmill::pipeline {
namespace {

using config::PsfKind;

constexpr std::size_t most_listed_kernels = 32;
// The rectangle of the PSF that stands for the uncut one.
constexpr int wide_kernel_pix = 161;
constexpr int widest_kernel_pix = 513;

bool is_analytic(const config::PsfSection& section) {
  return section.kind == PsfKind::gaussian || section.kind == PsfKind::moffat;
}

/// One case per kernel of a list; the others as they are.
std::vector<stages::PsfCase> all_cases(const stages::Setup& setup,
                                       const stages::Inputs& inputs,
                                       const config::RunConfig& config) {
  std::vector<stages::PsfCase> cases;
  for (const auto& known : setup.psf_cases) {
    const auto band = static_cast<std::size_t>(known.band);
    if (config.psf[band].kind != PsfKind::pixelised) {
      cases.push_back(known);
      continue;
    }
    const auto& kernels = inputs.psf[band].kernels;
    for (std::size_t k = 0; k < std::min(kernels.size(), most_listed_kernels); ++k) {
      auto one = known;
      one.injection.psf_index[band] = static_cast<std::int64_t>(k);
      one.label = fmt::format("{}: pixelised, {}", config.bands[band], kernels[k].name);
      cases.push_back(std::move(one));
    }
  }
  return cases;
}

/// The PSFs of the run in a far larger rectangle.
config::PsfSection widened(config::PsfSection section, const psf::LatticeKernel& kernel,
                           int oversample) {
  const auto side = [&](int samples) {
    const int pixels = samples / oversample;
    return std::min(widest_kernel_pix, std::max(wide_kernel_pix, 2 * pixels + 1)) | 1;
  };
  section.size_pix = {side(kernel.samples.ny()), side(kernel.samples.nx())};
  return section;
}

/// The same stored PSF by each other policy, one changed at a time.
std::vector<measure::PsfVariant> variants_of(
    const stages::PsfCase& one, const stages::Setup& setup,
    const std::shared_ptr<const stages::Inputs>& inputs,
    const config::RunConfig& config) {
  const auto band = static_cast<std::size_t>(one.band);
  const auto& section = config.psf[band];
  std::vector<measure::PsfVariant> variants;
  if (is_analytic(section)) return variants;
  const auto response = setup.deposit == imaging::Deposit::pixels
                            ? psf::PixelResponse::omit
                            : psf::PixelResponse::apply;
  const auto add = [&](std::string name, const config::PsfSection& changed,
                       const std::shared_ptr<const stages::Inputs>& from) {
    auto sections = config.psf;
    sections[band] = changed;
    const stages::PsfBank bank(std::move(sections), from, setup.lattice.oversample,
                               response);
    measure::PsfVariant variant{.name = std::move(name), .kernel = {}};
    psf::FunctionKernelWorkspace workspace;
    bank.make(one.band, one.injection, workspace, variant.kernel);
    variants.push_back(std::move(variant));
  };
  auto changed = section;
  const bool unit = section.normalisation == psf::Normalisation::unit;
  changed.normalisation = unit ? psf::Normalisation::keep : psf::Normalisation::unit;
  add(unit ? "normalisation: keep" : "normalisation: unit", changed, inputs);
  changed = section;
  const bool kept = section.centring == psf::Centring::keep;
  changed.centring = kept ? psf::Centring::recentre : psf::Centring::keep;
  add(kept ? "centring: recentre" : "centring: keep", changed, inputs);
  if (section.kind != PsfKind::psfex) return variants;
  changed = section;
  const bool winged = section.outer_wings.has_value();
  changed.outer_wings =
      winged ? std::nullopt : psf::legacysurvey_dr9_wings(config.bands[band], false);
  if (!winged && !changed.outer_wings) return variants;
  const auto other = std::make_shared<stages::Inputs>(*inputs);
  try {
    other->psf[band] = open_psf(changed, config.bands[band], config.grid);
  } catch (const DataError&) {
    return variants;  // a raster that is too small for wings
  }
  add(winged ? "outer_wings: none" : "outer_wings: legacysurvey_dr9", changed, other);
  return variants;
}

measure::PsfSelfTest test_of(const stages::PsfCase& one, const stages::Setup& setup,
                             const std::shared_ptr<const stages::Inputs>& inputs,
                             const config::RunConfig& config) {
  const auto band = static_cast<std::size_t>(one.band);
  const auto& section = config.psf[band];
  const bool discrete = setup.deposit == imaging::Deposit::pixels;
  measure::PsfSelfTest test{
      .label = one.label,
      .op = config.convolve.op,
      .lattice = setup.lattice,
      .deposit = setup.deposit,
      .kernel = {},
      // What is cut off an analytic PSF is not put back: its sum is what the cut
      // leaves.
      .normalisation = is_analytic(section) && !discrete ? psf::Normalisation::keep
                                                         : section.normalisation,
      .centring = section.centring,
      .kernel_includes_pixel = !discrete || section.includes_pixel,
      .allow_double_pixel = config.convolve.allow_double_pixel,
      .core_radius_pix = std::ranges::max(config.measure.aperture_radius_pix)};
  psf::FunctionKernelWorkspace workspace;
  setup.bank->make(one.band, one.injection, workspace, test.kernel);
  test.variants = variants_of(one, setup, inputs, config);
  if (section.kind == PsfKind::gaussian && section.q == 1.0) {
    test.gaussian_sigma_pix = one.injection.psf_fwhm_pix[band] / fwhm_per_sigma;
  }
  if (is_analytic(section)) {
    auto sections = config.psf;
    sections[band] = widened(section, test.kernel, setup.lattice.oversample);
    const stages::PsfBank wide(
        std::move(sections), inputs, setup.lattice.oversample,
        discrete ? psf::PixelResponse::omit : psf::PixelResponse::apply);
    wide.make(one.band, one.injection, workspace, test.untruncated);
  }
  return test;
}

}  // namespace

PsfCheck check_psfs(const stages::Setup& setup,
                    const std::shared_ptr<const stages::Inputs>& inputs) {
  const auto& config = setup.chain->config();
  PsfCheck check;
  for (const auto& one : all_cases(setup, *inputs, config)) {
    const auto result = measure::run(test_of(one, setup, inputs, config));
    check.text += measure::to_text(result);
    ++check.tested;
    if (!result.passed()) ++check.failed;
    if (std::ranges::any_of(result.rows, [](const auto& row) {
          return row.warning_only && !row.passed;
        })) {
      ++check.warnings;
    }
  }
  for (std::size_t band = 0; band < config.psf.size(); ++band) {
    const std::size_t kernels = inputs->psf[band].kernels.size();
    if (kernels > most_listed_kernels) {
      check.text += fmt::format("{}: {} further kernels of the list were not tested\n",
                                config.bands[band], kernels - most_listed_kernels);
    }
  }
  return check;
}

}  // namespace lensmill::pipeline
