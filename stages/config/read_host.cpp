#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numbers>

#include "stages/config/read_sampler.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

constexpr std::array<std::string_view, 3> kinds = {"sersic", "cutouts", "survey"};
constexpr std::array<std::string_view, 2> units_of_images = {"zero_point_mag", "units"};
constexpr Named<HostCentre> centres[] = {{"geometric", HostCentre::geometric},
                                         {"centroid", HostCentre::centroid}};
constexpr Named<HostPolicy> policies[] = {{"once", HostPolicy::once},
                                          {"reuse", HostPolicy::reuse}};
constexpr Named<bool> image_units[] = {{"nmgy", true}};

/// Whether a prior or a grid axis gives one of two names.
bool gives(const RunConfig& config, std::string_view a, std::string_view b) {
  const auto matches = [&](std::string_view name) { return name == a || name == b; };
  return std::any_of(config.priors.entries.begin(), config.priors.entries.end(),
                     [&](const auto& entry) { return matches(entry.quantity); }) ||
         std::any_of(config.catalogue.grid.begin(), config.catalogue.grid.end(),
                     [&](const auto& axis) { return matches(axis.column); });
}

void read_sersic(const Section& host, RunConfig& config) {
  const Section sersic = host.section("sersic");
  auto& priors = config.priors;
  add_prior(sersic, "reff_arcsec", "host_reff_arcsec", priors);
  add_prior(sersic, "n", "host_sersic_n", priors);
  add_prior(sersic, "q", "host_q", priors);
  add_prior(sersic, "ellipticity", "host_ellipticity", priors);
  add_prior(sersic, "phi_rad", "host_phi_rad", priors);
  add_prior(sersic, "phi_deg", "host_phi_deg", priors);
  // A file's own column must not meet a default that the user never wrote.
  const bool file_may_give = config.catalogue.kind == CatalogueKind::file &&
                             !config.catalogue.overrides_priors;
  if (!gives(config, "host_phi_rad", "host_phi_deg") && !file_may_give) {
    sersic.record_uniform("phi_rad", 0.0, std::numbers::pi);
    priors.entries.push_back(
        {.quantity = "host_phi_rad",
         .prior = catalogue::Sampler{catalogue::Uniform{0.0, std::numbers::pi}},
         .where = where(host, "sersic")});
  }
}

void read_cutout_files(const Section& cutouts, RunConfig& config) {
  auto& out = config.host;
  if (cutouts.has("file")) {
    out.hdf5_file = cutouts.existing_file("file");
    out.hdf5_dataset = cutouts.text("dataset");
    if (cutouts.has("invvar_dataset")) {
      out.hdf5_invvar_dataset = cutouts.text("invvar_dataset");
    }
    return;
  }
  for (const auto& band : config.bands) {
    if (!cutouts.has(band)) {
      cutouts.problem(band,
                      "required, but missing (the FITS cube of this band, or "
                      "`file` and `dataset` for all bands)");
      continue;
    }
    out.files[band] = cutouts.existing_file(band);
  }
  if (!cutouts.has("invvar")) return;
  const Section invvar = cutouts.section("invvar");
  for (const auto& band : config.bands) {
    out.invvar_files[band] = invvar.existing_file(band);
  }
  warn_unused_bands(invvar, config.bands);
}

void read_cutouts(const Section& host, RunConfig& config) {
  const Section cutouts = host.section("cutouts");
  auto& out = config.host;
  read_cutout_files(cutouts, config);
  if (const auto unit = cutouts.one_of(units_of_images)) {
    if (*unit == "units") {
      cutouts.choice<bool>("units", image_units);
    } else {
      out.zero_point_mag = cutouts.number("zero_point_mag", closed(0.0, 60.0));
    }
  }
  out.pixel_scale_arcsec =
      cutouts.number("pixel_scale_arcsec", above_up_to(0.0, 100.0));
  out.mag_aperture_arcsec =
      cutouts.number("mag_aperture_arcsec", positive, out.mag_aperture_arcsec);
  out.centre = cutouts.choice<HostCentre>("centre", centres, out.centre);
  out.policy = cutouts.choice<HostPolicy>("host_policy", policies, out.policy);
  out.random_rotation = cutouts.flag("random_rotation", out.random_rotation);
  out.random_flip = cutouts.flag("random_flip", out.random_flip);
  out.invvar_includes_source_poisson =
      cutouts.optional_flag("invvar_includes_source_poisson");
  out.accept_header_mismatch =
      cutouts.flag("accept_header_mismatch", out.accept_header_mismatch);
  out.accept_weight_mismatch =
      cutouts.flag("accept_invvar_mismatch", out.accept_weight_mismatch);
  const bool has_invvar = !out.invvar_files.empty() || !out.hdf5_invvar_dataset.empty();
  if (has_invvar && !out.invvar_includes_source_poisson) {
    cutouts.problem("invvar_includes_source_poisson",
                    "required with invvar, but missing (true or false: whether the "
                    "host's own Poisson noise is in it)");
  }
  // A band that the run leaves out still has a file name here.
  for (const auto& key : cutouts.keys()) {
    const Node* value = cutouts.raw(key);
    const bool is_fits =
        value != nullptr && value->scalar.find(".fits") != std::string::npos;
    if (is_fits && out.hdf5_file.empty() && !cutouts.asked(key)) {
      cutouts.has(key);
      cutouts.warning(key, "not used (the run has no such band)");
    }
  }
}

}  // namespace

void read_host(const Section& root, RunConfig& config) {
  if (!root.has("host") || root.is_none("host")) {
    config.host.kind = HostKind::none;
    root.record_none("host");
    return;
  }
  const Section host = root.section("host");
  const auto kind = host.one_of(kinds, config::required_if(root.is_map("host")));
  if (kind == "sersic") {
    config.host.kind = HostKind::sersic;
    read_sersic(host, config);
  } else if (kind == "cutouts") {
    config.host.kind = HostKind::cutouts;
    read_cutouts(host, config);
  } else if (kind == "survey") {
    config.host.kind = HostKind::cutouts;
    read_survey(host, config);
  } else {
    host.ignore_rest();
  }
}

}  // namespace lensmill::config
