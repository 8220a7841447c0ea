#pragma once

#include <string>

#include "lib/catalogue/column_source.hpp"

namespace lensmill::catalogue {

/// The file's own spelling, whatever the case, of a column with one number in each row.
/// \throws DataError: no such column (with the nearest), other contents
std::string number_column(const ColumnSource& source, const std::string& name);

}  // namespace lensmill::catalogue
