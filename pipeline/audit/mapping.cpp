#include "pipeline/audit/mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numbers>

#include "lib/catalogue/quantities.hpp"
#include "lib/core/bands.hpp"
#include "lib/core/edit_distance.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::pipeline {
namespace {

using config::Section;

constexpr double arcsec_per_degree = 3600.0;
constexpr double degrees_per_radian = 180.0 / std::numbers::pi;

/// Arcsec per unit of angle on the sky or on the stamp; 0 for no such unit.
double arcsec_per(const std::string& unit, const PixelGrid& grid) {
  if (unit == "arcsec") return 1.0;
  if (unit == "pix") return grid.pixel_scale_arcsec;
  if (unit == "deg") return arcsec_per_degree;
  if (unit == "rad") return arcsec_per_degree * degrees_per_radian;
  return 0.0;
}

void read_grid(const Section& root, AuditMapping& map) {
  if (!root.has("grid")) {
    if (map.grid.stamp_size_pix == 0) {
      root.problem("grid",
                   "required, but missing ({pixel_scale_arcsec, stamp_size_pix})");
    }
    return;
  }
  const Section grid = root.section("grid");
  map.grid.pixel_scale_arcsec =
      grid.number("pixel_scale_arcsec", config::above_up_to(0.0, 1000.0));
  map.grid.stamp_size_pix =
      static_cast<int>(grid.integer("stamp_size_pix", config::closed(8, 4096)));
}

void read_layout(const Section& stamps, AuditMapping& map) {
  const auto layout = stamps.texts("layout", std::vector<std::string>{});
  if (layout == std::vector<std::string>{"n", "band", "y", "x"}) {
    map.stamps.band_axis = true;
  } else if (layout == std::vector<std::string>{"n", "y", "x"}) {
    map.stamps.band_axis = false;
  } else {
    stamps.problem("layout", "must be [n, band, y, x] or [n, y, x]");
  }
}

void read_stamps(const Section& root, AuditMapping& map) {
  if (!root.has("stamps")) {
    if (map.stamps.dataset.empty()) root.problem("stamps", "required, but missing");
    return;
  }
  const Section stamps = root.section("stamps");
  const bool arcs = stamps.has("arc_dataset");
  if (arcs == stamps.has("dataset")) {
    stamps.problem("",
                   "give either `dataset` with its `paired_negative`, or "
                   "`arc_dataset` (stamps of arcs alone)");
  } else if (arcs) {
    map.stamps.dataset = stamps.text("arc_dataset");
    map.stamps.negative.clear();
  } else {
    map.stamps.dataset = stamps.text("dataset");
    if (!stamps.has("paired_negative") || stamps.is_none("paired_negative")) {
      stamps.problem("paired_negative",
                     "required: an arc cannot be told from its galaxy without the same "
                     "stamp without the arc (no host model is subtracted); name the "
                     "dataset of negatives, or give stamps of arcs alone as "
                     "`arc_dataset`");
    } else {
      map.stamps.negative = stamps.text("paired_negative");
    }
  }
  read_layout(stamps, map);
  map.bands = stamps.texts("bands", map.bands);
  if (map.bands.empty() || map.bands.size() > max_bands) {
    stamps.problem("bands", fmt::format("must be 1 to {} names", max_bands));
  } else if (!map.stamps.band_axis && map.bands.size() != 1) {
    stamps.problem("bands", "layout [n, y, x] has one band");
  }
  map.stamps.nmgy_per_unit = stamps.number(
      "nmgy_per_unit", config::Bounds{.lower = 0.0, .lower_open = true}, 1.0);
}

void read_conventions(const Section& root, AuditMapping& map, double& angle_sign,
                      double& angle_zero_rad) {
  using config::Named;
  static constexpr Named<bool> zeros[] = {{"x", false}, {"y", true}};
  static constexpr Named<bool> directions[] = {{"counterclockwise", false},
                                               {"clockwise", true}};
  static constexpr Named<bool> positions[] = {{"relative", false}, {"absolute", true}};
  static constexpr Named<bool> radii[] = {{"circularised", false},
                                          {"major_axis", true}};
  static constexpr Named<bool> origins[] = {{"(N-1)/2", false}, {"N/2", true}};
  const Section section = root.section("conventions");
  angle_zero_rad =
      section.choice<bool>("angle_zero", zeros, false) ? 0.5 * std::numbers::pi : 0.0;
  angle_sign = section.choice<bool>("angle_direction", directions, false) ? -1.0 : 1.0;
  auto& out = map.conventions;
  out.src_position_absolute = section.choice<bool>("src_position", positions, false);
  out.theta_e_major_axis = section.choice<bool>("theta_e", radii, false);
  out.src_reff_major_axis = section.choice<bool>("src_reff", radii, false);
  const bool half = section.choice<bool>("origin", origins, false);
  const int n = map.grid.stamp_size_pix;
  const int middle = n / 2;
  out.origin_offset_pix = half ? middle - 0.5 * (n - 1) : 0.0;
}

const catalogue::Quantity* quantity_of(const Section& section, const std::string& name,
                                       const BandNames& bands) {
  const auto found = catalogue::find_quantity(name);
  if (!found) {
    const auto nearest = catalogue::nearest_quantity(name, bands);
    section.problem(name,
                    "unknown quantity" +
                        (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
    return nullptr;
  }
  return found->quantity;
}

/// The factor from their unit to the quantity's.
double unit_factor(const Section& column, const catalogue::Quantity& quantity,
                   const PixelGrid& grid) {
  const std::string ours(quantity.unit);
  if (!column.has("unit")) {
    if (!ours.empty()) {
      column.problem("unit", fmt::format("required, but missing: in what unit is the "
                                         "dataset ({} is in {})?",
                                         quantity.name, ours));
    }
    return 1.0;
  }
  const auto theirs = column.text("unit");
  if (theirs == ours || (ours.empty() && theirs == "none")) return 1.0;
  const double from = arcsec_per(theirs, grid);
  const double to = arcsec_per(ours, grid);
  // Pixels are no unit of position angles.
  const bool mixed = (ours == "rad" || ours == "deg") && theirs == "pix";
  if (from > 0.0 && to > 0.0 && !mixed) return from / to;
  column.problem("unit", fmt::format("must be {} (got {})",
                                     ours.empty()    ? "none"
                                     : to == 0.0     ? ours
                                     : ours == "rad" ? "rad or deg"
                                     : ours == "deg" ? "rad or deg"
                                                     : "arcsec, pix, deg or rad",
                                     theirs));
  return 1.0;
}

void forget(AuditMapping& map, const std::string& name) {
  std::erase_if(map.columns, [&](const auto& column) { return column.column == name; });
  std::erase_if(map.constants, [&](const auto& entry) { return entry.first == name; });
}

void read_columns(const Section& root, double angle_sign, double angle_zero_rad,
                  AuditMapping& map) {
  const Section columns = root.section("columns");
  for (const auto& name : columns.keys()) {
    const auto* quantity = quantity_of(columns, name, map.bands);
    const Section section = columns.form(name, "columns.<column>");
    if (quantity == nullptr) {
      section.ignore_rest();
      continue;
    }
    MappedColumn column;
    column.column = name;
    column.where = columns.path(name) + columns.location(name).text();
    column.dataset = section.text("dataset");
    const double unit = unit_factor(section, *quantity, map.grid);
    column.factor = unit * section.number("factor", config::any_number, 1.0);
    column.offset = unit * section.number("offset", config::any_number, 0.0);
    if (quantity->name.find("_phi_") != std::string_view::npos) {
      const bool degrees = quantity->unit == "deg";
      column.factor *= angle_sign;
      column.offset = angle_sign * column.offset +
                      angle_zero_rad * (degrees ? degrees_per_radian : 1.0);
    }
    forget(map, name);
    map.columns.push_back(column);
  }
  const Section constants = root.section("constants");
  for (const auto& name : constants.keys()) {
    const auto* quantity = quantity_of(constants, name, map.bands);
    if (quantity == nullptr) {
      constants.node(name);
      continue;
    }
    const double value = constants.number(name, config::any_number);
    if (!quantity->range.contains(value)) {
      constants.problem(
          name, fmt::format("must be {} (got {})", quantity->range.text(), value));
    }
    forget(map, name);
    map.constants.emplace_back(name, value);
  }
}

void read_noise(const Section& root, AuditMapping& map) {
  using config::Named;
  static constexpr Named<bool> pairs[] = {{"shared", true}, {"independent", false}};
  auto& out = map.noise;
  if (!root.has("noise")) {
    if (!out.stated) {
      root.problem("noise",
                   "required, but missing: a likelihood needs the noise "
                   "(gain_e_per_nmgy, sky_sigma_nmgy or variance_dataset)");
    }
    return;
  }
  const Section noise = root.section("noise");
  out = {};
  out.stated = true;
  if (map.paired()) out.shared = noise.choice<bool>("pair", pairs, true);
  out.variance_dataset = noise.text("variance_dataset", "");
  out.model_error_fraction =
      noise.number("model_error_fraction", config::closed(0.0, 1.0), 0.0);
  const Section sky = noise.section("sky_sigma_nmgy");
  const Section gain = noise.section("gain_e_per_nmgy");
  for (std::size_t b = 0; b < map.bands.size() && b < max_bands; ++b) {
    const auto& band = map.bands[b];
    const config::Bounds positive{.lower = 0.0, .lower_open = true};
    if (sky.has(band)) out.sky_sigma_nmgy[b] = sky.number(band, positive);
    if (gain.has(band)) out.gain_e_per_nmgy[b] = gain.number(band, positive);
    const bool any = out.sky_sigma_nmgy[b] > 0.0 || !out.variance_dataset.empty() ||
                     (map.paired() && out.shared && out.gain_e_per_nmgy[b] > 0.0);
    if (!any) {
      noise.problem(
          "",
          fmt::format(
              "band {} has no noise: give sky_sigma_nmgy.{}, or a "
              "variance_dataset{}",
              band, band,
              map.paired() ? ", or with `pair: shared` gain_e_per_nmgy." + band : ""));
    }
  }
}

void take_node(const Section& root, std::string_view key, config::Node& node) {
  if (const auto* given = root.node(key)) node = *given;
}

void check_datasets(const AuditMapping& map, const io::hdf5::File& file) {
  const auto known = all_datasets(file);
  std::string problems;
  const auto check = [&](const std::string& where, std::string dataset) {
    while (dataset.starts_with('/')) dataset.erase(0, 1);
    if (dataset.empty() || std::ranges::find(known, dataset) != known.end()) return;
    const auto nearest = std::ranges::min_element(
        known, {}, [&](const auto& name) { return edit_distance(name, dataset); });
    problems += fmt::format(
        "{}{}: {} has no dataset {}{}", problems.empty() ? "" : "\n", where,
        file.file_path(), dataset,
        nearest == known.end() ? " (it has none at all)"
                               : fmt::format("; did you mean {}?", *nearest));
  };
  check(map.path + ": stamps", map.stamps.dataset);
  check(map.path + ": stamps.paired_negative", map.stamps.negative);
  check(map.path + ": noise.variance_dataset", map.noise.variance_dataset);
  for (const auto& column : map.columns) check(column.where, column.dataset);
  if (!problems.empty()) throw DataError(problems);
}

}  // namespace

bool AuditMapping::gives(const std::string& name) const {
  return std::ranges::any_of(
             columns, [&](const auto& column) { return column.column == name; }) ||
         std::ranges::any_of(constants,
                             [&](const auto& entry) { return entry.first == name; });
}

std::vector<std::string> all_datasets(const io::hdf5::Group& group) {
  auto names = group.dataset_names();
  for (const auto& child : group.group_names()) {
    for (const auto& name : all_datasets(group.open_group(child))) {
      names.push_back(fmt::format("{}/{}", child, name));
    }
  }
  return names;
}

AuditMapping read_mapping(const std::string& path, const io::hdf5::File& file) {
  static constexpr config::Named<bool> kinds[] = {{"columns", false},
                                                  {"lensmill", true}};
  auto document = config::Document::from_file(path);
  const Section root = document.root();
  AuditMapping map;
  map.grid.stamp_size_pix = 0;
  if (root.choice<bool>("mapping", kinds, false)) map = mapping_of_run(file);
  map.path = path;
  map.folder = document.folder().string();
  read_grid(root, map);
  read_stamps(root, map);
  double angle_sign = 1.0;
  double angle_zero_rad = 0.0;
  read_conventions(root, map, angle_sign, angle_zero_rad);
  read_columns(root, angle_sign, angle_zero_rad, map);
  read_noise(root, map);
  take_node(root, "psf", map.psf);
  take_node(root, "convolve", map.convolve);
  take_node(root, "source", map.source);
  take_node(root, "render", map.render);
  if (map.psf.kind == config::Node::Kind::null) {
    root.problem("psf", "required, but missing (as in a run configuration)");
  }
  if (root.has("psf")) {
    // What is stated here stands, not what a run's rows had.
    for (const auto& band : map.bands) {
      std::erase_if(map.columns, [&](const auto& column) {
        return column.where.empty() && column.column.starts_with("psf_") &&
               (column.column.ends_with("_" + band) ||
                column.column == "psf_moffat_beta");
      });
    }
  }
  document.finish();
  check_datasets(map, file);
  return map;
}

}  // namespace lensmill::pipeline
