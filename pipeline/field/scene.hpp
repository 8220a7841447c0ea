#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/bands.hpp"
#include "lib/core/status.hpp"
#include "lib/io/fits/sky_wcs.hpp"
#include "pipeline/field/field_config.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {

/// Bits of the column `field_flags`: what to know of an injection before it is counted.
enum FieldFlag : std::int32_t {
  flag_off_image = 1,    ///< its centre is not on the image: not painted
  flag_edge = 2,         ///< the box that it is measured in is cut by the image's edge
  flag_left_out = 4,     ///< more light than left_out_fraction lies off what is painted
  flag_neighbour = 8,    ///< light of another arc may be in its apertures
  flag_same_place = 16,  ///< another injection's centre is less than a pixel away
  flag_psf_range = 32,   ///< outside the PSFEx model's range: not painted
  flag_no_data = 64,  ///< the base image has no usable pixel at its centre: not painted
  flag_avoided = 128,  ///< too near to an existing object: not painted
};

/// One injection of a field.
struct SceneEntry {
  std::int64_t row = 0;  ///< of the catalogue
  std::int64_t injection_id = 0;
  double x_pix = 0.0;  ///< of the lens, from 0
  double y_pix = 0.0;
  std::int32_t pass = 0;
  std::int32_t flags = 0;
  Status status = Status::ok;
  PerBand<double> src_flux_nmgy{};

  /// Whether its light is put on the canvas.
  bool is_painted() const { return can_go_on(status); }
};

/// Where a field's injections are, and what its sky is like.
struct Scene {
  int nx_pix = 0, ny_pix = 0;
  std::vector<SceneEntry> entries;  ///< of this pass, by catalogue row
  std::int64_t of_other_passes = 0;
  std::int32_t passes = 1;
  PerBand<double> sky_sigma_nmgy{};
  catalogue::Injection psf_row;  ///< a row that has the field's PSF
  /// Header of the images (cards of 80 characters), with their WCS where there is one.
  std::vector<std::string> header;
  bool has_wcs = false;
  /// Which kernel light has, [band][y, x]; empty without a map.
  std::vector<Image<std::int16_t>> psf_map;
};

/// The stamp's pixel 0 on the image, for an injection's box.
struct StampCorner {
  int x0 = 0;
  int y0 = 0;
};
StampCorner corner_of(const SceneEntry& entry, const PixelGrid& grid);

/// The truth of an entry as the field has it: its lens on the box's pixels, its PSF's
/// position on the CCD. `stamp` has its row after Step::sample.
void place_in_box(const SceneEntry& entry, const FieldConfig& config,
                  const Scene& scene, stages::Stamp& stamp);

/// CCD position, from 1, of the image's first pixel, for a PSFEx model.
std::array<double, 2> first_pixel_on_ccd(const config::PsfSection& psf,
                                         const Scene& scene);

/// Draw the catalogue, give every row its place, and say which rows cannot be painted.
/// The same on every rank. \collective; errors are agreed on
/// \throws ConfigError: more rows than places, rows whose PSF or sky differ, sky
///   positions without a WCS; DataError, IoError of the files
Scene make_scene(const FieldConfig& config, const Session& session,
                 const parallel::Communicator& world, Log& log);

}  // namespace lensmill::pipeline
