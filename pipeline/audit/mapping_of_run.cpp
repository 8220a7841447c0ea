#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/catalogue/quantities.hpp"
#include "lib/config/parse.hpp"
#include "lib/core/errors.hpp"
#include "pipeline/archive/config_identity.hpp"
#include "pipeline/audit/mapping.hpp"

namespace lensmill::pipeline {
namespace {

using config::Node;

/// What follows from other columns, or from what an audit does without.
constexpr std::array<std::string_view, 6> not_given{
    "lens_redshift", "src_redshift",       "lens_sigma_v_km_s",
    "src_image_id",  "src_image_turn_rad", "src_target_snr"};
constexpr std::array<std::string_view, 4> given_prefixes{"theta_e_", "lens_", "shear_",
                                                         "src_"};

bool is_needed(const std::string& name) {
  if (std::ranges::find(not_given, name) != not_given.end()) return false;
  if (name.starts_with("psf_")) return true;
  // An arc's PSF is turned with its host.
  if (name == "host_rotation" || name == "host_flip") return true;
  return std::ranges::any_of(given_prefixes,
                             [&](auto prefix) { return name.starts_with(prefix); });
}

void erase_key(Node& map, std::string_view key) {
  std::erase_if(map.entries, [&](const auto& entry) { return entry.key == key; });
}

/// A section of the configuration with what the rows' columns say taken out.
Node psf_without_rows(const Node& root, const BandNames& bands) {
  const Node* psf = root.find("psf");
  if (psf == nullptr) return {};
  Node result = *psf;
  for (const auto& band : bands) {
    Node* section = result.find(band);
    if (section == nullptr) continue;
    const Node* ccdname = section->find("ccdname");
    if (section->find("file_per_host") != nullptr ||
        (ccdname != nullptr && ccdname->kind == Node::Kind::map)) {
      throw DataError(fmt::format(
          "mapping: lensmill: psf.{}: the run's hosts had PSFs of their own, and an "
          "audit "
          "knows no hosts; write the mapping out in full (docs/audit.md), with the "
          "kernels as a list (`plane: all`) in the order of psf_index_{}",
          band, band));
    }
    // Rows say which kernel was theirs.
    if (Node* plane = section->find("plane");
        plane != nullptr && plane->scalar == "host") {
      plane->scalar = "all";
      erase_key(*section, "id_dataset");
    }
    for (const auto* key :
         {"fwhm_pix", "fwhm_arcsec", "beta", "position", "position_offset_pix"}) {
      erase_key(*section, key);
    }
  }
  return result;
}

/// Likewise of the source.
Node source_without_rows(const Node& root) {
  const Node* source = root.find("source");
  if (source == nullptr) return {};
  Node result = *source;
  if (Node* clumpy = result.find("clumpy")) {
    for (const auto* key : {"knots", "knot_flux_fraction"}) erase_key(*clumpy, key);
  }
  Node* point = result.find("point");
  Node* host = point != nullptr ? point->find("host") : nullptr;
  if (host != nullptr) erase_key(*host, "point_fraction");
  return result;
}

}  // namespace

AuditMapping mapping_of_run(const io::hdf5::File& file) {
  if (!file.has("provenance/resolved_yaml") || !file.has("catalogue")) {
    throw DataError(file.file_path() +
                    ": mapping: lensmill: not a file of `lensmill run` (it has no "
                    "/provenance/resolved_yaml); write the mapping out in full "
                    "(docs/audit.md)");
  }
  const auto texts = file.read_strings("provenance/resolved_yaml");
  const std::string source = file.file_path() + ":/provenance/resolved_yaml";
  config::Problems problems;
  const Node root = config::parse_yaml(texts.at(0), source, problems);
  // Not read as a configuration: it may name files (hosts) that are not here.
  const auto flat = flatten(texts.at(0), source);
  const auto number = [&](const std::string& key) {
    const auto at = flat.find(key);
    if (at == flat.end()) throw DataError(source + ": has no " + key);
    return std::stod(at->second);
  };

  AuditMapping map;
  map.grid = {.stamp_size_pix = static_cast<int>(number("grid.stamp_size_pix")),
              .pixel_scale_arcsec = number("grid.pixel_scale_arcsec")};
  for (std::size_t b = 0; flat.contains(fmt::format("bands[{}]", b)); ++b) {
    map.bands.push_back(flat.at(fmt::format("bands[{}]", b)));
  }
  const auto has = [&](const std::string& name) { return file.has("images/" + name); };
  if (has("positive") && has("negative")) {
    map.stamps = {.dataset = "images/positive", .negative = "images/negative"};
  } else if (has("arc")) {
    map.stamps = {.dataset = "images/arc", .negative = {}};
  } else {
    throw DataError(file.file_path() +
                    ": an audit needs the products positive and negative, or arc");
  }
  for (const auto& name : file.open_group("catalogue").dataset_names()) {
    const auto quantity = catalogue::find_quantity(name);
    if (quantity && is_needed(name)) {
      map.columns.columns.push_back({.ours = name,
                                     .theirs = "catalogue/" + name,
                                     .unit = std::string(quantity->quantity->unit),
                                     .zero_point_mag = {}});
    }
  }
  map.noise.stated = map.paired();
  for (std::size_t b = 0; b < map.bands.size(); ++b) {
    const auto key = "noise.gain_e_per_nmgy." + map.bands[b];
    if (flat.contains(key)) map.noise.gain_e_per_nmgy[b] = number(key);
    // Without electrons the difference has no noise: it must be stated.
    if (!(map.noise.gain_e_per_nmgy[b] > 0.0)) map.noise.stated = false;
  }
  map.psf = psf_without_rows(root, map.bands);
  if (const auto* node = root.find("convolve")) {
    map.convolve = *node;
    erase_key(map.convolve, "operator");
    // Legacy runs must say 1, which here would make the correct placement a discrete
    // one.
    const auto op = flat.find("convolve.operator");
    if (op != flat.end() && op->second == "legacy_ifftshift") map.convolve = {};
  }
  map.source = source_without_rows(root);
  if (const auto* node = root.find("render")) map.render = *node;
  return map;
}

std::string audit_config_yaml(const AuditMapping& map,
                              const std::vector<std::pair<std::string, double>>& given,
                              PsfPlacement placement) {
  const auto scalar = [](double value) {
    return Node::make_scalar(fmt::format("{:.17g}", value));
  };
  const auto list = [](std::vector<Node> items) {
    Node node;
    node.kind = Node::Kind::list;
    node.items = std::move(items);
    return node;
  };
  Node root = Node::make_map();
  const auto put = [&](const std::vector<std::string>& path, Node value) {
    config::set_at(root, path, std::move(value));
  };
  put({"schema"}, Node::make_scalar("1"));
  put({"run", "name"}, Node::make_string("audit"));
  put({"run", "seed"}, Node::make_scalar("1"));
  put({"grid", "pixel_scale_arcsec"}, scalar(map.grid.pixel_scale_arcsec));
  put({"grid", "stamp_size_pix"},
      Node::make_scalar(std::to_string(map.grid.stamp_size_pix)));
  std::vector<Node> bands;
  for (const auto& band : map.bands) bands.push_back(Node::make_string(band));
  put({"bands"}, list(bands));
  for (const auto& [name, value] : given) {
    put({"catalogue", "grid", name}, list({scalar(value)}));
  }
  if (map.source.kind != Node::Kind::null) put({"source"}, map.source);
  put({"host"}, Node::make_scalar("none"));
  put({"psf"}, map.psf);
  if (map.render.kind != Node::Kind::null) put({"render"}, map.render);
  if (map.convolve.kind != Node::Kind::null) put({"convolve"}, map.convolve);
  // The stamps' code is imitated, and it rendered one grid, unless the mapping says
  // more.
  const bool states_margin =
      map.render.kind != Node::Kind::null && map.render.find("margin_pix") != nullptr;
  if (placement == PsfPlacement::legacy || !states_margin) {
    put({"render", "margin_pix"}, Node::make_scalar("0"));
  }
  if (placement == PsfPlacement::legacy) {
    put({"convolve"}, Node::make_map());
    put({"convolve", "operator"}, Node::make_scalar("legacy_ifftshift"));
    put({"convolve", "oversample"}, Node::make_scalar("1"));
    put({"convolve", "allow_double_pixel"}, Node::make_scalar("true"));
  }
  put({"noise"}, Node::make_scalar("none"));
  const double n = map.grid.stamp_size_pix;
  put({"measure", "annulus_pix"}, list({scalar(0.25 * n), scalar(0.45 * n)}));
  put({"output", "products"}, list({Node::make_scalar("arc")}));
  return config::emit_yaml(root);
}

}  // namespace lensmill::pipeline
