#include "stages/margin_levels.hpp"

#include <algorithm>
#include <utility>

#include "lib/core/contracts.hpp"
#include "stages/config/psf_kinds.hpp"
#include "stages/lattice_choice.hpp"

namespace lensmill::stages {
namespace {

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

}  // namespace

const MarginLevel& MarginLevels::of(const imaging::ArcPlanes& planes) const {
  const auto level =
      std::ranges::find(levels, planes.margin_pix, &MarginLevel::margin_pix);
  EXPECT(level != levels.end());
  return *level;
}

const imaging::PsfWings& MarginLevels::wings_of(const catalogue::Injection& injection,
                                                int bands,
                                                WingsBuffers& buffers) const {
  if (fixed_wings) return *fixed_wings;
  buffers.wings.clear();
  for (int band = 0; band < bands; ++band) {
    least().bank->make(band, injection, buffers.function_kernel, buffers.kernel);
    buffers.wings.add(buffers.kernel);
  }
  return buffers.wings;
}

std::vector<int> margins_for(int stamp_size_pix) {
  std::vector<int> margins{0};
  for (const int part : {8, 4, 2}) {
    // Even, so that few transforms differ by a pixel.
    const int margin = 2 * ((stamp_size_pix + 2 * part - 1) / (2 * part));
    if (margin > margins.back()) margins.push_back(margin);
  }
  return margins;
}

std::shared_ptr<const MarginLevels> make_margin_levels(
    const RunConfig& config, const std::shared_ptr<const Inputs>& inputs,
    imaging::Lattice lattice, imaging::Deposit deposit) {
  auto margins = std::make_shared<MarginLevels>();
  const auto& stated = config.render.margin_pix;
  for (const int margin :
       stated ? std::vector{*stated} : margins_for(lattice.stamp_size_pix)) {
    lattice.margin_pix = margin;
    const MarginLevel* least =
        margins->levels.empty() ? nullptr : &margins->levels.front();
    MarginLevel level = make_level(config, inputs, lattice, deposit, least);
    margins->levels.push_back(std::move(level));
  }
  margins->knows_outside =
      config.convolve.op != config::ConvolveOperator::legacy_ifftshift;
  bool all_fixed = margins->knows_outside;
  for (int band = 0; band < config.band_count(); ++band) {
    all_fixed = all_fixed && margins->least().bank->is_fixed(band);
  }
  if (all_fixed) {
    MarginLevels::WingsBuffers buffers;
    margins->fixed_wings = margins->wings_of({}, config.band_count(), buffers);
  }
  return margins;
}

}  // namespace lensmill::stages
