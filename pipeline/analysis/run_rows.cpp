#include "pipeline/analysis/run_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <optional>

#include "lib/analysis/point_like.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/status.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/measure/ring_in_gaussian.hpp"
#include "pipeline/run/read_table.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::StampRow;

constexpr double nan = StampRow::nan;
// Rows read at a time: bounds the memory.
constexpr std::int64_t block_rows = 8192;
constexpr double core_radius_pix = 5.0;
constexpr double ab_zero_point_mag = 22.5;
const double fwhm_per_sigma = 2.0 * std::sqrt(2.0 * std::numbers::ln2);

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

const std::vector<std::string> measurement_columns{
    "status",
    "rendered",
    "n_saddles",
    "sis_inner_radius_pix",
    "counter_image_radius_pix",
    "core_flux_fraction",
    "core_flux_fraction_saddle_intrinsic",
    "core_flux_fraction_minimum_intrinsic",
    "core_flux_fraction_maximum_intrinsic",
    "core_flux_fraction_saddle_psf",
    "core_flux_fraction_minimum_psf",
    "core_flux_fraction_maximum_psf",
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
  }
  return nan;
}

double named(const Table& table, const std::string& name, std::size_t row,
             std::size_t index = 0) {
  return element(find_column(table, name), row, index);
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

/// The point images that a row stores.
std::vector<analysis::StoredImage> images_of(const Table& measurements,
                                             std::size_t row) {
  const Column* kind = find_column(measurements, "image_kind");
  if (kind == nullptr) return {};
  std::vector<analysis::StoredImage> images;
  for (std::size_t k = 0; k < kind->info().row_elements(); ++k) {
    images.push_back(
        {.x_arcsec = named(measurements, "image_x_arcsec", row, k),
         .y_arcsec = named(measurements, "image_y_arcsec", row, k),
         .magnification = named(measurements, "image_magnification", row, k),
         .kind = static_cast<int>(element(kind, row, k))});
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
  measurement_names_ = measurement_columns;
  if (measurements.has("radial_profile")) {
    radial_bins_ = column_info(measurements, "radial_profile").row_shape.at(1);
  }
  resamples_hosts_ = catalogue.has("host_index");

  // As SummaryTables: band r if there is one, and the radius nearest 5 pix.
  const auto r = std::ranges::find(run.bands, "r");
  if (r != run.bands.end()) band_ = static_cast<std::size_t>(r - run.bands.begin());
  const auto& radii = run.aperture_radius_pix;
  if (radii.empty()) throw DataError(run.folder.run_yaml() + ": no aperture radius");
  for (std::size_t k = 1; k < radii.size(); ++k) {
    if (std::abs(radii[k] - core_radius_pix) <
        std::abs(radii[radius_] - core_radius_pix))
      radius_ = k;
  }
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
  const Table& truth = block.catalogue;
  const Table& measured = block.measurements;
  const std::size_t radii = run_.aperture_radius_pix.size();
  const std::size_t in_aperture = band_ * radii + radius_;
  const std::string& band = run_.bands[band_];
  const double scale = run_.pixel_scale_arcsec;
  const double radius_pix = run_.aperture_radius_pix[radius_];

  for (std::size_t i = 0; i < static_cast<std::size_t>(range.count); ++i) {
    const auto status = static_cast<std::int32_t>(named(measured, "status", i));
    const bool known = std::ranges::any_of(
        all_statuses, [&](Status s) { return static_cast<std::int32_t>(s) == status; });
    if (named(measured, "rendered", i) == 0.0 || !known ||
        is_failure(static_cast<Status>(status))) {
      continue;
    }
    StampRow s;
    s.row = shard_first + range.first + static_cast<std::int64_t>(i);
    s.unit = static_cast<std::int64_t>(
        named(truth, resamples_hosts_ ? "host_index" : "injection_id", i));
    s.theta_e_arcsec = named(truth, "theta_e_arcsec", i);
    const auto core = [&](const std::string& suffix) {
      return named(measured, "core_flux_fraction" + suffix, i, in_aperture);
    };
    s.core_flux_fraction = core("");
    s.intrinsic = {core("_saddle_intrinsic"), core("_minimum_intrinsic"),
                   core("_maximum_intrinsic")};
    s.psf = {core("_saddle_psf"), core("_minimum_psf"), core("_maximum_psf")};
    s.core_without_psf = named(measured, "core_flux_fraction_without_psf", i, radius_);
    const double lens_x = named(truth, "lens_x_arcsec", i);
    const double lens_y = named(truth, "lens_y_arcsec", i);
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
                       : analysis::point_like_shares(images_of(measured, i), circle);
    const double fwhm_pix = named(truth, "psf_fwhm_pix_" + band, i);
    s.psf_fwhm_arcsec = fwhm_pix * scale;
    if (fwhm_pix > 0.0 && s.theta_e_arcsec > 0.0) {
      const double sigma = fwhm_pix / fwhm_per_sigma;
      const double ring = s.theta_e_arcsec / scale;
      s.ring_expectation = measure::ring_in_gaussian_fraction(ring, radius_pix, sigma);
      s.amplitude_ratio = std::exp(-0.5 * (ring / sigma) * (ring / sigma));
    }
    s.counter_image_radius_pix = named(measured, "counter_image_radius_pix", i);
    s.arc_flux_nmgy = named(measured, "arc_flux_nmgy", i, band_);
    s.core_offset = named(measured, "core_offset", i, in_aperture);
    s.annulus_offset = named(measured, "annulus_offset", i, band_);
    s.counter_image_snr = named(measured, "counter_image_snr", i, band_);
    s.n_saddles = static_cast<std::int32_t>(named(measured, "n_saddles", i));
    const double host_flux = named(truth, "host_flux_nmgy_" + band, i);
    if (host_flux > 0.0) s.host_mag = ab_zero_point_mag - 2.5 * std::log10(host_flux);
    for (std::size_t k = 0; k < radii; ++k) {
      s.core_by_radius.push_back(
          named(measured, "core_flux_fraction", i, band_ * radii + k));
    }
    const std::string profile_names[]{"radial_profile", "radial_profile_counter_image",
                                      "radial_profile_outer_image"};
    for (std::size_t which = 0; which < 3; ++which) {
      const Column* profile = find_column(measured, profile_names[which]);
      for (std::size_t k = 0; k < radial_bins_; ++k) {
        s.profiles[which].push_back(element(profile, i, band_ * radial_bins_ + k) /
                                    s.arc_flux_nmgy);
      }
    }
    for (const auto& name : catalogue_scalars_) {
      block.variables.push_back(named(truth, name, i));
    }
    const double offset =
        std::hypot(named(truth, "src_x_arcsec", i), named(truth, "src_y_arcsec", i));
    for (const double value :
         {offset, s.theta_e_arcsec > 0.0 ? offset / s.theta_e_arcsec : nan,
          std::hypot(named(truth, "shear_g1", i), named(truth, "shear_g2", i)),
          s.psf_fwhm_arcsec, s.counter_image_radius_pix, s.core_flux_fraction,
          s.arc_flux_nmgy, named(measured, "arc_snr", i, band_), s.counter_image_snr}) {
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
      if (!file) file.emplace(io::hdf5::File::open(path));
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
