#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/catalogue/column_source.hpp"

namespace lensmill::pipeline {

/// FIELD/truth.fits, the table INJECTIONS: what was painted into a field, of one folder
/// or of several with a pass each. Positions are from the centre of the image's first
/// pixel, (0, 0).
struct TruthTable {
  struct File {
    std::string path, sha256;
    std::shared_ptr<const catalogue::ColumnSource> source;  ///< all its columns
    std::size_t first_row = 0;                              ///< of the whole
  };
  std::vector<File> files;
  double pixel_scale_arcsec = 0.0;  ///< card PIXSCALE
  std::int64_t nx = 0, ny = 0;      ///< cards NX, NY
  std::vector<std::string> bands;   ///< card BANDS, `g,r,z`
  std::vector<std::int64_t> injection_id, pass, status;
  std::vector<double> x_pix, y_pix;
  std::vector<double> ra_deg, dec_deg;  ///< NaN without a world coordinate system
  /// Injections of passes that no file has, by card NDEFER; nothing: not stated.
  std::optional<std::int64_t> deferred;

  std::size_t rows() const { return injection_id.size(); }
  /// Any column of numbers, or an element of one (`core_flux_fraction_r[1]`).
  /// \throws DataError: no such column (with the nearest), no numbers
  std::vector<double> column(const std::string& name) const;
  /// The columns that a name means: itself, or its elements; {} if there is none.
  std::vector<std::string> elements_of(const std::string& name) const;
  /// The unit that the file states for a column.
  std::string unit_of(const std::string& name) const;
  /// "FILE, row 17", for messages.
  std::string where(std::size_t row) const;
};

/// \param folders at least one
/// \throws IoError; DataError: no such table, column or card; an injection_id twice, a
///   status of 0 at a position that is not finite, folders that are no passes of one
///   field
TruthTable read_truth(const std::vector<std::string>& folders);

}  // namespace lensmill::pipeline
