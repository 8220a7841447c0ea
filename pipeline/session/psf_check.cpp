#include "pipeline/session/psf_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>
#include <optional>

#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"
#include "lib/measure/psf_self_test.hpp"
#include "lib/psf/outer_wings.hpp"
#include "pipeline/inputs/open_psf.hpp"
#include "pipeline/session/psf_positions.hpp"
#include "pipeline/session/psf_promise.hpp"
#include "pipeline/session/psf_worst.hpp"
#include "stages/config/psf_kinds.hpp"
#include "stages/lattice_choice.hpp"

namespace lensmill::pipeline {
namespace {

using config::PsfForm;
using config::PsfKind;

constexpr std::size_t most_listed_kernels = 32;
// Of one band, that are written of one by one.
constexpr std::size_t most_noted_kernels = 8;
// The rectangle of the PSF that stands for the uncut one.
constexpr int wide_kernel_pix = 161;
constexpr int widest_kernel_pix = 513;
// Sharper ones alias on the lattice without their pixel's response.
constexpr double resolved_fwhm_samples = 2.5;

/// The stored kernel of a case; null for models and analytic kinds.
const psf::PixelKernel* stored_kernel(const stages::PsfCase& one,
                                      const stages::Inputs& inputs) {
  const auto band = static_cast<std::size_t>(one.band);
  const auto& kernels = inputs.psf[band].kernels;
  if (kernels.empty()) return nullptr;
  const auto index = one.injection.psf_index[band];
  return &kernels[kernels.size() == 1 ? 0 : static_cast<std::size_t>(index)];
}

/// One case per kernel of a list; the others as they are.
std::vector<stages::PsfCase> all_cases(const stages::Setup& setup,
                                       const stages::Inputs& inputs,
                                       const config::RunConfig& config) {
  std::vector<stages::PsfCase> cases;
  for (const auto& known : setup.psf_cases) {
    const auto band = static_cast<std::size_t>(known.band);
    if (form_of(config.psf[band]) != PsfForm::kernels) {
      cases.push_back(known);
      continue;
    }
    const auto& kernels = inputs.psf[band].kernels;
    for (std::size_t k = 0; k < kernels.size(); ++k) {
      auto one = known;
      one.injection.psf_index[band] = static_cast<std::int64_t>(k);
      one.label = fmt::format("{}: {}, {}", config.bands[band],
                              info_of(config.psf[band]).label, kernels[k].name);
      cases.push_back(std::move(one));
    }
  }
  return cases;
}

/// The PSF of a case alone, as inputs: another policy must not be tried on all others.
std::shared_ptr<stages::Inputs> inputs_of(const stages::PsfCase& one,
                                          const stages::Inputs& inputs) {
  const auto band = static_cast<std::size_t>(one.band);
  auto alone = std::make_shared<stages::Inputs>();
  if (const auto* model = inputs.psf[band].model(one.injection.psf_index[band])) {
    alone->psf[band].psfex = *model;
  }
  if (const auto* stored = stored_kernel(one, inputs)) {
    alone->psf[band].kernels = {*stored};
  }
  return alone;
}

/// Its kernel by a changed section of the configuration.
psf::LatticeKernel kernel_by(const config::PsfSection& changed,
                             const stages::PsfCase& one, const stages::Setup& setup,
                             std::shared_ptr<const stages::Inputs> alone,
                             psf::PixelResponse response,
                             std::optional<stages::KernelReach> reach = {}) {
  const auto band = static_cast<std::size_t>(one.band);
  std::vector<config::PsfSection> sections(band + 1);
  sections[band] = changed;
  const stages::PsfBank bank(std::move(sections), std::move(alone),
                             setup.lattice.oversample, response, reach);
  psf::FunctionKernelWorkspace workspace;
  psf::LatticeKernel kernel;
  bank.make(one.band, one.injection, workspace, kernel);
  return kernel;
}

/// The PSFs of the run in a far larger rectangle.
config::PsfSection widened(config::PsfSection section, const psf::LatticeKernel& kernel,
                           int oversample) {
  const auto side = [&](int samples) {
    const int pixels = samples / oversample;
    return std::min(widest_kernel_pix, std::max(wide_kernel_pix, 2 * pixels + 1)) | 1;
  };
  section.size_pix = {side(kernel.samples.ny()), side(kernel.samples.nx())};
  section.normalisation = psf::Normalisation::keep;
  return section;
}

/// The same stored PSF by each other policy, one changed at a time.
std::vector<measure::PsfVariant> variants_of(const stages::PsfCase& one,
                                             const stages::Setup& setup,
                                             const stages::Inputs& inputs,
                                             const config::RunConfig& config) {
  const auto band = static_cast<std::size_t>(one.band);
  const auto& section = config.psf[band];
  std::vector<measure::PsfVariant> variants;
  if (is_function(section)) return variants;
  const auto response = setup.deposit == imaging::Deposit::pixels
                            ? psf::PixelResponse::omit
                            : psf::PixelResponse::apply;
  const auto alone = inputs_of(one, inputs);
  const auto add = [&](std::string name, const config::PsfSection& by,
                       const std::shared_ptr<const stages::Inputs>& from) {
    variants.push_back(
        {.name = std::move(name), .kernel = kernel_by(by, one, setup, from, response)});
  };
  auto changed = section;
  const bool unit = section.normalisation == psf::Normalisation::unit;
  changed.normalisation = unit ? psf::Normalisation::keep : psf::Normalisation::unit;
  add(unit ? "normalisation: keep" : "normalisation: unit", changed, alone);
  changed = section;
  const bool kept = section.centring == psf::Centring::keep;
  changed.centring = kept ? psf::Centring::recentre : psf::Centring::keep;
  add(kept ? "centring: recentre" : "centring: keep", changed, alone);
  if (form_of(section) != PsfForm::model || section.per_host()) return variants;
  changed = section;
  const bool winged = section.outer_wings.has_value();
  changed.outer_wings =
      winged ? std::nullopt : psf::legacysurvey_dr9_wings(config.bands[band], false);
  if (!winged && !changed.outer_wings) return variants;
  const auto other = std::make_shared<stages::Inputs>();
  try {
    other->psf[band] = open_psf(changed, config.bands[band], config.grid);
  } catch (const DataError&) {
    return variants;  // a raster that is too small for wings
  }
  add(winged ? "outer_wings: none" : "outer_wings: legacysurvey_dr9", changed, other);
  return variants;
}

measure::PsfSelfTest test_of(const stages::PsfCase& one, const stages::Setup& setup,
                             const stages::Inputs& inputs,
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
      .promise = promise_of(one, setup, inputs, config),
      .kernel_includes_pixel = !discrete || section.includes_pixel,
      .allow_double_pixel = config.convolve.allow_double_pixel,
      .core_radius_pix = std::ranges::max(config.measure.aperture_radius_pix)};
  psf::FunctionKernelWorkspace workspace;
  setup.bank->make(one.band, one.injection, workspace, test.kernel);
  test.variants = variants_of(one, setup, inputs, config);
  if (!discrete && !section.includes_pixel &&
      one.fwhm_pix * setup.lattice.oversample >= resolved_fwhm_samples) {
    test.without_pixel = kernel_by(
        section, one, setup, inputs_of(one, inputs), psf::PixelResponse::omit,
        stages::kernel_reach(config, setup.deposit, setup.lattice.margin_pix));
  }
  if (section.kind == PsfKind::gaussian && section.q == 1.0) {
    test.gaussian_sigma_pix = one.injection.psf_fwhm_pix[band] / fwhm_per_sigma;
  }
  if (is_function(section)) {
    test.untruncated =
        kernel_by(widened(section, test.kernel, setup.lattice.oversample), one, setup,
                  inputs_of(one, inputs),
                  discrete ? psf::PixelResponse::omit : psf::PixelResponse::apply);
  }
  return test;
}

/// A sentence on each row of the cheap checks that is to be looked at.
void note(const stages::PsfCase& one, const std::vector<measure::PsfTestRow>& rows,
          const psf::LatticeKernel& kernel, const stages::Inputs& inputs,
          const config::RunConfig& config, PsfCheck& check) {
  const auto& section = config.psf[static_cast<std::size_t>(one.band)];
  const auto* stored = stored_kernel(one, inputs);
  for (const auto& row : rows) {
    if (row.passed) continue;
    const char* verdict = failed(row) ? "FAILED" : "warning";
    if (row.name.starts_with("core_offset_pix")) {
      check.notes.push_back(fmt::format(
          "PSF {}: {}: its core lies {:.3f} px off its origin: {}", one.label, verdict,
          row.measured,
          advice_on_place(section, stored, measure::core_centroid(kernel))));
    } else if (row.name.starts_with("flux_of_unit_star")) {
      check.notes.push_back(fmt::format(
          "PSF {}: {}: with `normalisation: keep` a star of unit flux gets {:.4g}; is "
          "the kernel's sum meant? `normalisation: unit` scales it",
          one.label, verdict, row.measured));
    }
  }
}

/// The verdict of one kernel's rows into the counts.
void count(const std::vector<measure::PsfTestRow>& rows, PsfCheck& check) {
  if (std::ranges::any_of(rows, measure::failed)) ++check.failed;
  if (std::ranges::any_of(rows, measure::warned)) ++check.warnings;
}

/// The summary of a band's kernels.
struct ListSummary {
  std::size_t given = 0;
  std::size_t tested = 0;
  std::size_t noted = 0;
  double worst_pix = 0.0;
  std::string worst;
  std::vector<KernelFacts> facts;

  /// \param stored null for a function
  void add(const stages::PsfCase& one, const std::vector<measure::PsfTestRow>& rows,
           const psf::PixelKernel* stored) {
    ++given;
    if (!std::ranges::all_of(rows, &measure::PsfTestRow::passed)) ++noted;
    const double offset = rows.back().measured;  // of the core
    if (stored != nullptr) {
      facts.push_back({.name = stored->name,
                       .offset_pix = offset,
                       .sum = psf::kernel_moments(*stored).sum,
                       .fwhm_pix = stages::fwhm_of(*stored)});
    }
    if (offset < worst_pix) return;
    worst_pix = offset;
    worst = one.label;
  }
};

}  // namespace

PsfCheck check_psfs(const stages::Setup& setup,
                    const std::shared_ptr<const stages::Inputs>& inputs) {
  const auto& config = setup.chain->config();
  PsfCheck check;
  std::vector<ListSummary> lists(config.psf.size());
  psf::FunctionKernelWorkspace workspace;
  psf::LatticeKernel kernel;
  for (const auto& one : all_cases(setup, *inputs, config)) {
    auto& list = lists[static_cast<std::size_t>(one.band)];
    setup.bank->make(one.band, one.injection, workspace, kernel);
    measure::PsfSelfTestResult result{
        .label = one.label,
        .rows = measure::check_kernel(kernel, promise_of(one, setup, *inputs, config))};
    list.add(one, result.rows, stored_kernel(one, *inputs));
    const bool few = list.noted <= most_noted_kernels;
    if (few) note(one, result.rows, kernel, *inputs, config, check);
    ++check.given;
    const bool whole = list.given <= most_listed_kernels;
    if (whole) {
      result = measure::run(test_of(one, setup, *inputs, config));
      ++check.tested;
      ++list.tested;
    } else {
      result.label += " (cheap checks)";
    }
    count(result.rows, check);
    const bool good = std::ranges::all_of(result.rows, &measure::PsfTestRow::passed);
    if (whole || (few && !good)) {
      check.text += measure::to_text(result);
    }
  }
  for (std::size_t band = 0; band < config.psf.size(); ++band) {
    auto& list = lists[band];
    if (form_of(config.psf[band]) == PsfForm::kernels && list.given > 1) {
      check.text += fmt::format(
          "PSF kernels {}: {} given: {} got the cheap checks ({} did not pass all of "
          "them), {} the whole test; the farthest core is {:.3f} px off its origin "
          "({})\n",
          config.bands[band], list.given, list.given, list.noted, list.tested,
          list.worst_pix, list.worst);
    }
    if (form_of(config.psf[band]) == PsfForm::model) {
      auto summary = summarise_psfex(static_cast<int>(band), setup, *inputs, config);
      check.text += summary.text;
      if (summary.failed) ++check.failed;
      if (!summary.outside.empty()) {
        ++check.warnings;
        check.notes.push_back(summary.outside);
      }
      list.facts = std::move(summary.facts);
    }
    const auto worst = worst_kernels(config.bands[band], list.facts);
    check.warnings += static_cast<int>(worst.notes.size());
    std::ranges::copy(worst.notes, std::back_inserter(check.notes));
    if (!inputs->psf[band].of_host.empty()) check.worst += worst.text;
  }
  check.text += check.worst;
  for (const auto& text : check.notes) check.text += text + "\n";
  return check;
}

std::string counts_text(const PsfCheck& check) {
  std::string text = fmt::format("{} PSFs tested: {} failed, {} with a warning",
                                 check.tested, check.failed, check.warnings);
  if (check.given > check.tested) {
    text += fmt::format(" ({} given: all {} got the cheap checks, {} the whole test)",
                        check.given, check.given, check.tested);
  }
  return text;
}

}  // namespace lensmill::pipeline
