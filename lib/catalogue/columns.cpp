#include "lib/catalogue/columns.hpp"

#include <fmt/format.h>

#include <cmath>
#include <type_traits>

#include "lib/core/errors.hpp"

namespace lensmill::catalogue {
namespace {

template <class T>
bool is(const Member& member, T Injection::*wanted) {
  const auto* held = std::get_if<T Injection::*>(&member);
  return held != nullptr && *held == wanted;
}

bool uses_psf(PsfNeed need, const Member& member) {
  if (is(member, &Injection::psf_fwhm_pix)) {
    return need == PsfNeed::fwhm || need == PsfNeed::fwhm_and_beta;
  }
  if (is(member, &Injection::psf_index)) return need == PsfNeed::index;
  return need == PsfNeed::ccd_position;
}

bool uses_host(HostSource host, const Member& member) {
  if (host == HostSource::none) return false;
  if (is(member, &Injection::host_flux_nmgy)) return true;
  const bool of_cutouts = is(member, &Injection::host_index) ||
                          is(member, &Injection::host_rotation) ||
                          is(member, &Injection::host_flip);
  return of_cutouts == (host == HostSource::cutouts);
}

bool uses_moffat_beta(const Needs& needs) {
  for (int band = 0; band < needs.band_count(); ++band) {
    if (needs.psf[static_cast<std::size_t>(band)] == PsfNeed::fwhm_and_beta)
      return true;
  }
  return false;
}

ElementType type_of(const Member& member) {
  if (std::holds_alternative<Split Injection::*>(member)) return ElementType::uint8;
  const bool real = std::holds_alternative<double Injection::*>(member) ||
                    std::holds_alternative<PerBand<double> Injection::*>(member);
  return real ? ElementType::float64 : ElementType::int64;
}

/// The type that a member's value is stored as.
template <class T>
using Stored = std::conditional_t<std::is_same_v<std::remove_cv_t<T>, Split>,
                                  std::uint8_t, std::remove_cv_t<T>>;

const Column& column_of(const Table& table, const ColumnInfo& info) {
  const Column* column = find_column(table, info.name);
  if (column == nullptr) {
    throw DataError(fmt::format("catalogue column {}: is missing", info.name));
  }
  if (column->info().type != info.type || column->info().row_elements() != 1) {
    throw DataError(
        fmt::format("catalogue column {}: has another type or shape than lensmill "
                    "writes",
                    info.name));
  }
  return *column;
}

}  // namespace

bool uses(const Needs& needs, SourceFlux flux, const Quantity& column, int band) {
  if (!column.is_column()) return false;
  const auto& member = column.member;
  if (column.name.starts_with("psf_moffat")) return uses_moffat_beta(needs);
  if (column.name.starts_with("psf_")) {
    return uses_psf(needs.psf[static_cast<std::size_t>(band)], member);
  }
  if (column.name.starts_with("host_")) return uses_host(needs.host, member);
  if (is(member, &Injection::sky_sigma_nmgy)) return needs.sky_noise;
  if (is(member, &Injection::src_target_snr)) return flux == SourceFlux::target_snr;
  const bool images = needs.source_image_count > 0;
  if (is(member, &Injection::src_image_index)) return images;
  if (is(member, &Injection::src_sersic_n) || is(member, &Injection::src_q) ||
      is(member, &Injection::src_reff_arcsec)) {
    return !images;
  }
  return true;
}

std::string full_name(const Quantity& quantity, const std::string& band) {
  if (quantity.suffix == Suffix::none) return std::string(quantity.name);
  return fmt::format("{}_{}", quantity.name, band);
}

Injection blank_injection() {
  Injection injection;
  for (const auto& quantity : all_quantities()) {
    for (int band = 0; band < max_bands; ++band) {
      visit_member(quantity.member, injection, band, [](auto& value) {
        if constexpr (std::is_same_v<decltype(value), double&>) value = std::nan("");
      });
    }
  }
  injection.src_target_snr = 0.0;
  return injection;
}

CatalogueColumns::CatalogueColumns(const Needs& needs, SourceFlux flux) {
  infos_.push_back({.name = "injection_id",
                    .unit = "",
                    .description = "identity of the injection: with the run's seed it "
                                   "fixes every number drawn for the row",
                    .type = ElementType::int64,
                    .row_shape = {}});
  entries_.push_back({nullptr, 0});
  for (const auto& quantity : all_quantities()) {
    const int copies = quantity.suffix == Suffix::none ? 1 : needs.band_count();
    for (int band = 0; band < copies; ++band) {
      if (!uses(needs, flux, quantity, band)) continue;
      const auto name =
          full_name(quantity, needs.bands[static_cast<std::size_t>(band)]);
      infos_.push_back({.name = name,
                        .unit = std::string(quantity.unit),
                        .description = std::string(quantity.description),
                        .type = type_of(quantity.member),
                        .row_shape = {}});
      entries_.push_back({&quantity, band});
    }
  }
}

Table CatalogueColumns::make_table(std::size_t rows) const {
  Table table;
  for (const auto& info : infos_) table.emplace_back(info, rows);
  return table;
}

void CatalogueColumns::write(const Injection& injection, std::size_t row,
                             Table& table) const {
  EXPECT(table.size() == entries_.size());
  table[0].values<std::int64_t>()[row] = injection.injection_id;
  for (std::size_t i = 1; i < entries_.size(); ++i) {
    visit_member(entries_[i].quantity->member, injection, entries_[i].band,
                 [&](const auto& value) {
                   using T = Stored<std::remove_reference_t<decltype(value)>>;
                   table[i].template values<T>()[row] = static_cast<T>(value);
                 });
  }
}

Injection CatalogueColumns::read(const Table& table, std::size_t row) const {
  Injection injection = blank_injection();
  injection.injection_id = column_of(table, infos_[0]).values<std::int64_t>()[row];
  for (std::size_t i = 1; i < entries_.size(); ++i) {
    const Column& column = column_of(table, infos_[i]);
    visit_member(entries_[i].quantity->member, injection, entries_[i].band,
                 [&](auto& value) {
                   using V = std::remove_reference_t<decltype(value)>;
                   value = static_cast<V>(column.template values<Stored<V>>()[row]);
                 });
  }
  return injection;
}

}  // namespace lensmill::catalogue
