#include "pipeline/audit/mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "lib/catalogue/quantities.hpp"
#include "lib/core/bands.hpp"
#include "lib/core/edit_distance.hpp"
#include "lib/core/errors.hpp"
#include "stages/config/read_mapping.hpp"

namespace lensmill::pipeline {
namespace {

using config::Section;
using config::Unstated;

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
  static constexpr config::Named<bool> ways[] = {{"none", false}, {"each", true}};
  map.stamps.normalised_each = stamps.choice<bool>("normalised", ways, false);
}

void forget(catalogue::ColumnMapping& columns, const std::string& name) {
  std::erase_if(columns.columns, [&](const auto& map) { return map.ours == name; });
  std::erase_if(columns.constants,
                [&](const auto& entry) { return entry.first == name; });
}

void read_columns(const Section& root, AuditMapping& map) {
  auto read =
      config::read_mapping(root, map.bands, map.grid, "dataset", Unstated::is_default);
  auto& out = map.columns;
  for (const auto& column : read.columns) {
    forget(out, column.ours);
    if (column.ours.ends_with("_e1")) {
      const auto object = column.ours.substr(0, column.ours.find('_'));
      for (const auto* end : {"_q", "_phi_rad"}) forget(out, object + end);
    }
    out.columns.push_back(column);
  }
  out.conventions = read.conventions;
  out.grid = read.grid;
  out.magnitudes_are_ab = read.magnitudes_are_ab;
  if (out.conventions.angle_zero == catalogue::AngleZero::north) {
    root.section("conventions")
        .problem("angle_zero", "must be x or y (an audit's stamps have no WCS)");
  }
  const Section constants = root.section("constants");
  for (const auto& name : constants.keys()) {
    const auto found = catalogue::find_quantity(name);
    if (!found) {
      const auto nearest = catalogue::nearest_quantity(name, map.bands);
      constants.problem(name,
                        "unknown quantity" +
                            (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
      constants.node(name);
      continue;
    }
    const auto& range = found->quantity->range;
    const double value = constants.number(name, config::any_number);
    if (!range.contains(value)) {
      constants.problem(name, fmt::format("must be {} (got {})", range.text(), value));
    }
    forget(out, name);
    out.constants.emplace_back(name, value);
  }
  // What they count positions from concerns a lens at 0, too.
  const auto has = [&](const std::string& name) {
    const auto is = [&](const auto& column) { return column.ours == name; };
    return std::ranges::any_of(out.columns, is) ||
           std::ranges::any_of(out.constants,
                               [&](const auto& entry) { return entry.first == name; });
  };
  const bool moved = out.conventions.origin_is_half_n.value_or(false) ||
                     out.conventions.src_position_absolute.value_or(false);
  for (const auto* name : {"lens_x_arcsec", "lens_y_arcsec"}) {
    if (moved && !has(name)) out.constants.emplace_back(name, 0.0);
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
  static constexpr Named<bool> correlations[] = {{"measured", true}, {"none", false}};
  out.correlation_is_measured = noise.choice<bool>("correlation", correlations, true);
  if (map.stamps.normalised_each && map.paired() && !out.shared) {
    noise.problem(
        "pair",
        "must be shared where stamps are normalised one by one: the scale of a "
        "pair is known by the pixels that both have in common");
  }
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
  for (const auto& column : map.columns.columns) check(column.where, column.theirs);
  if (!problems.empty()) throw DataError(problems);
}

}  // namespace

catalogue::RowMapping row_mapping(const AuditMapping& mapping,
                                  const io::hdf5::File& file) {
  return {mapping.columns,
          [&](const std::string& dataset) -> std::optional<std::string> {
            if (!file.has(dataset)) return std::nullopt;  // check_datasets says so
            const auto opened = file.open_dataset(dataset);
            for (const char* name : {"unit", "units"}) {
              if (opened.has_attribute(name)) {
                return opened.read_string_attribute(name);
              }
            }
            return "";
          }};
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
  read_columns(root, map);
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
      std::erase_if(map.columns.columns, [&](const auto& column) {
        return column.where.empty() && column.ours.starts_with("psf_") &&
               (column.ours.ends_with("_" + band) || column.ours == "psf_moffat_beta");
      });
    }
  }
  const auto rows = row_mapping(map, file);
  for (const auto& [ours, text] : rows.problems()) {
    root.section("columns").problem(ours, text);
  }
  document.finish();
  check_datasets(map, file);
  return map;
}

}  // namespace lensmill::pipeline
