#include "pipeline/field/painter.hpp"

#include <algorithm>
#include <cmath>

#include "stages/lens_stage.hpp"

namespace lensmill::pipeline {
namespace {

/// A renderer alone: what the lens stage needs of a margin level.
std::shared_ptr<const stages::MarginLevels> renderer_with(const Session& session,
                                                          int margin_pix) {
  auto render = session.setup.margins->least().renderer->config();
  render.lattice.margin_pix = margin_pix;
  auto levels = std::make_shared<stages::MarginLevels>();
  levels->levels.push_back(
      {.renderer = std::make_shared<const imaging::ArcRenderer>(std::move(render)),
       .convolver = nullptr,
       .bank = nullptr,
       .bank_without_pixel = nullptr});
  levels->knows_outside = false;  // the margin is chosen here
  return levels;
}

/// A kind's plane, or the sum of all, cut to where there is light.
canvas::Patch patch_of(const imaging::ArcPlanes& planes,
                       std::optional<lens::ImageKind> kind,
                       const imaging::Lattice& lattice, const StampCorner& corner,
                       std::int64_t order, const canvas::CanvasGeometry& geometry) {
  const int side = lattice.size();
  int x0 = side, x1 = 0, y0 = side, y1 = 0;
  const auto light_at = [&](int y, int x) {
    return kind ? planes.lattice[*kind](y, x) : planes.lattice.sum(y, x);
  };
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      if (light_at(y, x) == 0.0) continue;
      x0 = std::min(x0, x);
      x1 = std::max(x1, x + 1);
      y0 = std::min(y0, y);
      y1 = y + 1;
    }
  }
  canvas::Patch patch{.place = {.order = order, .y0 = 0, .x0 = 0, .ny = 0, .nx = 0},
                      .values = {}};
  if (x0 >= x1) return patch;
  const auto on_canvas = [&](int index, int corner_pix) {
    return geometry.rim + corner_pix * geometry.oversample + index -
           lattice.first_pixel();
  };
  patch.place = {.order = order,
                 .y0 = on_canvas(y0, corner.y0),
                 .x0 = on_canvas(x0, corner.x0),
                 .ny = y1 - y0,
                 .nx = x1 - x0};
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) {
      patch.values.push_back(static_cast<float>(light_at(y, x)));
    }
  }
  return patch;
}

}  // namespace

double flux_beyond(std::span<const imaging::OutsideCell> cells, int n, int margin_pix) {
  const double low = -0.5 - margin_pix;
  const double high = n - 0.5 + margin_pix;
  const auto inside = [&](double centre, double half) {
    if (half <= 0.0) return centre >= low && centre <= high ? 1.0 : 0.0;
    const double part = std::min(centre + half, high) - std::max(centre - half, low);
    return std::clamp(part / (2.0 * half), 0.0, 1.0);
  };
  double flux = 0.0;
  for (const auto& cell : cells) {
    flux += cell.flux * (1.0 - inside(cell.x_pix, cell.half_pix) *
                                   inside(cell.y_pix, cell.half_pix));
  }
  return flux;
}

Painter::Painter(const FieldConfig& config, const Session& session, const Scene& scene)
    : config_(config),
      session_(session),
      scene_(scene),
      stamp_(session.chain().make_stamp()) {
  const auto& run = config.run;
  const int n = run.grid.stamp_size_pix;
  margin_pix_ = stages::margins_for(n);
  margin_pix_.push_back(n);
  const auto source = std::make_shared<const stages::SourceMaker>(
      stages::SourceMaker{run.source, session.opened.inputs});
  for (const int margin : margin_pix_) {
    lens_.push_back(std::make_unique<stages::LensStage>(
        stages::LensStage::Config{.bands = run.band_count(),
                                  .margins = renderer_with(session, margin),
                                  .source = source,
                                  .point = run.source.kind == config::SourceKind::point
                                               ? std::optional(run.source.point)
                                               : std::nullopt,
                                  .aperture_centre_pix = std::nullopt}));
  }
}

void Painter::begin(const SceneEntry& entry) {
  given_ = session_.rows().read(entry.row, 1);
  session_.chain().begin(given_.injection_id.front(), given_.row(0), stamp_);
  session_.chain().run(stages::Step::sample, stamp_);
  place_in_box(entry, config_, scene_, stamp_);
  stamp_.status = Status::ok;  // of the place; what it was drawn with is the entry's
}

const catalogue::Injection& Painter::truth_of(const SceneEntry& entry) {
  begin(entry);
  return stamp_.injection;
}

canvas::Patch Painter::paint(const SceneEntry& entry, std::int64_t order,
                             const canvas::CanvasGeometry& geometry,
                             std::optional<lens::ImageKind> kind, PaintedRow& row) {
  begin(entry);
  const int n = config_.run.grid.stamp_size_pix;
  const auto& planes = stamp_.arc_planes;
  const auto render = [&](std::size_t level) {
    stamp_.status = entry.status;
    lens_[level]->apply(stamp_, InjectionStreams{});
  };
  render(0);
  std::size_t level = 0;
  row = {.status = static_cast<std::int32_t>(stamp_.status)};
  if (!can_go_on(stamp_.status)) return {};
  const double total = planes.total_flux;
  const auto left_out = [&](std::size_t k) {
    const double beyond = flux_beyond(planes.outside, n, margin_pix_[k]);
    return total > 0.0 ? beyond / total : 0.0;
  };
  row.left_out_fraction = left_out(0);
  while (row.left_out_fraction > config_.field.left_out_fraction &&
         level + 1 < lens_.size()) {
    row.left_out_fraction = left_out(++level);
  }
  if (!(row.left_out_fraction <= config_.field.left_out_fraction)) {
    row.flags |= flag_left_out;
  }
  row.lensed_flux = total;
  if (level > 0) render(level);
  row.status = static_cast<std::int32_t>(stamp_.status);
  row.margin_pix = margin_pix_[level];
  row.render_error = planes.pixel_error;
  auto lattice = session_.setup.lattice;
  lattice.margin_pix = margin_pix_[level];
  return patch_of(planes, kind, lattice, corner_of(entry, config_.run.grid), order,
                  geometry);
}

const stages::Stamp& Painter::as_stamp(const SceneEntry& entry) {
  begin(entry);
  stamp_.status = entry.status;
  session_.chain().run(stages::Step::lens, stages::Step::convolve, stamp_);
  return stamp_;
}

}  // namespace lensmill::pipeline
