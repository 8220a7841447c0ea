#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "lib/catalogue/column_source.hpp"

namespace lensmill::catalogue {

/// Limits of a cut, and what it is held against: doubles, and integers of 64 bits (ids)
/// without rounding.
using CutNumber = long double;
static_assert(std::numeric_limits<CutNumber>::digits >= 64);

struct CutRange {
  CutNumber lower = 0.0L;
  CutNumber upper = 0.0L;
  bool contains(CutNumber value) const { return value >= lower && value <= upper; }
};

/// Rows of a table that are taken: those whose column (or element, `FLUX[2]`) is a
/// number in a range, is true or false, or is one of some texts. What is undefined
/// (NaN, a null) is not taken.
struct TableCut {
  std::string column;
  std::variant<CutRange, bool, std::vector<std::string>> wanted;
  std::string where{};  ///< "host.survey.positions.cuts.TYPE at run.yaml:9", or ""

  /// "FLUX[2] in [0, 1]", "TYPE in [DEV, SER]", "brick_primary is true"
  std::string text() const;
};

/// A limit as it is written: an integer of 64 bits, else the shortest text of a double.
std::string number_text(CutNumber value);

/// Which of the table's rows pass one cut. \throws ConfigError: no such column (with
/// the nearest one), another kind of column than the cut's; DataError: cells that are
/// none
std::vector<bool> passes(const ColumnSource& source, const TableCut& cut);

/// Rows, from 0, that pass all cuts, ascending.
/// \param warnings get texts that no row has, beside those that there are
/// \throws as passes; DataError where no row is left, with how many each cut lets pass
std::vector<std::int64_t> select_rows(const ColumnSource& source,
                                      const std::vector<TableCut>& cuts,
                                      const std::string& key,
                                      std::vector<std::string>& warnings);

/// "FLUX[2] in [0, 1]: 12, TYPE in [DEV]: 0": how many rows each cut lets pass.
std::string counts_text(const std::vector<TableCut>& cuts,
                        const std::vector<std::int64_t>& passed);

}  // namespace lensmill::catalogue
