#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/io/fits/file.hpp"
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
  std::string name;  ///< file, HDU and row (from 0), for messages
};

/// A model in a file of several: one row of one table.
struct PsfexPlace {
  int hdu = 0;
  std::int64_t row = 0;  ///< from 0
  std::string ccdname;   ///< column or keyword CCDNAME; "" where there is none
  std::string exposure;  ///< likewise EXPNUM, as text
};

/// Every model of a file (a PSF_DATA table per CCD, or one table with a row per CCD),
/// in order. \throws IoError, DataError (no table has a column PSF_MASK)
std::vector<PsfexPlace> psfex_places(const File& file);

/// Read one model: PSFEx's own form (keywords in the header, one row) or the Legacy
/// Surveys' merged tables (the same names as columns, a row per CCD). From the first
/// table that has a PSF_MASK; see psfex_places for files of several models.
/// \throws IoError, DataError (no PSF_MASK column, no such row, missing keywords, more
///   than one polynomial group), naming all that is missing
PsfexFile read_psfex(const std::string& path, std::int64_t row = 0);
/// The same from a table already found, e.g. one HDU of several.
PsfexFile read_psfex(const TableHdu& table, std::int64_t row);

}  // namespace lensmill::io::fits
