#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/io/fits/table_hdu.hpp"

namespace lensmill::io::fits {

/// A PSFEx model as its file states it (checked for completeness, not for sense).
struct PsfexFile {
  std::vector<Image<double>> basis;          ///< PSF_MASK [k][y, x]
  std::vector<std::string> polynomial_name;  ///< POLNAMEi
  std::vector<double> polynomial_zero;       ///< POLZEROi
  std::vector<double> polynomial_scale;      ///< POLSCALi
  int polynomial_degree = 0;                 ///< POLDEG1; 0 when there is no polynomial
  double sampling_pix = 1.0;                 ///< PSF_SAMP
  double fwhm_pix = 0.0;                     ///< PSF_FWHM; 0 if not given
  std::string name;                          ///< file, HDU and row, for messages
};

/// Read one model: PSFEx's own form (keywords in the header, one row) or the Legacy
/// Surveys' merged tables (the same names as columns, a row per CCD).
/// \throws IoError, DataError (no PSF_MASK column, no such row, missing keywords, more
///   than one polynomial group), naming all that is missing
PsfexFile read_psfex(const std::string& path, std::int64_t row = 0);
/// The same from a table already found, e.g. one HDU of several.
PsfexFile read_psfex(const TableHdu& table, std::int64_t row);

}  // namespace lensmill::io::fits
