#include <algorithm>
#include <array>
#include <numbers>

#include "stages/config/read_sampler.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

constexpr std::array<std::string_view, 3> kinds = {"sersic", "cutouts", "survey"};

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
