#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "stages/config/psf_kinds.hpp"
#include "stages/config/read_sampler.hpp"
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

/// The file, and what in it is this band's.
void read_file(const Section& section, PsfSection& out) {
  out.file = section.existing_file("file");
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
  section.describe("plane", "integer or `all`", "in [0, 1000000]");
  if (section.is_word("plane", "all")) {
    section.record_word("plane", "all");
    out.plane_all_stated = true;
  } else if (section.has("plane")) {
    out.plane = static_cast<int>(section.integer("plane", closed(0, 1000000)));
  }
}

void read_pixelised(const Section& section, PsfSection& out) {
  read_file(section, out);
  read_plane(section, out);
  if (section.has("dataset")) out.dataset = section.text("dataset");
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

void read_psfex(const Section& section, const std::string& band, PsfSection& out) {
  read_file(section, out);
  if (section.has("ccdname")) out.ccdname = section.text("ccdname");
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
  } else if (section.has("position")) {
    out.position_uniform_ccd = section.section("position").flag("uniform_ccd");
    if (!out.position_uniform_ccd && section.is_map("position")) {
      section.problem("position",
                      "must be {uniform_ccd: true}, host or [x, y]; leave it out "
                      "if the catalogue gives psf_x_pix and psf_y_pix");
    }
  }
  read_wings(section, band, out);
  read_stored_kernel_policy(section, out);
  read_accepted_offset(section, out);
}

PsfSection read_band(const Section& section, const std::string& band,
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
      read_beta(section, config);
      break;
    case PsfKind::pixelised: read_pixelised(section, out); break;
    case PsfKind::psfex: read_psfex(section, band, out); break;
  }
  return out;
}

}  // namespace

void read_psf(const Section& root, RunConfig& config) {
  const Section psf = root.required_section("psf");
  config.psf.clear();
  for (const auto& band : config.bands) {
    if (!psf.has(band) && root.is_map("psf")) {
      psf.problem(band, "required, but missing (every band needs its PSF)");
    }
    if (psf.has(band)) {
      config.psf.push_back(read_band(psf.member(band, "<band>"), band, config));
    } else {
      config.psf.emplace_back();
    }
  }
  config.accept_failed_self_test = psf.flag(acceptance, false);
  warn_unused_bands(psf, config.bands, acceptance);
}

}  // namespace lensmill::config
