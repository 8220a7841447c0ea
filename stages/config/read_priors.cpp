#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numbers>

#include "lib/catalogue/quantities.hpp"
#include "lib/config/suggest.hpp"
#include "stages/config/read_joint_tables.hpp"
#include "stages/config/read_sampler.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

constexpr std::array<std::string_view, 3> offset_forms = {"disc", "radius_over_theta_e",
                                                          "radius_arcsec"};
constexpr std::array<std::string_view, 2> disc_radii = {"radius_over_theta_e",
                                                        "radius_arcsec"};

/// `src_offset`: a disc, or a distribution of the distance with its direction.
void read_offset(const Section& priors, catalogue::Priors& out) {
  const Section form = priors.section("src_offset");
  if (!priors.is_map("src_offset")) return;
  const auto kind = form.one_of(offset_forms);
  if (!kind) return form.ignore_rest();
  if (*kind == "disc") {
    const Section disc = form.section("disc");
    const auto unit = disc.one_of(disc_radii);
    if (!unit) return disc.ignore_rest();
    const double radius = disc.number(*unit, non_negative);
    catalogue::Disc prior;
    (*unit == "radius_arcsec" ? prior.radius_arcsec : prior.radius_over_theta_e) =
        radius;
    out.entries.push_back({"src_offset", prior, where(priors, "src_offset")});
    return;
  }
  const bool relative = *kind == "radius_over_theta_e";
  add_prior(form, *kind, relative ? "src_offset_over_theta_e" : "src_offset_arcsec",
            out);
  if (form.has("phi_deg")) {
    add_prior(form, "phi_deg", "src_offset_phi_deg", out);
  } else if (!add_prior(form, "phi_rad", "src_offset_phi_rad", out)) {
    form.record_uniform("phi_rad", 0.0, 2.0 * std::numbers::pi);
    out.entries.push_back({"src_offset_phi_rad",
                           catalogue::Sampler{catalogue::Uniform{
                               .min = 0.0, .max = 2.0 * std::numbers::pi}},
                           where(priors, "src_offset")});
  }
}

/// What to say about a name that is no quantity: the right unit, or the nearest name.
std::string suggest_quantity(const std::string& name, const BandNames& bands) {
  for (const auto& quantity : catalogue::all_quantities()) {
    if (without_unit(quantity.name) == without_unit(name) && !quantity.unit.empty()) {
      return fmt::format("the unit is part of the name: write {}", quantity.name);
    }
  }
  const auto nearest = catalogue::nearest_quantity(name, bands);
  if (!nearest.empty()) return fmt::format("did you mean {}?", nearest);
  return "docs/config-reference.md lists them";
}

}  // namespace

void read_cosmology(const Section& root, RunConfig& config) {
  const Section cosmology = root.section("cosmology");
  auto& out = config.cosmology;
  out.h0_km_s_mpc =
      cosmology.number("h0_km_s_mpc", above_up_to(0.0, 1000.0), out.h0_km_s_mpc);
  out.omega_m = cosmology.number("omega_m", closed(0.01, 1.0), out.omega_m);
}

void read_priors(const Section& root, RunConfig& config,
                 const TableOpener& open_table) {
  const Section priors = root.section("priors");
  config.priors.where = where(root, "priors");
  for (const auto& key : priors.keys()) {
    if (key == "src_offset") {
      read_offset(priors, config.priors);
    } else if (key == "joint_tables") {
      read_joint_tables(priors, config, open_table);
    } else if (priors.has(key) && !catalogue::find_quantity(key)) {
      priors.problem(key, "unknown quantity; " + suggest_quantity(key, config.bands));
    } else {
      add_prior(priors, key, key, config.priors);
    }
  }
}

}  // namespace lensmill::config
