#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/recovery/position_match.hpp"

namespace lensmill::pipeline {

/// What the user says of the columns of detection catalogues.
struct DetectionColumns {
  std::optional<std::string> x, y, ra, dec;
  /// Coordinate of the centre of the image's first pixel: 0 or 1.
  std::optional<int> pixel_origin;
  std::optional<std::string> score;  ///< larger: more probably a lens
  std::optional<std::string> id;
  /// Brightness, by a flux or a magnitude.
  std::optional<std::string> flux, mag;
  std::optional<std::string> flux_unit;  ///< where the file states none
  std::optional<double> mag_zero_point;  ///< magnitude of 1 nmgy: 22.5 of AB
};

/// A catalogue of detections, checked.
struct Detections {
  std::string path, sha256;
  recovery::Frame frame = recovery::Frame::image;
  /// "X_IMAGE, Y_IMAGE (the first pixel's centre is 1)"
  std::string positions_text;
  /// x and y from the first pixel's centre (0, 0), or right ascension and declination
  /// in degrees.
  std::vector<double> first, second;
  std::vector<double> score;      ///< or none
  std::vector<std::string> id;    ///< or none
  std::vector<double> flux_nmgy;  ///< or none; NaN where the file says nothing

  std::size_t rows() const { return first.size(); }
  std::vector<recovery::Position> positions(double pixel_scale_arcsec) const;
};

/// Read a FITS, HDF5 or text table (CSV, ECSV, SExtractor's). Positions are in the
/// columns that are stated, else in the only known pair that the file has: X_IMAGE,
/// Y_IMAGE; XWIN_IMAGE, YWIN_IMAGE (SExtractor, from 1); xcentroid, ycentroid
/// (photutils), bx, by (Tractor), x_pix, y_pix (from 0); x, y (as SEP's, but whose, is
/// to be stated); ALPHA_J2000, DELTA_J2000; ALPHAWIN_J2000, DELTAWIN_J2000; ra_deg,
/// dec_deg; ra, dec. Of a FITS file the first table with such a column is taken.
/// Magnitudes of 90 and more (SExtractor's 99) say nothing. \throws IoError; DataError:
/// no or several such pairs, a missing column, positions or
///   scores that are no finite numbers (with their rows), ids that are there twice, a
///   unit that cannot be converted; UsageError: an origin that is needed and not
///   stated, or is not that of the column
Detections read_detections(const std::string& path, const DetectionColumns& columns);

}  // namespace lensmill::pipeline
