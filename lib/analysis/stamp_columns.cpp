#include "lib/analysis/stamp_columns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <variant>

#include "lib/core/errors.hpp"

namespace lensmill::analysis {
namespace {

using R = StampRow;

/// The axes of a column beside the rows; the reported element of them is read.
enum class Axes { none, band, radius, band_and_radius };

/// Where a value goes; its type is the column's on disk, a bool's uint8.
struct ByKind {
  std::array<double, image_classes> R::*values;
  std::size_t kind;
};
using Member = std::variant<double R::*, std::int32_t R::*, bool R::*, ByKind>;

}  // namespace

struct StampColumn {
  std::string_view group, name;
  Axes axes;
  StampUse use;
  Member member;
};

namespace {

constexpr std::string_view truth = "catalogue", measured = "measurements";
constexpr std::string_view any_band = "<band>";
constexpr auto summary = StampUse::summary, all = StampUse::analysis;
constexpr auto none = Axes::none, band = Axes::band, core = Axes::band_and_radius;

constexpr StampColumn table[] = {
    {measured, "status", none, summary, &R::status},
    {truth, "theta_e_arcsec", none, summary, &R::theta_e_arcsec},
    {truth, "src_x_arcsec", none, summary, &R::src_x_arcsec},
    {truth, "src_y_arcsec", none, summary, &R::src_y_arcsec},
    {measured, "sis_inner_radius_pix", none, summary, &R::sis_inner_radius_pix},
    {measured, "counter_image_radius_pix", none, summary, &R::counter_image_radius_pix},
    {measured, "n_saddles", none, summary, &R::n_saddles},
    {measured, "rendered", none, summary, &R::rendered},
    {measured, "core_flux_fraction", core, summary, &R::core_flux_fraction},
    {measured, "core_flux_fraction_saddle_intrinsic", core, summary,
     ByKind{&R::intrinsic, counter}},
    {measured, "core_flux_fraction_minimum_intrinsic", core, summary,
     ByKind{&R::intrinsic, outer}},
    {measured, "core_flux_fraction_maximum_intrinsic", core, summary,
     ByKind{&R::intrinsic, central}},
    {measured, "core_flux_fraction_saddle_psf", core, summary,
     ByKind{&R::psf, counter}},
    {measured, "core_flux_fraction_minimum_psf", core, summary, ByKind{&R::psf, outer}},
    {measured, "core_flux_fraction_maximum_psf", core, summary,
     ByKind{&R::psf, central}},
    {truth, "lens_phi_rad", none, all, &R::lens_phi_rad},
    {truth, "lens_x_arcsec", none, all, &R::lens_x_arcsec},
    {truth, "lens_y_arcsec", none, all, &R::lens_y_arcsec},
    {truth, "shear_g1", none, all, &R::shear_g1},
    {truth, "shear_g2", none, all, &R::shear_g2},
    {truth, "psf_fwhm_pix_<band>", none, all, &R::psf_fwhm_pix},
    {truth, "psf_moffat_beta", none, all, &R::psf_moffat_beta},
    {truth, "host_flux_nmgy_<band>", none, all, &R::host_flux_nmgy},
    {measured, "core_flux_fraction_without_psf", Axes::radius, all,
     &R::core_without_psf},
    {measured, "arc_flux_nmgy", band, all, &R::arc_flux_nmgy},
    {measured, "arc_snr", band, all, &R::arc_snr},
    {measured, "counter_image_snr", band, all, &R::counter_image_snr},
    {measured, "annulus_offset", band, all, &R::annulus_offset},
    {measured, "core_offset", core, all, &R::core_offset},
};

ElementType type_of(const Member& member) {
  if (std::holds_alternative<std::int32_t R::*>(member)) return ElementType::int32;
  return std::holds_alternative<bool R::*>(member) ? ElementType::uint8
                                                   : ElementType::float64;
}

void set(StampRow& row, const Member& member, double value) {
  if (const auto* whole = std::get_if<std::int32_t R::*>(&member)) {
    row.*(*whole) = static_cast<std::int32_t>(value);
  } else if (const auto* flag = std::get_if<bool R::*>(&member)) {
    row.*(*flag) = value != 0.0;
  } else if (const auto* by_kind = std::get_if<ByKind>(&member)) {
    (row.*by_kind->values)[by_kind->kind] = value;
  } else {
    row.*std::get<double R::*>(member) = value;
  }
}

std::string name_in(const StampColumn& column, const std::string& of_band) {
  if (!column.name.ends_with(any_band)) return std::string(column.name);
  return std::string(column.name.substr(0, column.name.size() - any_band.size())) +
         of_band;
}

/// \throws DataError: not as the table says
void check(const Column& column, const StampColumn& wanted,
           const std::vector<std::size_t>& row_shape, std::size_t rows) {
  const auto fail = [&](const std::string& problem) {
    throw DataError(fmt::format(
        "/{}/{}: {} ({} reads it)", wanted.group, column.info().name, problem,
        wanted.use == summary ? "the run's summary" : "the analysis"));
  };
  const ColumnInfo& info = column.info();
  const ElementType type = type_of(wanted.member);
  if (info.type != type) {
    fail(fmt::format("must be {}, is {}", to_string(type), to_string(info.type)));
  }
  if (info.row_shape != row_shape) {
    fail(fmt::format("must have rows of shape {}, has {}", row_shape, info.row_shape));
  }
  if (column.rows() != rows) {
    fail(fmt::format("has {} rows, its block {}", column.rows(), rows));
  }
}

}  // namespace

std::vector<std::string> stamp_columns(std::string_view group, StampUse use) {
  std::vector<std::string> names;
  for (const auto& column : table) {
    if (column.group == group && (use == StampUse::analysis || column.use == summary)) {
      names.emplace_back(column.name);
    }
  }
  return names;
}

double element(const Column* column, std::size_t row, std::size_t index) {
  if (column == nullptr) return StampRow::nan;
  switch (column->info().type) {
    case ElementType::uint8: return column->row<std::uint8_t>(row)[index];
    case ElementType::int16: return column->row<std::int16_t>(row)[index];
    case ElementType::int32: return column->row<std::int32_t>(row)[index];
    case ElementType::int64:
      return static_cast<double>(column->row<std::int64_t>(row)[index]);
    case ElementType::uint64:
      return static_cast<double>(column->row<std::uint64_t>(row)[index]);
    case ElementType::float32:
      return static_cast<double>(column->row<float>(row)[index]);
    case ElementType::float64: return column->row<double>(row)[index];
    case ElementType::text: break;
  }
  return StampRow::nan;
}

StampReader::StampReader(const Table& catalogue, const Table& measurements,
                         const BandNames& bands, std::size_t radii,
                         const ReportedCore& reported) {
  if (const Column* first = find_column(measurements, "status")) rows_ = first->rows();
  for (const auto& wanted : table) {
    const auto name = name_in(wanted, bands[reported.band]);
    const Column* column =
        find_column(wanted.group == truth ? catalogue : measurements, name);
    if (column == nullptr) {
      if (wanted.use != summary) continue;
      throw DataError(
          fmt::format("/{}/{}: the column is missing (the run's summary reads it)",
                      wanted.group, name));
    }
    std::vector<std::size_t> row_shape;
    std::size_t index = 0;
    if (wanted.axes == band || wanted.axes == core) {
      row_shape.push_back(bands.size());
      index = reported.band;
    }
    if (wanted.axes == Axes::radius || wanted.axes == core) {
      row_shape.push_back(radii);
      index = index * radii + reported.radius;
    }
    check(*column, wanted, row_shape, rows_);
    sources_.push_back({.column = column, .index = index, .wanted = &wanted});
  }
}

StampRow StampReader::read(std::size_t row) const {
  StampRow out;
  for (const auto& source : sources_) {
    set(out, source.wanted->member, element(source.column, row, source.index));
  }
  return out;
}

}  // namespace lensmill::analysis
