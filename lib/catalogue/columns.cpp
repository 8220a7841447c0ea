#include "lib/catalogue/columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

ElementType type_of(const Member& member) {
  if (std::holds_alternative<Split Injection::*>(member)) return ElementType::uint8;
  const bool real = std::holds_alternative<double Injection::*>(member) ||
                    std::holds_alternative<PerKnot<double> Injection::*>(member) ||
                    std::holds_alternative<PerBand<double> Injection::*>(member);
  return real ? ElementType::float64 : ElementType::int64;
}

/// The type that a member's value is stored as.
template <class T>
using Stored = std::conditional_t<std::is_same_v<std::remove_cv_t<T>, Split>,
                                  std::uint8_t, std::remove_cv_t<T>>;

/// Whether a column's name is the quantity's, of that band or knot.
bool is_named(std::string_view name, const Quantity& quantity, std::string_view band) {
  if (!name.starts_with(quantity.name)) return false;
  const auto rest = name.substr(quantity.name.size());
  if (quantity.suffix == Suffix::none) return rest.empty();
  return rest.size() == band.size() + 1 && rest[0] == '_' && rest.substr(1) == band;
}

}  // namespace

bool uses(const Needs& needs, SourceFlux flux, const Quantity& column, int band) {
  if (!column.is_column()) return false;
  const PsfNeed psf =
      needs.psf[static_cast<std::size_t>(column.suffix == Suffix::band ? band : 0)];
  switch (column.used_with) {
    case UsedWith::any_run: return true;
    case UsedWith::mass_from_light: return needs.lens_mass != LensMass::theta_e;
    case UsedWith::faber_jackson: return needs.lens_mass == LensMass::faber_jackson;
    case UsedWith::moffat_beta:
      return std::find(needs.psf.begin(), needs.psf.begin() + needs.band_count(),
                       PsfNeed::fwhm_and_beta) !=
             needs.psf.begin() + needs.band_count();
    case UsedWith::psf_width:
      return psf == PsfNeed::fwhm || psf == PsfNeed::fwhm_and_beta;
    case UsedWith::psf_index:
      return psf == PsfNeed::index ||
             (column.suffix == Suffix::band &&
              needs.psf_of_host[static_cast<std::size_t>(band)]);
    case UsedWith::psf_position:
      return psf == PsfNeed::ccd_position || psf == PsfNeed::host_position;
    case UsedWith::any_host: return needs.host != HostSource::none;
    case UsedWith::sersic_host: return needs.host == HostSource::sersic;
    case UsedWith::cutouts: return needs.host == HostSource::cutouts;
    case UsedWith::survey_hosts: return needs.survey_hosts;
    case UsedWith::sky_noise: return needs.sky_noise;
    case UsedWith::target_snr: return flux == SourceFlux::target_snr;
    case UsedWith::galaxies: return needs.source_image_count > 0;
    case UsedWith::sersic_source:
      return needs.source_image_count == 0 && needs.source_parts != SourceParts::point;
    case UsedWith::extended_source: return needs.source_parts != SourceParts::point;
    case UsedWith::point_in_galaxy:
      return needs.source_parts == SourceParts::point_and_galaxy;
    case UsedWith::knots:
      return (column.suffix == Suffix::knot ? band : 0) < needs.knot_count;
  }
  return false;
}

bool is_set_by_source(const Quantity& column) {
  return column.name == "src_image_id" || column.name == "src_image_turn_rad";
}

bool is_set_by_host(const Needs& needs, const Quantity& column, int band) {
  if (column.used_with == UsedWith::survey_hosts) return true;
  return column.used_with == UsedWith::psf_position &&
         needs.psf[static_cast<std::size_t>(band)] == PsfNeed::host_position;
}

std::string full_name(const Quantity& quantity, const std::string& band) {
  if (quantity.suffix == Suffix::none) return std::string(quantity.name);
  return fmt::format("{}_{}", quantity.name, band);
}

Injection blank_injection() {
  Injection injection;
  for (const auto& quantity : all_quantities()) {
    const int copies = quantity.suffix == Suffix::knot ? max_knots : max_bands;
    for (int band = 0; band < copies; ++band) {
      visit_member(quantity.member, injection, band, [](auto& value) {
        if constexpr (std::is_same_v<decltype(value), double&>) value = std::nan("");
      });
    }
  }
  injection.src_target_snr = 0.0;
  return injection;
}

std::vector<ColumnInfo> written_columns(const Needs& needs, SourceFlux flux) {
  std::vector<ColumnInfo> infos;
  infos.push_back({.name = "injection_id",
                   .unit = "",
                   .description = "identity of the injection: with the run's seed it "
                                  "fixes every number drawn for the row",
                   .type = ElementType::int64,
                   .row_shape = {}});
  for (const auto& quantity : all_quantities()) {
    const auto& labels = labels_of(quantity, needs.bands);
    for (std::size_t k = 0; k < labels.size(); ++k) {
      if (!uses(needs, flux, quantity, static_cast<int>(k))) continue;
      infos.push_back({.name = full_name(quantity, labels[k]),
                       .unit = std::string(quantity.unit),
                       .description = std::string(quantity.description),
                       .type = type_of(quantity.member),
                       .row_shape = {}});
    }
  }
  return infos;
}

Table make_table(const std::vector<ColumnInfo>& columns, std::size_t rows) {
  Table table;
  for (const auto& info : columns) table.emplace_back(info, rows);
  return table;
}

void write_row(const Injection& injection, const BandNames& bands, std::size_t row,
               Table& table) {
  EXPECT(!table.empty() && table[0].info().name == "injection_id");
  table[0].values<std::int64_t>()[row] = injection.injection_id;
  // The columns are a subsequence of the quantities: one walk through both.
  std::size_t next = 1;
  for (const auto& quantity : all_quantities()) {
    const auto& labels = labels_of(quantity, bands);
    for (std::size_t k = 0; k < labels.size(); ++k) {
      if (next == table.size()) return;
      Column& column = table[next];
      if (!is_named(column.info().name, quantity, labels[k])) continue;
      visit_member(quantity.member, injection, static_cast<int>(k),
                   [&](const auto& value) {
                     using T = Stored<std::remove_reference_t<decltype(value)>>;
                     column.values<T>()[row] = static_cast<T>(value);
                   });
      ++next;
    }
  }
  ENSURE(next == table.size() || table[next].info().name == host_id);
}

Injection read_row(const Table& table, const BandNames& bands, std::size_t row) {
  Injection injection = blank_injection();
  if (const auto* ids = find_column(table, "injection_id")) {
    if (ids->info().type != ElementType::int64) {
      throw DataError("catalogue column injection_id: must be of type int64");
    }
    injection.injection_id = ids->values<std::int64_t>()[row];
  }
  for (const auto& quantity : all_quantities()) {
    const auto& labels = labels_of(quantity, bands);
    for (std::size_t k = 0; k < labels.size(); ++k) {
      const auto name = full_name(quantity, labels[k]);
      const auto* column = find_column(table, name);
      if (!quantity.is_column() || column == nullptr) continue;
      if (column->info().type != type_of(quantity.member) ||
          column->info().row_elements() != 1) {
        throw DataError(fmt::format(
            "catalogue column {}: has another type or shape than lensmill writes",
            name));
      }
      visit_member(quantity.member, injection, static_cast<int>(k), [&](auto& value) {
        using V = std::remove_reference_t<decltype(value)>;
        value = static_cast<V>(column->values<Stored<V>>()[row]);
      });
    }
  }
  return injection;
}

}  // namespace lensmill::catalogue
