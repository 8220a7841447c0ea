#pragma once

#include <string>
#include <vector>

namespace lensmill::pipeline {

/// All cells of a column of text or whole numbers, as text, of a CSV, HDF5 (datasets as
/// catalogue files have them) or FITS table; its name as written, else in any case.
/// \throws IoError; DataError: no table, no such column (listing those there are),
/// other
///   contents, an empty cell
/// \independent
std::vector<std::string> read_text_column(const std::string& path,
                                          const std::string& column);

/// The same for a dataset of an HDF5 file, [n].
std::vector<std::string> read_text_dataset(const std::string& path,
                                           const std::string& dataset);

}  // namespace lensmill::pipeline
