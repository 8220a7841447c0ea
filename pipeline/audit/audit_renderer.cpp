#include "pipeline/audit/audit_renderer.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/psf/stretched_kernel.hpp"
#include "stages/config/read_run_config.hpp"

namespace lensmill::pipeline {
namespace {

bool analytic(config::PsfKind kind) {
  return kind == config::PsfKind::gaussian || kind == config::PsfKind::moffat;
}

bool has_light(std::span<const Image<float>> arcs) {
  return std::ranges::any_of(arcs, [](const auto& arc) {
    return std::ranges::any_of(arc.pixels(), [](float v) { return v > 0.0F; });
  });
}

}  // namespace

AuditRenderer::AuditRenderer(const AuditMapping& map, const AuditRows& rows,
                             const parallel::Communicator& world)
    : grid_(map.grid),
      bands_(map.bands.size()),
      rows_(rows),
      correct_(make_line(map, rows, PsfPlacement::correct, world)),
      arcs_(map.bands.size()) {
  try {
    legacy_ = make_line(map, rows, PsfPlacement::legacy, world);
    // What the operator cannot take shows with the first kernel.
    take(0);
  } catch (const Error& error) {
    legacy_.reset();
    why_no_legacy_ = error.what();
  }
}

AuditRenderer::Line AuditRenderer::make_line(const AuditMapping& map,
                                             const AuditRows& rows,
                                             PsfPlacement placement,
                                             const parallel::Communicator& world) {
  std::vector<std::pair<std::string, double>> first;
  for (std::size_t k = 0; k < rows.given.size(); ++k) {
    double value = rows.values[k];
    // Knots that the first row lacks: any number passes the configuration's check.
    if (!std::isfinite(value)) value = 1.0;
    first.emplace_back(rows.given[k], value);
  }
  const auto config =
      config::read_run_config_text(audit_config_yaml(map, first, placement),
                                   map.path + " (as a run)", {}, map.folder);
  const auto opened = open_inputs(config, world);
  auto inputs = std::make_shared<stages::Inputs>(*opened.inputs);
  inputs->rows = std::make_shared<const MemoryRows>(rows);
  Line line;
  line.setup = stages::make_setup(config, inputs);
  line.chain = line.setup.chain;
  line.stamp = line.chain->make_stamp();
  return line;
}

bool AuditRenderer::sample(Line& line, std::size_t index) const {
  const auto block = rows_.read(static_cast<std::int64_t>(index), 1);
  auto& stamp = line.stamp;
  line.chain->begin(block.injection_id[0], block.row(0), stamp);
  const Status status = line.chain->run(stages::Step::sample, stamp);
  stamp.given = {};
  if (!can_go_on(status)) return false;
  auto& injection = stamp.injection;
  // An audit has no hosts, but its arcs' PSFs were turned with them.
  for (std::size_t k = 0; k < rows_.given().size(); ++k) {
    const auto given = static_cast<std::int64_t>(block.values[k]);
    if (rows_.given()[k] == "host_rotation") injection.host_rotation = given;
    if (rows_.given()[k] == "host_flip") injection.host_flip = given;
  }
  return true;
}

bool AuditRenderer::take(std::size_t index) {
  is_lensed_ = false;
  if (!sample(correct_, index)) return false;
  base_ = correct_.stamp.injection;
  if (has_legacy()) {
    if (!sample(*legacy_, index)) return false;
    legacy_base_ = legacy_->stamp.injection;
  }
  // A row that one operator cannot render would be fitted by nothing.
  return has_light(correct({})) && (!has_legacy() || has_light(legacy()));
}

double AuditRenderer::lens_x_pix() const {
  return grid_.pix_from_arcsec(base_.lens_x_arcsec);
}
double AuditRenderer::lens_y_pix() const {
  return grid_.pix_from_arcsec(base_.lens_y_arcsec);
}

std::span<const Image<float>> AuditRenderer::collect(const stages::Stamp& stamp) {
  for (std::size_t b = 0; b < bands_; ++b) arcs_[b] = stamp.images[b].arc;
  return arcs_;
}

std::span<const Image<float>> AuditRenderer::no_light() {
  for (auto& arc : arcs_) {
    arc.assign(grid_.stamp_size_pix, grid_.stamp_size_pix, 0.0F);
  }
  return arcs_;
}

void AuditRenderer::convolve_stretched(double width) {
  auto& stamp = correct_.stamp;
  const auto& convolver = *correct_.setup.convolver;
  for (std::size_t b = 0; b < bands_; ++b) {
    if (analytic(correct_.chain->config().psf[b].kind)) continue;
    const auto kernel = psf::stretched(*stamp.psf[b].kernel, width);
    imaging::PreparedKernel prepared;
    convolver.prepare(kernel, stamp.buffers->convolver, prepared);
    auto& arc = stamp.images[b].arc;
    const ImageView<const double> plane = stamp.arc_fields.total.view();
    const ImageView<float> image = arc.view();
    convolver.convolve({&plane, 1}, prepared, stamp.buffers->convolver, {&image, 1});
    for (float& value : arc.pixels()) {
      value = static_cast<float>(base_.src_flux_nmgy[b] * double{value});
    }
  }
}

std::span<const Image<float>> AuditRenderer::correct(const AuditChange& change) {
  auto& stamp = correct_.stamp;
  correct_.chain->begin(base_.injection_id, {}, stamp);
  stamp.injection = base_;
  stamp.injection.lens_x_arcsec += change.dx_pix * grid_.pixel_scale_arcsec;
  stamp.injection.lens_y_arcsec += change.dy_pix * grid_.pixel_scale_arcsec;
  for (std::size_t b = 0; b < bands_; ++b)
    stamp.injection.psf_fwhm_pix[b] *= change.width;
  const bool same =
      is_lensed_ && lensed_.dx_pix == change.dx_pix && lensed_.dy_pix == change.dy_pix;
  if (!same) {
    correct_.chain->run(stages::Step::lens, stamp);
    lensed_ = change;
    is_lensed_ = true;
  }
  if (!can_go_on(correct_.chain->run(stages::Step::convolve, stamp))) return no_light();
  if (change.width != 1.0) convolve_stretched(change.width);
  return collect(stamp);
}

std::span<const Image<float>> AuditRenderer::legacy() {
  EXPECT(legacy_.has_value());
  auto& stamp = legacy_->stamp;
  legacy_->chain->begin(legacy_base_.injection_id, {}, stamp);
  stamp.injection = legacy_base_;
  if (!can_go_on(
          legacy_->chain->run(stages::Step::lens, stages::Step::convolve, stamp))) {
    return no_light();
  }
  return collect(stamp);
}

}  // namespace lensmill::pipeline
