#pragma once

#include <string>
#include <vector>

#include "lib/catalogue/csv_records.hpp"

namespace lensmill::catalogue {

/// Refuse tables of other kinds that users have (FITS, HDF5, archives, XML), by their
/// first bytes. \throws IoError, DataError
void refuse_other_formats(const std::string& path);

/// The column names of the next record.
/// \throws DataError: there is none, it is separated by something else than commas, it
///   contains numbers, an empty or a repeated name
std::vector<std::string> read_csv_header(CsvRecords& records, const std::string& path);

}  // namespace lensmill::catalogue
