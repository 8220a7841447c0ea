#pragma once

#include <string>
#include <vector>

#include "lib/catalogue/csv_records.hpp"

namespace lensmill::catalogue {

/// Refuse tables of other kinds that users have (FITS, HDF5, archives, XML), by their
/// first bytes. \throws IoError, DataError
void refuse_other_formats(const std::string& path);

struct CsvHeader {
  std::vector<std::string> names;
  char separator = ',';  ///< as split_cells takes it
};

/// The column names of the next record, and what separates them: commas, else tabs,
/// semicolons, bars, blanks.
/// \throws DataError: there is none, it has both commas and semicolons or bars, it
///   contains numbers, an empty or a repeated name
CsvHeader read_csv_header(CsvRecords& records, const std::string& path);

}  // namespace lensmill::catalogue
