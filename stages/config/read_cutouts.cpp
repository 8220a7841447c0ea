#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "stages/config/read_weights.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

constexpr std::array<std::string_view, 2> units_of_images = {"zero_point_mag", "units"};
constexpr Named<HostCentre> centres[] = {{"geometric", HostCentre::geometric},
                                         {"centroid", HostCentre::centroid}};
constexpr Named<HostPolicy> policies[] = {{"once", HostPolicy::once},
                                          {"reuse", HostPolicy::reuse}};
constexpr Named<bool> image_units[] = {{"nmgy", true}};

std::map<std::string, std::string> files_by_band(const Section& section,
                                                 const BandNames& bands) {
  std::map<std::string, std::string> files;
  for (const auto& band : bands) files[band] = section.existing_file(band);
  warn_unused_bands(section, bands);
  return files;
}

/// Where a weight or a mask is, by what the hosts' files are.
PixelMask read_place(const Section& section, const RunConfig& config) {
  const auto& host = config.host;
  PixelMask place;
  if (host.cutout_files) {
    constexpr std::array<std::string_view, 2> places = {"extension", "files"};
    const auto given = section.one_of(places);
    if (given == "extension") place.extension = section.text("extension");
    if (given == "files") place.beside = read_file_list(section, "files");
  } else if (!host.hdf5_file.empty()) {
    place.dataset = section.text("dataset");
  } else {
    place.files = files_by_band(section.required_section("files"), config.bands);
  }
  return place;
}

void take_place(PixelMask place, PixelMask& mask) {
  mask.files = std::move(place.files);
  mask.dataset = std::move(place.dataset);
  mask.extension = std::move(place.extension);
  mask.beside = std::move(place.beside);
}

void read_weight(const Section& cutouts, RunConfig& config) {
  auto& host = config.host;
  const Section weight = cutouts.required_section("weight");
  const auto [kind, is_mask] = read_weight_kind(weight);
  auto place = read_place(weight, config);
  if (is_mask) {
    host.masks.push_back(read_mask(weight));
    take_place(std::move(place), host.masks.back());
    return;
  }
  host.weight_kind = kind;
  host.invvar_files = std::move(place.files);
  host.hdf5_invvar_dataset = std::move(place.dataset);
  if (!host.cutout_files) return;
  host.cutout_files->weight_extension = std::move(place.extension);
  host.cutout_files->weights = std::move(place.beside);
}

void read_weight_and_masks(const Section& cutouts, RunConfig& config) {
  auto& host = config.host;
  const bool old_key = !host.invvar_files.empty() || !host.hdf5_invvar_dataset.empty();
  if (cutouts.has("weight")) {
    if (old_key) {
      cutouts.problem("weight", "give either this or `invvar` (`invvar_dataset`)");
    }
    read_weight(cutouts, config);
  }
  const Section masks = cutouts.section("masks");
  for (const auto& name : masks.keys()) {
    const Section mask = masks.member(name, "<name>");
    host.masks.push_back(read_mask(mask));
    take_place(read_place(mask, config), host.masks.back());
  }
  host.masks_pixels =
      cutouts.has("weight") || !host.masks.empty() || host.cutout_files.has_value();
  if (host.masks_pixels) {
    host.min_valid_fraction = cutouts.number(
        "min_valid_fraction", above_up_to(0.0, 1.0), host.min_valid_fraction);
  }
}

void read_files(const Section& cutouts, RunConfig& config) {
  auto& out = config.host.cutout_files.emplace();
  out.images = read_file_list(cutouts, "files");
  if (cutouts.has("extension")) out.image_extension = cutouts.text("extension");
  const bool own_table = !out.images.column.empty() && out.images.table.empty();
  if (own_table && config.catalogue.kind != CatalogueKind::file) {
    cutouts.problem("files",
                    "is a column of the catalogue, but the catalogue is no file; name "
                    "the table: {column: NAME, table: FILE}");
  }
  out.band_order = cutouts.texts("band_order", std::vector<std::string>{});
  for (const auto& band : config.bands) {
    if (out.band_order.empty() ||
        std::ranges::find(out.band_order, band) != out.band_order.end()) {
      continue;
    }
    cutouts.problem("band_order", fmt::format("lacks the run's band {}", band));
  }
  if (cutouts.has("id_card")) out.id_card = cutouts.text("id_card");
  if (!cutouts.has("id_column")) return;
  out.id_column = cutouts.text("id_column");
  if (out.images.column.empty()) {
    cutouts.problem("id_column",
                    "is a column of the table of `files: {column: NAME, table: FILE}`");
  } else if (!out.id_card.empty()) {
    cutouts.problem("id_column", "give either this or `id_card`");
  }
}

void read_hdf5(const Section& cutouts, HostSection& host) {
  host.hdf5_file = cutouts.existing_file("file");
  host.hdf5_dataset = cutouts.text("dataset");
  if (cutouts.has("invvar_dataset")) {
    host.hdf5_invvar_dataset = cutouts.text("invvar_dataset");
  }
  if (cutouts.has("id_dataset")) host.hdf5_id_dataset = cutouts.text("id_dataset");
}

void read_cubes(const Section& cutouts, RunConfig& config) {
  for (const auto& band : config.bands) {
    if (!cutouts.has(band)) {
      cutouts.problem(
          band,
          "required, but missing (the FITS cube of this band; or `file` "
          "and `dataset` for all bands, or `files` with one file per host)");
      continue;
    }
    config.host.files[band] = cutouts.existing_file(band);
  }
  if (!cutouts.has("invvar")) return;
  config.host.invvar_files = files_by_band(cutouts.section("invvar"), config.bands);
}

void read_images(const Section& cutouts, RunConfig& config) {
  if (cutouts.has("files")) return read_files(cutouts, config);
  if (cutouts.has("file")) return read_hdf5(cutouts, config.host);
  read_cubes(cutouts, config);
}

bool has_weight(const HostSection& host) {
  const auto& files = host.cutout_files;
  return !host.invvar_files.empty() || !host.hdf5_invvar_dataset.empty() ||
         (files && (!files->weight_extension.empty() || files->weights.given()));
}

}  // namespace

void read_cutouts(const Section& host, RunConfig& config) {
  const Section cutouts = host.section("cutouts");
  auto& out = config.host;
  read_images(cutouts, config);
  if (const auto unit = cutouts.one_of(units_of_images)) {
    if (*unit == "units") {
      cutouts.choice<bool>("units", image_units);
    } else {
      out.zero_point_mag = cutouts.number("zero_point_mag", closed(0.0, 60.0));
    }
  }
  if (out.cutout_files && !cutouts.has("pixel_scale_arcsec")) {
    out.pixel_scale_arcsec = config.grid.pixel_scale_arcsec;
    out.cutout_files->scale_from_header = true;
  } else {
    out.pixel_scale_arcsec =
        cutouts.number("pixel_scale_arcsec", above_up_to(0.0, 100.0));
  }
  out.mag_aperture_arcsec =
      cutouts.number("mag_aperture_arcsec", positive, out.mag_aperture_arcsec);
  out.centre = cutouts.choice<HostCentre>("centre", centres, out.centre);
  out.policy = cutouts.choice<HostPolicy>("host_policy", policies, out.policy);
  out.random_rotation = cutouts.flag("random_rotation", out.random_rotation);
  out.random_flip = cutouts.flag("random_flip", out.random_flip);
  read_weight_and_masks(cutouts, config);
  out.invvar_includes_source_poisson =
      cutouts.optional_flag("invvar_includes_source_poisson");
  out.accept_header_mismatch =
      cutouts.flag("accept_header_mismatch", out.accept_header_mismatch);
  out.accept_weight_mismatch =
      cutouts.flag("accept_invvar_mismatch", out.accept_weight_mismatch);
  if (has_weight(out) && !out.invvar_includes_source_poisson) {
    cutouts.problem("invvar_includes_source_poisson",
                    "required with invvar, but missing (true or false: whether the "
                    "host's own Poisson noise is in it)");
  }
  if (out.cutout_files && !out.cutout_files->images.column.empty() &&
      out.cutout_files->images.table.empty() && !config.catalogue.cuts.empty()) {
    cutouts.problem("files",
                    "each row of the catalogue names its host's file, of which "
                    "catalogue.file.cuts leaves some out; cut the file itself, or name "
                    "the hosts' files by a table of their own and host_index");
  }
  // A band that the run leaves out still has a file name here.
  for (const auto& key : cutouts.keys()) {
    const Node* value = cutouts.raw(key);
    const bool is_fits =
        value != nullptr && value->scalar.find(".fits") != std::string::npos;
    if (is_fits && !out.files.empty() && !cutouts.asked(key)) {
      cutouts.has(key);
      cutouts.warning(key, "not used (the run has no such band)");
    }
  }
}

}  // namespace lensmill::config
