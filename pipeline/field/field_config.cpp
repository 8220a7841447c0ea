#include "pipeline/field/field_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "lib/config/reader.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"
#include "stages/config/psf_kinds.hpp"
#include "stages/config/read_mapping.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/config/read_weights.hpp"

namespace lensmill::pipeline {
namespace {

using config::Section;

constexpr config::Named<config::PositionFrame> frames[] = {
    {"sky", config::PositionFrame::sky}, {"pixel", config::PositionFrame::pixel}};
constexpr config::Named<io::fits::Compression> compressions[] = {
    {"none", io::fits::Compression::none},
    {"lossless", io::fits::Compression::lossless}};

config::SurveyPositions read_table(const Section& section) {
  config::SurveyPositions table;
  table.file = section.existing_file("file");
  table.columns = section.texts("columns", std::vector<std::string>{});
  table.frame = section.choice<config::PositionFrame>("frame", frames,
                                                      config::PositionFrame::sky);
  table.cuts = config::read_cuts(section);
  return table;
}

FieldPositions read_positions_section(const Section& field) {
  const Section section = field.required_section("positions");
  FieldPositions out;
  static constexpr std::array<std::string_view, 4> kinds{"grid", "file", "random",
                                                         "density_per_arcmin2"};
  const auto kind = section.one_of(kinds);
  if (kind == "grid") {
    const Section grid = section.section("grid");
    out.grid =
        GridPlaces{.spacing_pix = grid.number("spacing_pix", config::positive),
                   .jitter_pix = grid.number("jitter_pix", config::non_negative, 0.0)};
  } else if (kind == "file") {
    out.file = read_table(section);
  } else if (kind == "random") {
    out.random = section.flag("random");
    if (!out.random) section.problem("random", "must be true, or left out");
  }
  if (kind == "density_per_arcmin2") {
    out.density_per_arcmin2 = section.number("density_per_arcmin2", config::positive);
  }
  out.exclusion_pix = section.number("exclusion_pix", config::non_negative, 0.0);
  if (section.has("avoid")) {
    const Section avoid = section.section("avoid");
    out.avoid = read_table(avoid);
    out.avoid_radius_pix = avoid.number("radius_pix", config::positive);
    if (kind == "file") {
      section.problem("avoid", "goes without `file`, whose places are meant");
    }
  }
  return out;
}

std::vector<config::PixelMask> read_masks(const Section& band) {
  std::vector<config::PixelMask> out;
  const Section masks = band.section("masks");
  constexpr std::size_t most_masks = 16;
  if (masks.keys().size() > most_masks) {
    band.problem("masks", fmt::format("at most {} (got {}); give several bits to one",
                                      most_masks, masks.keys().size()));
  }
  for (const auto& name : masks.keys()) {
    const auto is_own = [&](std::string_view bit) {
      return lower_case(bit) == lower_case(name);
    };
    if (std::ranges::any_of(own_mask_bits, is_own)) {
      masks.problem(name,
                    "is a bit that the field's mask has of its own; give the "
                    "mask another name");
    }
    const Section mask = masks.member(name, "<name>");
    out.push_back(config::read_mask(mask));
    out.back().file = mask.existing_file("file");
  }
  return out;
}

std::vector<std::string> bands_of(const Section& root) {
  return root.node("bands") != nullptr ? root.texts("bands")
                                       : std::vector<std::string>{};
}

FieldSection read_section(const Section& root) {
  const Section section = root.required_section("field");
  FieldSection out;
  static constexpr std::array<std::string_view, 2> kinds{"size_pix", "base"};
  const auto kind = section.one_of(kinds);
  if (kind == "size_pix") {
    const auto size = section.integers("size_pix", config::closed(8, 200000));
    if (size.size() == 2) {
      out.size_pix = {static_cast<int>(size[0]), static_cast<int>(size[1])};
    } else {
      section.problem("size_pix",
                      fmt::format("must be [nx, ny] (got {} numbers)", size.size()));
    }
    if (section.has("centre_deg")) {
      out.centre_deg = section.pair("centre_deg", config::closed(-90.0, 360.0));
    }
  } else if (kind == "base") {
    const Section base = section.section("base");
    out.accept_header_mismatch = base.flag("accept_header_mismatch", false);
    for (const auto& name : bands_of(root)) {
      const Section band = base.member(name, "<band>");
      out.base.push_back({.image = band.existing_file("image"),
                          .invvar = band.existing_file("invvar"),
                          .exposures = band.has("exposures")
                                           ? band.existing_file("exposures")
                                           : std::string(),
                          .masks = read_masks(band)});
    }
  }
  const Section maps = section.section("psf_map");
  for (const auto& name : bands_of(root)) {
    out.psf_map.push_back(maps.has(name) ? maps.existing_file(name) : std::string());
  }
  out.positions = read_positions_section(section);
  out.pass = static_cast<int>(section.integer("pass", config::closed(0, 1000000), 0));
  out.left_out_fraction = section.number("left_out_fraction", config::open(0.0, 1.0),
                                         out.left_out_fraction);
  out.memory_per_rank_gib =
      section.number("memory_per_rank_gib", config::positive, out.memory_per_rank_gib);
  out.compare_with_stamps = section.flag("compare_with_stamps", false);
  out.by_kind = section.flag("by_kind", false);
  out.compression = section.choice<io::fits::Compression>("compression", compressions,
                                                          out.compression);
  return out;
}

/// What stamps have and a field has not. \return one sentence each
std::vector<std::string> problems_of(const FieldConfig& config) {
  const auto& run = config.run;
  std::vector<std::string> problems;
  const auto refuse = [&](const std::string& problem) { problems.push_back(problem); };
  if (run.host.kind != config::HostKind::none) {
    refuse("host: must be none (galaxies of a field are those of field.base)");
  }
  if (!run.catalogue.keep.criteria.empty()) {
    refuse(
        "catalogue.keep: rows are not chosen by what stamps would measure; make the "
        "selection on the truth table");
  }
  if (run.convolve.op == config::ConvolveOperator::legacy_ifftshift ||
      run.convolve.oversample == 1) {
    refuse(
        "convolve: a field needs light between pixels (`operator: fft`, `oversample: "
        "auto` or 2 and more)");
  }
  if (run.noise.correlated() && config.field.has_base()) {
    refuse("noise.correlation: goes with a blank sky; a base image has its own noise");
  }
  if (!run.noise.invvar_files.empty()) {
    refuse(
        "noise.invvar: a field's synthetic sky has one sky_sigma_nmgy per band; state "
        "it, or name the map as field.base.<band>.invvar");
  }
  if (run.measure.aperture_centre_pix) {
    refuse("measure.aperture_centre: must be lens");
  }
  if (run.measure.aperture_mask == config::ApertureMask::circle) {
    refuse(
        "measure.aperture_mask: circle is not measured on an image; use "
        "pixel_overlap");
  }
  for (std::size_t b = 0; b < run.psf.size(); ++b) {
    const auto& psf = run.psf[b];
    if (psf.per_host() || psf.position_of_host) {
      refuse(fmt::format("psf.{}: PSFs of hosts are those of stamps", run.bands[b]));
    }
    const bool has_map =
        b < config.field.psf_map.size() && !config.field.psf_map[b].empty();
    if (has_map && form_of(psf) != config::PsfForm::kernels) {
      refuse(
          fmt::format("field.psf_map.{}: goes with a list of kernels (psf.{}.kind: "
                      "pixelised)",
                      run.bands[b], run.bands[b]));
    }
    if (form_of(psf) != config::PsfForm::model) continue;
    if (!psf.ccd_position) {
      refuse(
          fmt::format("psf.{}.position: must be [x, y], the CCD position of the "
                      "field's middle",
                      run.bands[b]));
    }
    if (psf.centring == config::Centring::recentre) {
      refuse(
          fmt::format("psf.{}.centring: must be keep (kernels that are moved are not "
                      "a sum of basis images)",
                      run.bands[b]));
    }
  }
  return problems;
}

FieldConfig read(config::Document document) {
  FieldConfig config;
  config.field = read_section(document.root());
  config.run = config::read_run_config(document, open_table);
  const auto problems = problems_of(config);
  if (!problems.empty()) {
    throw ConfigError(
        fmt::format("{}: {}", config.run.source_path, fmt::join(problems, "\n")));
  }
  return config;
}

}  // namespace

FieldConfig read_field_config(const std::string& path,
                              const std::vector<std::string>& overrides,
                              const parallel::Communicator& world, Log& log) {
  FieldConfig config;
  world.agree([&] {
    if (world.is_root()) config = read(config::Document::from_file(path, overrides));
  });
  std::string resolved = config.run.resolved_yaml;
  world.broadcast(resolved);
  world.agree([&] {
    if (world.is_root()) return;
    config = read(config::Document::from_string(resolved, path));
  });
  for (const auto& warning : config.run.warnings) log.warning(warning);
  return config;
}

}  // namespace lensmill::pipeline
