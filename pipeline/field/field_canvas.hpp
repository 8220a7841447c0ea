#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "lib/canvas/image_slab.hpp"
#include "lib/canvas/psf_basis.hpp"
#include "pipeline/field/field_timings.hpp"
#include "pipeline/field/painter.hpp"

namespace lensmill::pipeline {

/// The PSF of a band over the field. \throws DataError; ConfigError where the lattice
/// is
///   too coarse for the model somewhere on the field
canvas::PsfBasis psf_basis_of(int band, const FieldConfig& config,
                              const Session& session, const Scene& scene);

/// What one rank of a field needs, in bytes.
struct FieldMemory {
  double canvas = 0.0;  ///< transform, its exchange buffer, the sum over terms
  double images = 0.0;  ///< rows of the images of a band
  double other = 0.0;   ///< program, scene, patches in hand
  double total() const { return canvas + images + other; }
};
FieldMemory memory_of(const canvas::CanvasGeometry& geometry, std::size_t most_terms,
                      std::int64_t entries, const FieldConfig& config, int ranks);

/// The canvas of a field, used for band after band.
class FieldCanvas {
 public:
  /// \collective
  FieldCanvas(const FieldConfig& config, const Session& session, const Scene& scene,
              const canvas::CanvasGeometry& geometry, double patch_bytes,
              const parallel::Communicator& ranks, Log& log);

  /// Rank that renders and measures an entry.
  int owner(std::int64_t order) const {
    return static_cast<int>(order % ranks_.size());
  }
  const std::vector<canvas::Range>& image_rows() const { return image_rows_; }

  /// The noise-free arcs of a band after the PSF, nmgy per pixel: all light, or that of
  /// one image kind (which is rendered again). \collective
  canvas::ImageSlab arcs(int band, const canvas::PsfBasis& basis, FieldTimings& timings,
                         std::optional<lens::ImageKind> kind = {});
  /// What rendering found of this rank's entries, by their order; complete once a band
  /// is made.
  const std::map<std::int64_t, PaintedRow>& painted() const { return painted_; }
  Painter& painter() { return painter_; }

 private:
  void add_light(int band, const canvas::PsfBasis& basis, std::size_t term,
                 std::optional<lens::ImageKind> kind, FieldTimings& timings);
  const canvas::Patch& patch_of(std::int64_t order,
                                std::optional<lens::ImageKind> kind);
  void say_progress(int band, std::size_t term, std::size_t terms, std::int64_t done);

  const FieldConfig& config_;
  const Scene& scene_;
  const canvas::CanvasGeometry geometry_;
  const parallel::Communicator& ranks_;
  Log& log_;
  double patch_bytes_left_;
  Painter painter_;
  canvas::SlabTransform transform_;
  std::vector<canvas::Range> image_rows_;
  std::map<std::int64_t, canvas::Patch> kept_;
  canvas::Patch in_hand_;
  std::map<std::int64_t, PaintedRow> painted_;
  std::chrono::steady_clock::time_point said_ = std::chrono::steady_clock::now();
};

}  // namespace lensmill::pipeline
