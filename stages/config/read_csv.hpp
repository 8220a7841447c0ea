#pragma once

#include <string>
#include <vector>

#include "lib/config/reader.hpp"

namespace lensmill::config {

/// Columns of the CSV file that `key` names, all rows, one vector per column; for small
/// tables that a prior is made of. A missing file or column and cells that are no
/// numbers are reported for `key`; the vectors are then shorter or empty.
std::vector<std::vector<double>> read_csv(const Section& section, std::string_view key,
                                          const std::vector<std::string>& columns);

}  // namespace lensmill::config
