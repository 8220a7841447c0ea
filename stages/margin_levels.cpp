#include "stages/margin_levels.hpp"

#include <algorithm>

#include "lib/core/contracts.hpp"
#include "stages/config/psf_kinds.hpp"

namespace lensmill::stages {
namespace {

using config::PsfForm;
using config::RunConfig;

imaging::RenderConfig render_config(const RunConfig& config,
                                    const imaging::Lattice& lattice,
                                    imaging::Deposit deposit) {
  imaging::RenderConfig render{.grid = config.grid,
                               .lattice = lattice,
                               .deposit = deposit,
                               .pixel_tolerance = pixel_tolerance_of(config.render),
                               .core_tolerance = config.render.core_tolerance,
                               .supersample = config.render.supersample};
  render.core_radius_pix = std::ranges::max(config.measure.aperture_radius_pix);
  if (config.measure.aperture_mask == config::ApertureMask::circle) {
    render.disc_radius_pix = config.measure.aperture_radius_pix;
  }
  return render;
}

MarginLevel make_level(const RunConfig& config,
                       const std::shared_ptr<const Inputs>& inputs,
                       const imaging::Lattice& lattice, imaging::Deposit deposit,
                       const MarginLevel* other) {
  MarginLevel level;
  level.renderer = std::make_shared<const imaging::ArcRenderer>(
      render_config(config, lattice, deposit));
  level.convolver = imaging::make_convolver(config.convolve.op, lattice, deposit);
  // Only functions know the margin: they reach as far as there is light.
  const auto is_stored = [](const auto& section) { return !is_function(section); };
  if (other != nullptr && std::ranges::all_of(config.psf, is_stored)) {
    level.bank = other->bank;
    level.bank_without_pixel = other->bank_without_pixel;
    return level;
  }
  const auto bank_with = [&](psf::PixelResponse response) {
    return std::make_shared<const PsfBank>(
        config.psf, inputs, lattice.oversample, response,
        kernel_reach(config, deposit, lattice.margin_pix));
  };
  level.bank =
      bank_with(deposit == imaging::Deposit::pixels ? psf::PixelResponse::omit
                                                    : psf::PixelResponse::apply);
  if (config.measure.aperture_mask == config::ApertureMask::circle) {
    level.bank_without_pixel = bank_with(psf::PixelResponse::omit);
  }
  return level;
}

/// The envelope of the kernels of the run's first rows and of all stored ones.
imaging::PsfWings wings_of(const RunConfig& config, const Inputs& inputs,
                           const PsfBank& bank, const std::vector<BandProbe>& probes) {
  imaging::PsfWings wings;
  psf::FunctionKernelWorkspace workspace;
  psf::LatticeKernel kernel;
  for (const auto& probe : probes) {
    const auto add = [&](const catalogue::Injection& injection) {
      bank.make(static_cast<int>(probe.band), injection, workspace, kernel);
      wings.add(kernel);
    };
    if (form_of(config.psf[probe.band]) != PsfForm::kernels) {
      for (const auto& row : probe.rows) add(row);
      continue;
    }
    catalogue::Injection injection = probe.rows.front();
    for (std::size_t k = 0; k < inputs.psf[probe.band].kernels.size(); ++k) {
      injection.psf_index[probe.band] = static_cast<std::int64_t>(k);
      add(injection);
    }
  }
  return wings;
}

}  // namespace

const MarginLevel& MarginLevels::of(const imaging::ArcPlanes& planes) const {
  for (const auto& level : levels) {
    if (level.margin_pix() == planes.margin_pix) return level;
  }
  ENSURE(planes.margin_pix == levels.front().margin_pix());
  return levels.front();
}

std::vector<int> margins_for(int reach_pix, int stamp_size_pix) {
  const int most = std::min(reach_pix, stamp_size_pix);
  std::vector<int> margins{0};
  for (const int part : {4, 2, 1}) {
    // Even, so that few transforms differ by a pixel.
    const int margin = std::min(most, 2 * ((most + 2 * part - 1) / (2 * part)));
    if (margin > margins.back()) margins.push_back(margin);
  }
  return margins;
}

std::shared_ptr<const MarginLevels> make_margin_levels(
    const RunConfig& config, const std::shared_ptr<const Inputs>& inputs,
    imaging::Lattice lattice, imaging::Deposit deposit,
    const std::vector<BandProbe>& probes) {
  auto margins = std::make_shared<MarginLevels>();
  lattice.margin_pix = config.render.margin_pix.value_or(0);
  margins->levels.push_back(make_level(config, inputs, lattice, deposit, nullptr));
  if (config.convolve.op == config::ConvolveOperator::legacy_ifftshift) return margins;
  margins->wings = wings_of(config, *inputs, *margins->least().bank, probes);
  if (config.render.margin_pix) return margins;
  const auto all = margins_for(margins->wings.reach_pix(), lattice.stamp_size_pix);
  for (std::size_t k = 1; k < all.size(); ++k) {
    lattice.margin_pix = all[k];
    const MarginLevel least = margins->least();
    margins->levels.push_back(make_level(config, inputs, lattice, deposit, &least));
  }
  return margins;
}

}  // namespace lensmill::stages
