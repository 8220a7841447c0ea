#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lib/canvas/geometry.hpp"
#include "lib/canvas/patches.hpp"
#include "pipeline/field/scene.hpp"

namespace lensmill::pipeline {

/// What rendering found of one injection, the same in all bands.
struct PaintedRow {
  std::int32_t status = 0;
  std::int32_t flags = 0;  ///< FieldFlag: what is added to the scene's
  std::int32_t margin_pix = 0;
  double left_out_fraction = 0.0;  ///< of the lensed light, off what is painted
  double lensed_flux = 0.0;        ///< for unit source flux, as `magnification`
  double render_error = 0.0;
};

/// Renders injections by the lens stage of stamps, with as wide a margin as their light
/// asks for: 0, an eighth, a quarter, a half or the whole of the stamp on each side.
/// One per rank.
class Painter {
 public:
  Painter(const FieldConfig& config, const Session& session, const Scene& scene);

  /// The entry's light on the canvas's lattice for unit source flux, of one image kind
  /// or of all; no values for an entry that cannot be rendered. \pre entry.is_painted()
  canvas::Patch paint(const SceneEntry& entry, std::int64_t order,
                      const canvas::CanvasGeometry& geometry,
                      std::optional<lens::ImageKind> kind, PaintedRow& row);

  /// The same entry as a stamp on its own, convolved: arcs of all bands.
  const stages::Stamp& as_stamp(const SceneEntry& entry);
  /// The entry's truth, placed on the field.
  const catalogue::Injection& truth_of(const SceneEntry& entry);

 private:
  void begin(const SceneEntry& entry);

  const FieldConfig& config_;
  const Session& session_;
  const Scene& scene_;
  std::vector<std::unique_ptr<const stages::Stage>> lens_;  ///< by rising margin
  std::vector<int> margin_pix_;
  catalogue::RowBlock given_;
  stages::Stamp stamp_;
};

/// The part of light that lies farther than `margin_pix` outside of a stamp of `n`
/// pixels.
double flux_beyond(std::span<const imaging::OutsideCell> cells, int n, int margin_pix);

}  // namespace lensmill::pipeline
