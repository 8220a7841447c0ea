#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/io/fits/stream_writer.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/program/log.hpp"
#include "stages/config/run_config.hpp"

/// \file
/// The section `field` of a configuration: what `lensmill field` makes of the rest of
/// it, which says what injections are like. Members are named like the keys.

namespace lensmill::pipeline {

/// The first bits of each field's mask image; a base image's masks have the next ones.
inline constexpr std::array<std::string_view, 3> own_mask_bits{
    "INJECTED", "INJECTED_CORE", "NO_DATA"};

/// Places on a square grid that fills the image, each shifted by up to `jitter_pix`
/// along both axes.
struct GridPlaces {
  double spacing_pix = 0.0;
  double jitter_pix = 0.0;
};

struct FieldPositions {
  // Exactly one of:
  std::optional<GridPlaces> grid;
  std::optional<config::SurveyPositions> file;  ///< a place for each row, in order
  bool random = false;                          ///< uniform over the image, all rows
  /// Likewise, as many of the catalogue's first rows as this makes of the image's area.
  std::optional<double> density_per_arcmin2;
  /// Injections nearer to each other than this are painted in different passes.
  double exclusion_pix = 0.0;
  /// Existing objects: no injection of `grid` or `random` is painted within
  /// `avoid_radius_pix` of one.
  std::optional<config::SurveyPositions> avoid;
  double avoid_radius_pix = 0.0;
};

/// One band of an image that injections are added to.
struct BaseBand {
  std::string image;      ///< absolute path; plain or tile-compressed
  std::string invvar;     ///< likewise
  std::string exposures;  ///< multiplies noise.gain_e_per_nmgy per pixel; "": none
  std::vector<config::PixelMask> masks;  ///< pixels without data; a bit each
};

struct FieldSection {
  std::array<int, 2> size_pix{0, 0};  ///< [x, y]; with `base` the image's
  std::vector<BaseBand> base;         ///< one per band; empty: blank sky
  bool accept_header_mismatch = false;
  /// Sky position of a blank image's middle (TAN, north up); none: no WCS.
  std::optional<std::array<double, 2>> centre_deg;
  /// Of each band: an image of the field's shape whose pixels say which kernel of the
  /// band's list light there has; "": one kernel, or a PSFEx model.
  std::vector<std::string> psf_map;
  FieldPositions positions;
  int pass = 0;  ///< which of the passes that `exclusion_pix` makes is painted
  /// A row is flagged when more of its lensed light than this lies off what is painted
  /// of it.
  double left_out_fraction = 1.0e-3;
  double memory_per_rank_gib = 8.0;
  bool compare_with_stamps = false;
  bool by_kind = false;  ///< measure light of saddle and maximum images, too
  io::fits::Compression compression = io::fits::Compression::none;

  bool has_base() const { return !base.empty(); }
};

struct FieldConfig {
  config::RunConfig run;
  FieldSection field;
};

/// Read a configuration with a section `field` on the root and hand it to every rank.
/// \collective; errors are agreed on
/// \throws ConfigError, UsageError; ConfigError for what a field cannot be made with
FieldConfig read_field_config(const std::string& path,
                              const std::vector<std::string>& overrides,
                              const parallel::Communicator& world, Log& log);

}  // namespace lensmill::pipeline
