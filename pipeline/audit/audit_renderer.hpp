#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/core/image.hpp"
#include "pipeline/audit/audit_rows.hpp"
#include "pipeline/audit/mapping.hpp"
#include "pipeline/session/session.hpp"
#include "stages/buffers.hpp"

namespace lensmill::pipeline {

/// How a render departs from what the rows say.
struct AuditChange {
  double dx_pix = 0.0, dy_pix = 0.0;
  double width = 1.0;  ///< of the PSF, times the stated one
  bool operator==(const AuditChange&) const = default;
};

/// Renders arcs of the mapped rows by the chain's stages sample, lens and convolve.
class AuditRenderer {
 public:
  /// \throws ConfigError, DataError: as for a run
  AuditRenderer(const AuditMapping& map, const AuditRows& rows,
                const parallel::Communicator& world);

  /// Whether the historical placement can act; else why not.
  bool has_legacy() const { return legacy_.has_value(); }
  const std::string& why_no_legacy() const { return why_no_legacy_; }

  /// Take up a row, by its number among AuditRows. \return whether it can be rendered
  bool take(std::size_t index);
  /// Lens centre on the stamp, pixels.
  double lens_x_pix() const;
  double lens_y_pix() const;
  /// Arcs of the row, [band]. The result is the renderer's, until the next call.
  std::span<const Image<float>> correct(const AuditChange& change);
  std::span<const Image<float>> legacy();

 private:
  struct Line {
    std::shared_ptr<const stages::Chain> chain;
    stages::Setup setup;
    stages::Stamp stamp;
  };
  Line make_line(const AuditMapping& map, const AuditRows& rows, PsfPlacement placement,
                 const parallel::Communicator& world);
  bool sample(Line& line, std::size_t index) const;
  /// Arcs without light: of a row that cannot be rendered.
  std::span<const Image<float>> no_light();
  void convolve_stretched(double width);
  std::span<const Image<float>> collect(const stages::Stamp& stamp);

  PixelGrid grid_;
  std::size_t bands_;
  MemoryRows rows_;
  Line correct_;
  std::optional<Line> legacy_;
  std::string why_no_legacy_;
  catalogue::Injection base_, legacy_base_;
  AuditChange lensed_;  ///< the shift that the lens stage last rendered
  bool is_lensed_ = false;
  std::vector<Image<float>> arcs_;
};

}  // namespace lensmill::pipeline
