#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/analysis/reported_core.hpp"
#include "lib/analysis/stamp_row.hpp"
#include "lib/core/bands.hpp"
#include "lib/core/column.hpp"

/// \file
/// The columns of /catalogue and /measurements that are read back as StampRow: one
/// table, in stamp_columns.cpp.

namespace lensmill::analysis {

/// Who reads: the summary of a run reads some of the columns, each of which must be
/// there; the analysis reads all of them that are there.
enum class StampUse { summary, analysis };

/// Names of the columns of a group ("catalogue", "measurements").
std::vector<std::string> stamp_columns(std::string_view group, StampUse use);

/// One element of a row's array as a double, whatever the column's type; NaN where the
/// column is null.
double element(const Column* column, std::size_t row, std::size_t index = 0);

struct StampColumn;  // a line of the table

/// Reads rows of one block of a run.
class StampReader {
 public:
  /// \throws DataError naming a column that the summary reads and that is missing, or
  ///   one of another type, shape or length
  StampReader(const Table& catalogue, const Table& measurements, const BandNames& bands,
              std::size_t radii, const ReportedCore& reported);

  std::size_t rows() const { return rows_; }
  /// All members that one column gives; the others keep their defaults.
  StampRow read(std::size_t row) const;

 private:
  struct Source {
    const Column* column;
    std::size_t index;  ///< of the element in a row's array
    const StampColumn* wanted;
  };
  std::size_t rows_ = 0;
  std::vector<Source> sources_;
};

}  // namespace lensmill::analysis
