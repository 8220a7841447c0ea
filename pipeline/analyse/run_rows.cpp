#include "pipeline/analyse/run_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>

#include "lib/analysis/point_like.hpp"
#include "lib/analysis/summary_tables.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/saltelli.hpp"
#include "lib/core/status.hpp"
#include "lib/core/units.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/measure/ring_in_gaussian.hpp"
#include "pipeline/archive/open_shard.hpp"
#include "pipeline/archive/read_table.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::StampRow;

constexpr double nan = StampRow::nan;
// Rows read at a time: bounds the memory.
constexpr std::int64_t block_rows = 8192;
constexpr double core_radius_pix = 5.0;

const std::vector<std::string> derived_names{"src_offset_arcsec",
                                             "src_offset_over_theta_e",
                                             "shear_magnitude",
                                             "psf_fwhm_arcsec",
                                             "counter_image_radius_pix",
                                             "core_flux_fraction",
                                             "arc_flux_nmgy",
                                             "arc_snr",
                                             "counter_image_snr"};
const std::vector<std::string> derived_units{"arcsec", "",     "", "arcsec", "pix",
                                             "",       "nmgy", "", ""};

// Beside those of the summary.
const std::vector<std::string> more_measurement_columns{
    "core_flux_fraction_without_psf",
    "arc_flux_nmgy",
    "arc_snr",
    "counter_image_snr",
    "annulus_offset",
    "core_offset",
    "radial_profile",
    "radial_profile_counter_image",
    "radial_profile_outer_image",
    "image_x_arcsec",
    "image_y_arcsec",
    "image_magnification",
    "image_kind"};

/// One element of a row's array as a double, whatever the column's type; NaN where the
/// column is missing.
double element(const Column* column, std::size_t row, std::size_t index = 0) {
  if (column == nullptr) return nan;
  switch (column->info().type) {
    case ElementType::uint8: return column->row<std::uint8_t>(row)[index];
    case ElementType::int16: return column->row<std::int16_t>(row)[index];
    case ElementType::int32: return column->row<std::int32_t>(row)[index];
    case ElementType::int64:
      return static_cast<double>(column->row<std::int64_t>(row)[index]);
    case ElementType::float32:
      return static_cast<double>(column->row<float>(row)[index]);
    case ElementType::float64: return column->row<double>(row)[index];
    case ElementType::text: break;
  }
  return nan;
}

std::optional<double> number_in(const FlatConfig& config, const std::string& key) {
  const auto at = config.find(key);
  if (at == config.end()) return std::nullopt;
  double value = 0.0;
  const char* const end = at->second.data() + at->second.size();
  const auto result = std::from_chars(at->second.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

constexpr std::size_t profile_kinds = 3;

/// The columns of one block, found once; null where one is missing.
struct Columns {
  Columns(const Table& truth, const Table& measured, const std::string& band,
          const std::vector<std::string>& scalar_names)
      : theta_e(find_column(truth, "theta_e_arcsec")),
        src_x(find_column(truth, "src_x_arcsec")),
        src_y(find_column(truth, "src_y_arcsec")),
        lens_x(find_column(truth, "lens_x_arcsec")),
        lens_y(find_column(truth, "lens_y_arcsec")),
        shear_g1(find_column(truth, "shear_g1")),
        shear_g2(find_column(truth, "shear_g2")),
        psf_fwhm(find_column(truth, "psf_fwhm_pix_" + band)),
        host_flux(find_column(truth, "host_flux_nmgy_" + band)),
        status(find_column(measured, "status")),
        rendered(find_column(measured, "rendered")),
        n_saddles(find_column(measured, "n_saddles")),
        counter_image_radius(find_column(measured, "counter_image_radius_pix")),
        core(find_column(measured, "core_flux_fraction")),
        core_without_psf(find_column(measured, "core_flux_fraction_without_psf")),
        arc_flux(find_column(measured, "arc_flux_nmgy")),
        arc_snr(find_column(measured, "arc_snr")),
        counter_image_snr(find_column(measured, "counter_image_snr")),
        annulus_offset(find_column(measured, "annulus_offset")),
        core_offset(find_column(measured, "core_offset")),
        image_x(find_column(measured, "image_x_arcsec")),
        image_y(find_column(measured, "image_y_arcsec")),
        image_magnification(find_column(measured, "image_magnification")),
        image_kind(find_column(measured, "image_kind")) {
    const auto of_core = [&](const char* suffix) {
      return find_column(measured, std::string("core_flux_fraction_") + suffix);
    };
    intrinsic = {of_core("saddle_intrinsic"), of_core("minimum_intrinsic"),
                 of_core("maximum_intrinsic")};
    psf = {of_core("saddle_psf"), of_core("minimum_psf"), of_core("maximum_psf")};
    profiles = {find_column(measured, "radial_profile"),
                find_column(measured, "radial_profile_counter_image"),
                find_column(measured, "radial_profile_outer_image")};
    for (const auto& name : scalar_names) scalars.push_back(find_column(truth, name));
  }

  const Column *theta_e, *src_x, *src_y, *lens_x, *lens_y, *shear_g1, *shear_g2,
      *psf_fwhm, *host_flux;
  const Column *status, *rendered, *n_saddles, *counter_image_radius, *core,
      *core_without_psf, *arc_flux, *arc_snr, *counter_image_snr, *annulus_offset,
      *core_offset, *image_x, *image_y, *image_magnification, *image_kind;
  std::array<const Column*, analysis::image_classes> intrinsic{}, psf{};
  std::array<const Column*, profile_kinds> profiles{};
  std::vector<const Column*> scalars;
};

/// The point images that a row stores.
std::vector<analysis::StoredImage> images_of(const Columns& columns, std::size_t row) {
  if (columns.image_kind == nullptr) return {};
  std::vector<analysis::StoredImage> images;
  for (std::size_t k = 0; k < columns.image_kind->info().row_elements(); ++k) {
    images.push_back({.x_arcsec = element(columns.image_x, row, k),
                      .y_arcsec = element(columns.image_y, row, k),
                      .magnification = element(columns.image_magnification, row, k),
                      .kind = static_cast<int>(element(columns.image_kind, row, k))});
  }
  return images;
}

}  // namespace

RowReader::RowReader(const RunOnDisk& run, const std::string& shard) : run_(run) {
  const auto file = io::hdf5::File::open(shard);
  for (const char* group : {"catalogue", "measurements"}) {
    if (!file.has(group)) {
      throw DataError(
          shard + ": has no /" + group +
          ", so there is nothing to analyse: it is not a shard as `lensmill "
          "run` makes it");
    }
  }
  const auto catalogue = file.open_group("catalogue");
  const auto measurements = file.open_group("measurements");
  for (const auto& name : catalogue.dataset_names()) {
    const auto info = column_info(catalogue, name);
    catalogue_names_.push_back(name);
    if (!info.row_shape.empty() || name == "injection_id") continue;
    catalogue_scalars_.push_back(name);
    variables_.push_back({name, info.unit});
  }
  for (std::size_t k = 0; k < derived_names.size(); ++k) {
    variables_.push_back({derived_names[k], derived_units[k]});
  }
  measurement_names_ = analysis::summary_measurement_columns();
  measurement_names_.insert(measurement_names_.end(), more_measurement_columns.begin(),
                            more_measurement_columns.end());
  if (measurements.has("radial_profile")) {
    radial_bins_ = column_info(measurements, "radial_profile").row_shape.at(1);
  }
  saltelli_factors_ = lensmill::pipeline::saltelli_factors(run.config).size();
  // Rows of one base point share all numbers but one, whatever their hosts.
  resamples_hosts_ = saltelli_factors_ == 0 && catalogue.has("host_index");

  const auto& radii = run.aperture_radius_pix;
  if (radii.empty()) throw DataError(run.folder.run_yaml() + ": no aperture radius");
  band_ = analysis::core_band(run.bands);
  radius_ = analysis::core_radius(radii, core_radius_pix);
  stamp_size_pix_ = number_in(run.config, "grid.stamp_size_pix").value_or(64.0);
  const auto x = number_in(run.config, "measure.aperture_centre[0]");
  const auto y = number_in(run.config, "measure.aperture_centre[1]");
  if (x && y) {
    aperture_on_lens_ = false;
    const double centre = 0.5 * (stamp_size_pix_ - 1.0);
    aperture_x_arcsec_ = (*x - centre) * run.pixel_scale_arcsec;
    aperture_y_arcsec_ = (*y - centre) * run.pixel_scale_arcsec;
  }
}

std::string RowReader::unit() const {
  if (saltelli_factors_ > 0) return "base points";
  return resamples_hosts_ ? "hosts" : "rows";
}

std::size_t RowReader::variable(const std::string& name) const {
  return static_cast<std::size_t>(
      std::ranges::find(variables_, name, &RowVariable::name) - variables_.begin());
}

RowBlock RowReader::read(const io::hdf5::Group& file, std::int64_t shard_first,
                         const RowRange& range) const {
  RowBlock block;
  block.catalogue = read_table(file.open_group("catalogue"), catalogue_names_, range);
  block.measurements =
      read_table(file.open_group("measurements"), measurement_names_, range);
  const std::size_t radii = run_.aperture_radius_pix.size();
  const std::size_t in_aperture = band_ * radii + radius_;
  const Columns columns(block.catalogue, block.measurements, run_.bands[band_],
                        catalogue_scalars_);
  const Column* unit =
      find_column(block.catalogue, resamples_hosts_ ? "host_index" : "injection_id");
  const double scale = run_.pixel_scale_arcsec;
  const double radius_pix = run_.aperture_radius_pix[radius_];

  for (std::size_t i = 0; i < static_cast<std::size_t>(range.count); ++i) {
    const auto status = static_cast<std::int32_t>(element(columns.status, i));
    const bool known = std::ranges::any_of(
        all_statuses, [&](Status s) { return static_cast<std::int32_t>(s) == status; });
    if (element(columns.rendered, i) == 0.0 || !known ||
        is_failure(static_cast<Status>(status))) {
      continue;
    }
    StampRow s;
    s.row = shard_first + range.first + static_cast<std::int64_t>(i);
    s.unit = saltelli_factors_ > 0 ? saltelli_place(s.row, saltelli_factors_).point
                                   : static_cast<std::int64_t>(element(unit, i));
    s.theta_e_arcsec = element(columns.theta_e, i);
    s.core_flux_fraction = element(columns.core, i, in_aperture);
    for (std::size_t k = 0; k < analysis::image_classes; ++k) {
      s.intrinsic[k] = element(columns.intrinsic[k], i, in_aperture);
      s.psf[k] = element(columns.psf[k], i, in_aperture);
    }
    s.core_without_psf = element(columns.core_without_psf, i, radius_);
    const double lens_x = element(columns.lens_x, i);
    const double lens_y = element(columns.lens_y, i);
    const double x = !aperture_on_lens_   ? aperture_x_arcsec_
                     : std::isnan(lens_x) ? 0.0
                                          : lens_x;
    const double y = !aperture_on_lens_   ? aperture_y_arcsec_
                     : std::isnan(lens_y) ? 0.0
                                          : lens_y;
    const analysis::CoreCircle circle{
        .x_arcsec = x,
        .y_arcsec = y,
        .radius_arcsec = radius_pix * scale,
        .half_stamp_arcsec = 0.5 * stamp_size_pix_ * scale};
    s.point_like = static_cast<Status>(status) == Status::ring
                       ? analysis::ring_shares(s.theta_e_arcsec, circle)
                       : analysis::point_like_shares(images_of(columns, i), circle);
    const double fwhm_pix = element(columns.psf_fwhm, i);
    s.psf_fwhm_arcsec = fwhm_pix * scale;
    if (fwhm_pix > 0.0 && s.theta_e_arcsec > 0.0) {
      const double sigma = fwhm_pix / fwhm_per_sigma;
      const double ring = s.theta_e_arcsec / scale;
      s.ring_expectation = measure::ring_in_gaussian_fraction(ring, radius_pix, sigma);
      s.amplitude_ratio = std::exp(-0.5 * (ring / sigma) * (ring / sigma));
    }
    s.counter_image_radius_pix = element(columns.counter_image_radius, i);
    s.arc_flux_nmgy = element(columns.arc_flux, i, band_);
    s.core_offset = element(columns.core_offset, i, in_aperture);
    s.annulus_offset = element(columns.annulus_offset, i, band_);
    s.counter_image_snr = element(columns.counter_image_snr, i, band_);
    s.n_saddles = static_cast<std::int32_t>(element(columns.n_saddles, i));
    s.host_mag = mag_from_nmgy(element(columns.host_flux, i));
    for (std::size_t k = 0; k < radii; ++k) {
      s.core_by_radius.push_back(element(columns.core, i, band_ * radii + k));
    }
    for (std::size_t which = 0; which < profile_kinds; ++which) {
      for (std::size_t k = 0; k < radial_bins_; ++k) {
        s.profiles[which].push_back(
            element(columns.profiles[which], i, band_ * radial_bins_ + k) /
            s.arc_flux_nmgy);
      }
    }
    for (const Column* scalar : columns.scalars) {
      block.variables.push_back(element(scalar, i));
    }
    const double offset =
        std::hypot(element(columns.src_x, i), element(columns.src_y, i));
    for (const double value :
         {offset, s.theta_e_arcsec > 0.0 ? offset / s.theta_e_arcsec : nan,
          std::hypot(element(columns.shear_g1, i), element(columns.shear_g2, i)),
          s.psf_fwhm_arcsec, s.counter_image_radius_pix, s.core_flux_fraction,
          s.arc_flux_nmgy, element(columns.arc_snr, i, band_), s.counter_image_snr}) {
      block.variables.push_back(std::isfinite(value) ? value : nan);
    }
    block.rows.push_back(std::move(s));
  }
  return block;
}

void for_each_block(const RunOnDisk& run, const RowReader& reader,
                    const parallel::Communicator& world,
                    const std::function<void(const RowBlock&)>& use) {
  std::int64_t turn = 0;
  for (std::int64_t shard = 0; shard < run.plan.shards(); ++shard) {
    const std::string path = run.folder.shard(shard);
    if (!std::filesystem::exists(path)) continue;
    std::optional<io::hdf5::File> file;
    const RowRange planned = run.plan.rows_of(shard);
    for (std::int64_t first = 0; first < planned.count; first += block_rows) {
      if (turn++ % world.size() != world.rank()) continue;
      if (!file) file.emplace(open_shard(run, shard).file);
      // A run that is being extended has a last shard shorter than planned.
      const auto there = static_cast<std::int64_t>(
          file->open_group("measurements").open_dataset("status").rows());
      const std::int64_t count =
          std::min(block_rows, std::min(there, planned.count) - first);
      if (count > 0) use(reader.read(*file, planned.first, {first, count}));
    }
  }
}

}  // namespace lensmill::pipeline
