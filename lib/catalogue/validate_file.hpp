#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/catalogue/column_source.hpp"
#include "lib/catalogue/needs.hpp"

namespace lensmill::catalogue {

/// Check a catalogue file in one streaming pass: unknown columns (with the nearest
/// known name), cells that are no numbers, non-finite and out-of-range values (`q`
/// outside (0, 1], negative sizes, ...), non-integer indices, indices past the end of
/// the run's hosts or kernels, duplicate injection_ids, no rows, no columns. Memory:
/// one block, and 8 bytes per row when injection_ids do not ascend. \throws DataError
/// that lists the first 20 problems by row and column and the total. \independent one
/// rank calls it
void validate_file(const ColumnSource& source, const Needs& needs);

}  // namespace lensmill::catalogue
