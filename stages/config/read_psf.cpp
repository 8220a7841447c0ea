#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "stages/config/psf_kinds.hpp"
#include "stages/config/read_sampler.hpp"
#include "stages/config/read_weights.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

constexpr Named<Normalisation> normalisations[] = {{"unit", Normalisation::unit},
                                                   {"keep", Normalisation::keep}};
constexpr Named<Centring> centrings[] = {{"keep", Centring::keep},
                                         {"recentre", Centring::recentre}};
constexpr std::array<std::string_view, 2> width_keys = {"fwhm_arcsec", "fwhm_pix"};
constexpr std::array<std::string_view, 2> size_keys = {"size_pix", "enclosed_energy"};
// Whether they are those of the CCDs with compact wings in z.
constexpr Named<bool> published_wings[] = {{"legacysurvey_dr9", false},
                                           {"legacysurvey_dr9_compact", true}};
constexpr std::string_view acceptance = "accept_failed_self_test";
constexpr std::string_view shared_key = "all";  // what the bands share

void read_width(const Section& section, const std::string& band, RunConfig& config) {
  const auto unit = section.one_of(width_keys, Presence::optional);
  if (!unit) return;  // the priors or the catalogue may give it
  add_prior(section, *unit, fmt::format("psf_{}_{}", *unit, band), config.priors);
}

void read_size(const Section& section, PsfSection& out) {
  if (section.one_of(size_keys, Presence::optional) == "size_pix") {
    const auto size = section.integers("size_pix", closed(1, 4096));
    if (size.size() != 2) {
      section.problem(
          "size_pix",
          fmt::format("must be [y, x] in pixels (got a list of {})", size.size()));
      return;
    }
    out.size_pix = {static_cast<int>(size[0]), static_cast<int>(size[1])};
    return;
  }
  section.describe("enclosed_energy", "auto or number", open(0.0, 1.0).range(), "auto");
  if (!section.has("enclosed_energy") || section.is_word("enclosed_energy", "auto")) {
    out.enclosed_energy = 0.0;
    section.record_word("enclosed_energy", "auto");
    return;
  }
  out.enclosed_energy = section.number("enclosed_energy", open(0.0, 1.0));
}

void read_analytic(const Section& section, const std::string& band, PsfSection& out,
                   RunConfig& config) {
  read_width(section, band, config);
  out.q = section.number("q", above_up_to(0.0, 1.0), out.q);
  out.phi_rad = section.number("phi_rad", any_number, out.phi_rad);
  read_size(section, out);
  out.normalisation = section.choice<Normalisation>("normalisation", normalisations,
                                                    Normalisation::unit);
}

/// The row has one psf_moffat_beta, so all Moffat bands must state the same.
void read_beta(const Section& section, RunConfig& config) {
  if (!section.has("beta")) return;
  auto& entries = config.priors.entries;
  const auto first = std::find_if(
      entries.begin(), entries.end(), [](const catalogue::PriorEntry& entry) {
        return entry.quantity == "psf_moffat_beta" && entry.where.starts_with("psf.");
      });
  if (first == entries.end()) {
    add_prior(section, "beta", "psf_moffat_beta", config.priors);
    return;
  }
  const auto prior = read_prior(section, "beta");
  const auto constant_of = [](const catalogue::Prior& p) -> const catalogue::Constant* {
    const auto* sampler = std::get_if<catalogue::Sampler>(&p);
    return sampler ? std::get_if<catalogue::Constant>(sampler) : nullptr;
  };
  const auto* a = constant_of(first->prior);
  const auto* b = prior ? constant_of(*prior) : nullptr;
  if (prior && (a == nullptr || b == nullptr || a->value != b->value)) {
    section.problem("beta",
                    fmt::format("a row has one psf_moffat_beta for all bands; it "
                                "is given by {} already: give the same number "
                                "here, or leave beta out",
                                first->where));
  }
}

void read_stored_kernel_policy(const Section& section, PsfSection& out) {
  out.normalisation = section.choice<Normalisation>("normalisation", normalisations);
  out.centring = section.choice<Centring>("centring", centrings);
}

/// A column of a table that has a row for each host.
HostColumn read_host_column(const Section& map, std::string_view key) {
  HostColumn column{.column = map.text(key), .table = {}};
  if (map.has("table")) column.table = map.existing_file("table");
  return column;
}

/// One file for each host, or a file; and what in it is this band's.
void read_file(const Section& section, PsfSection& out) {
  if (section.has("file_per_host")) {
    out.file_per_host = read_file_list(section, "file_per_host");
    if (section.has("file")) {
      section.problem("file", "give either this or `file_per_host`");
    }
    if (section.has("id_card")) out.id_card = section.text("id_card");
    out.accept_other_ids = section.flag("accept_other_ids", false);
  } else {
    out.file = section.existing_file("file");
  }
  if (section.has("hdu")) {
    out.hdu = static_cast<int>(section.integer("hdu", closed(0, 10000)));
  }
  if (section.has("file_band")) out.file_band = section.text("file_band");
}

void read_accepted_offset(const Section& section, PsfSection& out) {
  out.accept_offset_pix =
      section.optional_number("accept_offset_pix", closed(0.0, 1000.0));
}

void read_plane(const Section& section, PsfSection& out) {
  section.describe("plane", "integer, `all` or `host`", "in [0, 1000000]");
  if (section.is_word("plane", "all")) {
    section.record_word("plane", "all");
    out.plane_all_stated = true;
  } else if (section.is_word("plane", "host")) {
    section.record_word("plane", "host");
    out.plane_of_host = true;
    if (out.file_per_host.given()) {
      section.problem("plane",
                      "`host` is for a cube with a plane for each host; it "
                      "goes without file_per_host");
    }
    if (section.has("id_dataset")) out.id_dataset = section.text("id_dataset");
  } else if (section.has("plane")) {
    out.plane = static_cast<int>(section.integer("plane", closed(0, 1000000)));
  }
}

void read_pixelised(const Section& section, PsfSection& out) {
  read_file(section, out);
  read_plane(section, out);
  if (section.has("dataset")) out.dataset = section.text("dataset");
  if (out.file_per_host.given()) {
    out.band_order = section.texts("band_order", std::vector<std::string>{});
    if (!out.dataset.empty()) {
      section.problem("dataset", "file_per_host takes FITS files, which have none");
    }
  }
  if (section.has("dataset") && section.has("hdu")) {
    section.problem("hdu",
                    "goes without dataset (one is for FITS, the other for HDF5)");
  }
  out.includes_pixel = section.flag("includes_pixel");
  out.samples_per_pixel =
      static_cast<int>(section.integer("samples_per_pixel", closed(1, 64), 1));
  read_stored_kernel_policy(section, out);
  read_accepted_offset(section, out);
}

void read_position_offset(const Section& section, PsfSection& out) {
  section.describe("position_offset_pix", "`header` or a list of numbers", "",
                   "[0, 0]");
  if (section.is_word("position_offset_pix", "header")) {
    section.record_word("position_offset_pix", "header");
    out.position_offset_from_header = true;
    return;
  }
  out.position_offset_pix =
      section.pair("position_offset_pix", any_number, out.position_offset_pix);
}

psf::OuterWings read_stated_wings(const Section& wings) {
  psf::OuterWings out;
  out.power_law = wings.number("power_law", non_negative, out.power_law);
  out.moffat_weight = wings.number("moffat_weight", non_negative, out.moffat_weight);
  if (out.moffat_weight > 0.0) {
    out.moffat_alpha_arcsec = wings.number("moffat_alpha_arcsec", positive);
    out.moffat_beta =
        wings.number("moffat_beta", Bounds{.lower = 1.0, .lower_open = true});
  }
  return out;
}

void read_wings(const Section& section, const std::string& band, PsfSection& out) {
  section.describe("outer_wings", "one of or a map", "", "none");
  if (!section.has("outer_wings") || section.is_none("outer_wings")) {
    section.record_none("outer_wings");
  } else if (section.is_map("outer_wings")) {
    out.outer_wings = read_stated_wings(section.section("outer_wings"));
  } else {
    const bool compact = section.choice<bool>("outer_wings", published_wings);
    out.outer_wings = psf::legacysurvey_dr9_wings(band, compact);
    if (!out.outer_wings) {
      section.problem("outer_wings",
                      fmt::format("DR9 has no such wings for band {} ({}); state them "
                                  "as {{power_law: ...}} or {{moffat_weight: ...}}",
                                  band, compact ? "z only" : "g, r, i, z"));
    }
  }
}

/// Where each host is on its CCD, by a table of the hosts.
void read_position_columns(const Section& position, PsfSection& out) {
  const auto names = position.texts("columns");
  std::string table;
  if (position.has("table")) table = position.existing_file("table");
  if (names.size() != 2) {
    position.problem(
        "columns", fmt::format("must be two names, of x and y (got {})", names.size()));
    return;
  }
  out.position_columns = {HostColumn{names[0], table}, HostColumn{names[1], table}};
}

void read_psfex(const Section& section, const std::string& band, PsfSection& out) {
  read_file(section, out);
  section.describe("ccdname", "text or a map");
  if (section.is_map("ccdname")) {
    out.ccdname_of_host = read_host_column(section.section("ccdname"), "column");
    if (out.file_per_host.given()) {
      section.problem("ccdname",
                      "a column names each host's model in one `file`; it "
                      "goes without file_per_host");
    }
  } else if (section.has("ccdname")) {
    out.ccdname = section.text("ccdname");
  }
  out.row = section.optional_integer("row", closed(0, 1.0e6)).value_or(-1);
  out.includes_pixel = section.flag("includes_pixel", true);
  if (!out.includes_pixel) {
    section.problem("includes_pixel",
                    "must be true: PSFEx models contain the pixel's response");
  }
  section.describe("position", "list of numbers or `host`");
  if (section.is_list("position")) {
    out.ccd_position = section.pair("position", any_number);
  } else if (section.is_word("position", "host")) {
    section.record_word("position", "host");
    out.position_of_host = true;
    read_position_offset(section, out);
  } else if (section.is_map("position") && section.section("position").has("columns")) {
    read_position_columns(section.section("position"), out);
  } else if (section.has("position")) {
    out.position_uniform_ccd = section.section("position").flag("uniform_ccd");
    if (!out.position_uniform_ccd && section.is_map("position")) {
      section.problem("position",
                      "must be {uniform_ccd: true}, {columns: [x, y], table: FILE}, "
                      "host or [x, y]; leave it out "
                      "if the catalogue gives psf_x_pix and psf_y_pix");
    }
  }
  if (out.position_uniform_ccd && out.per_host()) {
    section.problem("position",
                    "uniform_ccd is for one model; with a model for each "
                    "host state where each host is on its CCD");
  }
  out.extrapolate = section.flag("extrapolate", false);
  read_wings(section, band, out);
  read_stored_kernel_policy(section, out);
  read_accepted_offset(section, out);
}

/// \param has_beta whether an earlier band has given the row's psf_moffat_beta by the
/// key
///   that this band shares with it
PsfSection read_band(const Section& section, const std::string& band, bool has_beta,
                     RunConfig& config) {
  PsfSection out;
  if (!section.has("kind")) section.ignore_rest();
  const auto before = section.problem_count();
  std::vector<Named<PsfKind>> kinds;
  for (const auto& info : psf_kinds) kinds.emplace_back(info.name, info.kind);
  out.kind = section.choice<PsfKind>("kind", kinds);
  if (section.problem_count() > before) {
    section.ignore_rest();
    return out;
  }
  switch (out.kind) {
    case PsfKind::gaussian: read_analytic(section, band, out, config); break;
    case PsfKind::moffat:
      read_analytic(section, band, out, config);
      if (!has_beta) read_beta(section, config);
      if (has_beta) section.has("beta");
      break;
    case PsfKind::pixelised: read_pixelised(section, out); break;
    case PsfKind::psfex: read_psfex(section, band, out); break;
  }
  return out;
}

/// What is of one band by its nature. \throws nothing: reported
void refuse_unshareable(const Section& psf) {
  if (!psf.is_map(shared_key)) return;
  const Section shared = psf.section(shared_key);
  const auto refuse = [&](std::string_view key, const std::string& why) {
    shared.problem(key, why + "; state it in each band");
  };
  for (const std::string_view key : {"hdu", "file_band", "row"}) {
    if (shared.has(key)) refuse(key, "cannot be shared: it says what one band's is");
  }
  if (shared.has("plane") && !shared.is_word("plane", "host") &&
      !shared.is_word("plane", "all")) {
    refuse("plane", "cannot be shared: it says which plane is one band's");
  }
  if (shared.has("dataset") && shared.has("file")) {
    refuse("dataset",
           "cannot be shared with its file: it would be one PSF in all bands");
  }
  for (const auto key : width_keys) {
    if (shared.is_map(key)) {
      refuse(key, "cannot be shared: a width that is drawn is drawn for each band");
    }
  }
}

/// Give the bands what is stated under `psf.all`. \return the bands that have `beta` of
/// it
std::vector<std::string> share(const Section& psf, const BandNames& bands) {
  static const std::vector<Section::Alternatives> alternatives{
      {width_keys.begin(), width_keys.end()},
      {size_keys.begin(), size_keys.end()},
      {"phi_rad", "phi_deg"},
      {"file", "file_per_host"}};
  psf.describe(shared_key, "map");
  if (!psf.has(shared_key) || std::ranges::find(bands, shared_key) != bands.end()) {
    return {};
  }
  std::vector<std::string> sharing;
  for (const auto& band : bands) {
    const Node* own = psf.raw(band);
    const bool shares = own == nullptr || own->find("beta") == nullptr;
    if (shares && psf.raw(shared_key)->find("beta") != nullptr) sharing.push_back(band);
  }
  psf.share(shared_key, bands, alternatives);
  refuse_unshareable(psf);
  psf.section(shared_key).ignore_rest();  // the bands read what is in it
  return sharing;
}

}  // namespace

void read_psf(const Section& root, RunConfig& config) {
  const Section psf = root.required_section("psf");
  config.psf.clear();
  const auto sharing = share(psf, config.bands);
  bool beta_is_given = false;
  for (const auto& band : config.bands) {
    if (!psf.has(band) && root.is_map("psf")) {
      psf.problem(band, "required, but missing (every band needs its PSF)");
    }
    if (psf.has(band)) {
      const bool shares = std::ranges::find(sharing, band) != sharing.end();
      config.psf.push_back(
          read_band(psf.member(band, "<band>"), band, shares && beta_is_given, config));
      beta_is_given =
          beta_is_given || (shares && config.psf.back().kind == PsfKind::moffat);
    } else {
      config.psf.emplace_back();
    }
  }
  config.accept_failed_self_test = psf.flag(acceptance, false);
  warn_unused_bands(psf, config.bands, {acceptance, shared_key});
}

}  // namespace lensmill::config
