#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalogue/injection.hpp"
#include "lib/catalogue/needs.hpp"
#include "lib/catalogue/quantities.hpp"
#include "lib/core/column.hpp"

namespace lensmill::catalogue {

/// Whether the rows bring the source's flux or the arc's SNR, from which it is solved.
enum class SourceFlux { given, target_snr };

/// Whether a run uses this column (of that band or knot, where there are several).
bool uses(const Needs& needs, SourceFlux flux, const Quantity& column, int band);

/// Whether the column is set from where the row's host is on a survey image: neither
/// given nor drawn, and written by the chain.
bool is_set_by_host(const Needs& needs, const Quantity& column, int band);

/// Whether the column says which galaxy a source is and how it is rotated and mirrored:
/// likewise.
bool is_set_by_source(const Quantity& column);

/// "src_flux_nmgy_r": a column's or alias's full name for a band (or knot).
std::string full_name(const Quantity& quantity, const std::string& band);

/// An Injection of which nothing is known: NaN, integers 0, src_target_snr 0.
Injection blank_injection();

/// Calls visit(value) with the member of `injection` that contains the column (of that
/// band or knot): a double, int64 or Split. InjectionType: Injection or const
/// Injection.
template <class InjectionType, class Visit>
void visit_member(const Member& member, InjectionType& injection, int band,
                  Visit&& visit) {
  const auto b = static_cast<std::size_t>(band);
  if (const auto* real = std::get_if<double Injection::*>(&member)) {
    visit(injection.**real);
  } else if (const auto* whole = std::get_if<std::int64_t Injection::*>(&member)) {
    visit(injection.**whole);
  } else if (const auto* reals = std::get_if<PerBand<double> Injection::*>(&member)) {
    visit((injection.**reals)[b]);
  } else if (const auto* per_knot =
                 std::get_if<PerKnot<double> Injection::*>(&member)) {
    visit((injection.**per_knot)[b]);
  } else if (const auto* wholes =
                 std::get_if<PerBand<std::int64_t> Injection::*>(&member)) {
    visit((injection.**wholes)[b]);
  } else if (const auto* split = std::get_if<Split Injection::*>(&member)) {
    visit(injection.**split);
  }
}

/// The /catalogue columns that a run writes, in order: injection_id, then all it uses,
/// one per band or knot where there are several (`src_flux_nmgy_<band>`).
std::vector<ColumnInfo> written_columns(const Needs& needs,
                                        SourceFlux flux = SourceFlux::given);

/// An empty block of `rows` rows of those columns.
Table make_table(const std::vector<ColumnInfo>& columns, std::size_t rows);

/// Column behind them where hosts have ids: what the pipeline knows of the row's host.
inline constexpr std::string_view host_id = "host_id";

/// Copy an Injection into row `row` of a table with columns made by written_columns, in
/// their order (and perhaps host_id, which is left alone). Allocates nothing.
void write_row(const Injection& injection, const BandNames& bands, std::size_t row,
               Table& table);

/// The Injection in row `row` of a table with such columns in any order, among others
/// perhaps; members whose column it lacks are as in blank_injection.
/// \throws DataError for a column of another type than written_columns gives.
Injection read_row(const Table& table, const BandNames& bands, std::size_t row);

}  // namespace lensmill::catalogue
