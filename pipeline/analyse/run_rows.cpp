#include "pipeline/analyse/run_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <optional>

#include "lib/analysis/point_like.hpp"
#include "lib/analysis/stamp_columns.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/saltelli.hpp"
#include "lib/core/status.hpp"
#include "lib/core/units.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/measure/ring_in_gaussian.hpp"
#include "lib/measure/ring_in_psf.hpp"
#include "pipeline/archive/open_shard.hpp"
#include "pipeline/archive/read_table.hpp"
#include "stages/config/psf_kinds.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::element;
using analysis::StampRow;

constexpr double nan = StampRow::nan;
// Rows read at a time: bounds the memory.
constexpr std::int64_t block_rows = 8192;

// Beside the scalar columns of /catalogue.
struct DerivedVariable {
  const char *name, *unit;
  double (*value)(const StampRow&);
};
constexpr DerivedVariable derived_variables[] = {
    {"src_offset_arcsec", "arcsec",
     [](const StampRow& r) { return std::hypot(r.src_x_arcsec, r.src_y_arcsec); }},
    {"src_offset_over_theta_e", "",
     [](const StampRow& r) {
       return r.theta_e_arcsec > 0.0
                  ? std::hypot(r.src_x_arcsec, r.src_y_arcsec) / r.theta_e_arcsec
                  : nan;
     }},
    {"src_lens_angle_rad", "rad",
     [](const StampRow& r) {
       // Of axes: modulo half a turn.
       const double angle =
           std::fmod(std::atan2(r.src_y_arcsec, r.src_x_arcsec) - r.lens_phi_rad,
                     std::numbers::pi);
       return angle < 0.0 ? angle + std::numbers::pi : angle;
     }},
    {"shear_magnitude", "",
     [](const StampRow& r) { return std::hypot(r.shear_g1, r.shear_g2); }},
    {"psf_fwhm_arcsec", "arcsec", [](const StampRow& r) { return r.psf_fwhm_arcsec; }},
    {"counter_image_radius_pix", "pix",
     [](const StampRow& r) { return r.counter_image_radius_pix; }},
    {"core_flux_fraction", "", [](const StampRow& r) { return r.core_flux_fraction; }},
    {"arc_flux_nmgy", "nmgy", [](const StampRow& r) { return r.arc_flux_nmgy; }},
    {"arc_snr", "", [](const StampRow& r) { return r.arc_snr; }},
    {"counter_image_snr", "", [](const StampRow& r) { return r.counter_image_snr; }},
};

// Whole arrays of a row.
constexpr std::array profile_names{"radial_profile", "radial_profile_counter_image",
                                   "radial_profile_outer_image"};
constexpr std::array image_names{"image_x_arcsec", "image_y_arcsec",
                                 "image_magnification", "image_kind"};

constexpr std::array intrinsic_names{"core_flux_fraction_saddle_intrinsic",
                                     "core_flux_fraction_minimum_intrinsic",
                                     "core_flux_fraction_maximum_intrinsic"};
constexpr std::array psf_names{"core_flux_fraction_saddle_psf",
                               "core_flux_fraction_minimum_psf",
                               "core_flux_fraction_maximum_psf"};

template <std::size_t n>
std::array<const Column*, n> find_all(const Table& table,
                                      const std::array<const char*, n>& names) {
  std::array<const Column*, n> found{};
  for (std::size_t k = 0; k < n; ++k) found[k] = find_column(table, names[k]);
  return found;
}

double or_zero(double value) { return std::isnan(value) ? 0.0 : value; }

std::optional<double> number_in(const FlatConfig& config, const std::string& key) {
  const auto at = config.find(key);
  if (at == config.end()) return std::nullopt;
  double value = 0.0;
  const char* const end = at->second.data() + at->second.size();
  const auto result = std::from_chars(at->second.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

config::PsfSection psf_of(const FlatConfig& config, const std::string& section) {
  const auto& name = config.at(section + ".kind");
  const auto found =
      std::ranges::find(config::psf_kinds, name, &config::PsfKindInfo::name);
  if (found == config::psf_kinds.end()) {
    throw DataError(
        fmt::format("{}.kind of the run: {} is no kind of PSF that this "
                    "version knows",
                    section, name));
  }
  config::PsfSection psf;
  psf.kind = found->kind;
  psf.q = number_in(config, section + ".q").value_or(1.0);
  return psf;
}

/// The point images that a row stores.
std::vector<analysis::StoredImage> images_of(
    const std::array<const Column*, image_names.size()>& columns, std::size_t row) {
  const auto [x, y, magnification, kind] = columns;
  if (kind == nullptr) return {};
  std::vector<analysis::StoredImage> images;
  for (std::size_t k = 0; k < kind->info().row_elements(); ++k) {
    images.push_back({.x_arcsec = element(x, row, k),
                      .y_arcsec = element(y, row, k),
                      .magnification = element(magnification, row, k),
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
  for (const auto& derived : derived_variables) {
    variables_.push_back({derived.name, derived.unit});
  }
  measurement_names_ =
      analysis::stamp_columns("measurements", analysis::StampUse::analysis);
  measurement_names_.insert(measurement_names_.end(), profile_names.begin(),
                            profile_names.end());
  measurement_names_.insert(measurement_names_.end(), image_names.begin(),
                            image_names.end());
  if (measurements.has("radial_profile")) {
    radial_bins_ = column_info(measurements, "radial_profile").row_shape.at(1);
  }
  saltelli_factors_ = lensmill::pipeline::saltelli_factors(run.config).size();
  // Rows of one base point share all numbers but one, whatever their hosts.
  resamples_hosts_ = saltelli_factors_ == 0 && catalogue.has("host_index");

  if (run.aperture_radius_pix.empty())
    throw DataError(run.folder.run_yaml() + ": no aperture radius");
  core_ = analysis::reported_core(run.bands, run.aperture_radius_pix);
  psf_ = psf_of(run.config, "psf." + run.bands[core_.band]);
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
  const Table catalogue =
      read_table(file.open_group("catalogue"), catalogue_names_, range);
  const Table measurements =
      read_table(file.open_group("measurements"), measurement_names_, range);
  const std::size_t radii = run_.aperture_radius_pix.size();
  const analysis::StampReader stamps(catalogue, measurements, run_.bands, radii, core_);
  const auto profiles = find_all(measurements, profile_names);
  const auto images = find_all(measurements, image_names);
  const Column* const core = find_column(measurements, "core_flux_fraction");
  const Column* const arc_flux = find_column(measurements, "arc_flux_nmgy");
  const auto intrinsic = find_all(measurements, intrinsic_names);
  const auto psf = find_all(measurements, psf_names);
  const Column* const unit =
      find_column(catalogue, resamples_hosts_ ? "host_index" : "injection_id");
  std::vector<const Column*> scalars;
  for (const auto& name : catalogue_scalars_) {
    scalars.push_back(find_column(catalogue, name));
  }
  const double scale = run_.pixel_scale_arcsec;

  for (std::size_t i = 0; i < stamps.rows(); ++i) {
    StampRow s = stamps.read(i);
    if (!s.counts()) {
      block.left_out.push_back(std::move(s));
      continue;
    }
    s.row = shard_first + range.first + static_cast<std::int64_t>(i);
    s.unit = saltelli_factors_ > 0 ? saltelli_place(s.row, saltelli_factors_).point
                                   : static_cast<std::int64_t>(element(unit, i));
    const analysis::CoreCircle circle{
        .x_arcsec = aperture_on_lens_ ? or_zero(s.lens_x_arcsec) : aperture_x_arcsec_,
        .y_arcsec = aperture_on_lens_ ? or_zero(s.lens_y_arcsec) : aperture_y_arcsec_,
        .radius_arcsec = core_.radius_pix * scale,
        .half_stamp_arcsec = 0.5 * stamp_size_pix_ * scale};
    s.point_like = static_cast<Status>(s.status) == Status::ring
                       ? analysis::ring_shares(s.theta_e_arcsec, circle)
                       : analysis::point_like_shares(images_of(images, i), circle);
    s.host_mag = mag_from_nmgy(s.host_flux_nmgy);
    s.psf_fwhm_arcsec = s.psf_fwhm_pix * scale;
    if (is_function(psf_) && s.psf_fwhm_pix > 0.0 && s.theta_e_arcsec > 0.0) {
      const double sigma = s.psf_fwhm_pix / fwhm_per_sigma;
      const double ring = s.theta_e_arcsec / scale;
      s.ring_expectation = config::with_function(
          psf_, s.psf_fwhm_pix, s.psf_moffat_beta,
          [&](const psf::EllipticalPsf& function) {
            return measure::ring_in_psf_fraction(ring, core_.radius_pix, function);
          });
      s.gaussian_ring_expectation =
          measure::ring_in_gaussian_fraction(ring, core_.radius_pix, sigma);
      s.amplitude_ratio = std::exp(-0.5 * (ring / sigma) * (ring / sigma));
    }
    for (std::size_t k = 0; k < radii; ++k) {
      s.core_by_radius.push_back(element(core, i, core_.band * radii + k));
    }
    for (std::size_t band = 0; band < run_.bands.size(); ++band) {
      s.arc_flux_by_band.push_back(element(arc_flux, i, band));
      for (std::size_t k = 0; k < radii; ++k) {
        const std::size_t at = band * radii + k;
        auto& split = s.cores.emplace_back();
        split.core = element(core, i, at);
        for (std::size_t kind = 0; kind < analysis::image_classes; ++kind) {
          split.intrinsic[kind] = element(intrinsic[kind], i, at);
          split.psf[kind] = element(psf[kind], i, at);
        }
      }
    }
    for (std::size_t which = 0; which < profiles.size(); ++which) {
      for (std::size_t k = 0; k < radial_bins_; ++k) {
        s.profiles[which].push_back(
            element(profiles[which], i, core_.band * radial_bins_ + k) /
            s.arc_flux_nmgy);
      }
    }
    for (const Column* scalar : scalars) block.variables.push_back(element(scalar, i));
    for (const auto& derived : derived_variables) {
      const double value = derived.value(s);
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
