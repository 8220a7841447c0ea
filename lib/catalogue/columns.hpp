#pragma once

#include <cstddef>
#include <vector>

#include "lib/catalogue/injection.hpp"
#include "lib/catalogue/needs.hpp"
#include "lib/core/column.hpp"

namespace lensmill::catalogue {

/// The /catalogue columns that a run writes, in order: scalars, one per band where the
/// quantity varies by band (`src_flux_nmgy_<band>`). `target_snr`: whether the run
/// solves for the source flux.
enum class SourceFlux { given, target_snr };
std::vector<ColumnInfo> written_columns(const Needs& needs,
                                        SourceFlux flux = SourceFlux::given);

/// An empty block of `rows` rows of those columns.
Table make_table(const std::vector<ColumnInfo>& columns, std::size_t rows);

/// Copy an Injection into row `row` of a table with columns made by written_columns.
/// Allocates nothing.
void write_row(const Injection& injection, const BandNames& bands, std::size_t row,
               Table& table);

/// The Injection in row `row`; members whose column the table lacks are NaN (integers:
/// 0). \throws DataError for a column of another type than written_columns gives.
Injection read_row(const Table& table, const BandNames& bands, std::size_t row);

}  // namespace lensmill::catalogue
