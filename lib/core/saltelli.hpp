#pragma once

#include <cstddef>
#include <cstdint>

namespace lensmill {

/// Where a row of a Saltelli design stands (Saltelli et al. 2010, Comput. Phys. Commun.
/// 181, 259). The rows of a base point follow each other: row 0 of matrix A, row 1 of
/// matrix B, rows 2 + i of A with the column of factor i from B. So whole points are
/// made first to last, and more of them may follow.
struct SaltelliPlace {
  std::int64_t point = 0;  ///< base point
  std::size_t block = 0;   ///< 0: A, 1: B, 2 + i: A with factor i from B

  static constexpr std::size_t block_a = 0, block_b = 1, first_mixed = 2;
};

/// Rows of one base point.
constexpr std::int64_t saltelli_rows_per_point(std::size_t factors) {
  return static_cast<std::int64_t>(factors + SaltelliPlace::first_mixed);
}

constexpr SaltelliPlace saltelli_place(std::int64_t row, std::size_t factors) {
  const std::int64_t rows = saltelli_rows_per_point(factors);
  return {.point = row / rows, .block = static_cast<std::size_t>(row % rows)};
}

}  // namespace lensmill
