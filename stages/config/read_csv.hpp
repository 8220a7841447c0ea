#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/catalogue/column_source.hpp"
#include "lib/config/reader.hpp"

namespace lensmill::config {

/// Columns of the CSV file that `key` names, all rows, one vector per column; for small
/// tables that a prior is made of. A missing file or column, cells that are no numbers
/// and units that cannot be converted are reported for `key`; the vectors are then
/// shorter or empty. Columns come in the unit of the quantity that they are named
/// after, others in `unit`, where the file states one.
std::vector<std::vector<double>> read_csv(const Section& section, std::string_view key,
                                          const std::vector<std::string>& columns,
                                          std::string_view unit = {});

/// The same of a table that is open already.
std::vector<std::vector<double>> read_columns(const Section& section,
                                              std::string_view key,
                                              const catalogue::ColumnSource& source,
                                              const std::vector<std::string>& columns,
                                              std::string_view unit = {});

}  // namespace lensmill::config
