#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// Columns of whole numbers that CFITSIO would read through double precision: ASCII
/// tables' and 64-bit ones with TSCAL and TZERO. Ids have more than 53 bits.

namespace lensmill::io::fits {

/// value = scale * stored + zero
struct WholeScale {
  std::int64_t scale = 1;
  std::int64_t zero = 0;
  bool is_identity() const { return scale == 1 && zero == 0; }
};

/// By the cards TSCALn and TZEROn ("" where there is none).
/// \return nothing where they are not whole numbers of 64 bits with sign
std::optional<WholeScale> whole_scale(const std::string& tscal,
                                      const std::string& tzero);

/// Cells of row `first` (from 0) on, by integer arithmetic.
/// \param place the table and column, for messages
/// \throws DataError for a result that has no 64 bits with sign
void apply_scale(const WholeScale& scale, std::size_t per_row, std::int64_t first,
                 const std::string& place, std::vector<std::int64_t>& values);

/// The cells of an ASCII table's column as integers.
/// \throws DataError for one that is none, or blank
std::vector<std::int64_t> whole_cells(const std::vector<std::string>& cells,
                                      std::int64_t first, const std::string& place);

/// \throws DataError for a blank cell: a missing number, or 0
void refuse_blank_cells(const std::vector<std::string>& cells, std::int64_t first,
                        const std::string& place);

}  // namespace lensmill::io::fits
