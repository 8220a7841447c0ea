#include <fmt/format.h>

#include "lib/catalogue/plan_builder.hpp"

/// \file
/// How the lens's mass and shape follow from velocity dispersion and light.

namespace lensmill::catalogue {

LensMass PlanBuilder::lens_mass() {
  const auto* source = sources_.find("lens_sigma_v_km_s");
  if (source == nullptr || given("theta_e_arcsec")) return LensMass::theta_e;
  if (source->origin != Origin::prior) return LensMass::velocity_dispersion;
  const auto& prior = config_.priors.entries[source->index].prior;
  return std::holds_alternative<FaberJackson>(prior) ? LensMass::faber_jackson
                                                     : LensMass::velocity_dispersion;
}

Slot PlanBuilder::derive_theta_e(const std::string& name) {
  if (!given("lens_sigma_v_km_s")) {
    missing(name, fmt::format("`{}` (or `lens_sigma_v_km_s`, `lens_redshift` and "
                              "`src_redshift`)",
                              name));
    return no_slot;
  }
  const Slot sigma_v = need("lens_sigma_v_km_s");
  const Slot lens = need("lens_redshift");
  const Slot source = need("src_redshift");
  if (sigma_v == no_slot || lens == no_slot || source == no_slot) return no_slot;
  check_redshifts();
  const Slot ratio = emit(
      {.operation = Operation::distance_ratio, .a = lens, .b = source}, "D_ls/D_s");
  return emit({.operation = Operation::theta_e, .a = sigma_v, .b = ratio}, name);
}

void PlanBuilder::check_redshifts() {
  const auto sampler_of = [&](const char* name) -> const Sampler* {
    const auto* source = sources_.find(name);
    if (source == nullptr || source->origin != Origin::prior) return nullptr;
    return std::get_if<Sampler>(&config_.priors.entries[source->index].prior);
  };
  const auto* lens = sampler_of("lens_redshift");
  const auto* source = sampler_of("src_redshift");
  if (lens == nullptr || source == nullptr) return;
  const double farthest = quantile(*lens, 1.0 - tail_probability);
  const double nearest = quantile(*source, tail_probability);
  if (nearest > farthest) return;
  complain(fmt::format(
      "{}: must be larger than lens_redshift in every row (the priors overlap: it "
      "reaches down to {:.6g}, lens_redshift up to {:.6g}); bound them with min and "
      "max, "
      "or give both in a joint table or the catalogue",
      sources_.find("src_redshift")->where, nearest, farthest));
}

Slot PlanBuilder::derive_absolute_mag(const std::string& name) {
  if (plan_.faber_jacksons.empty()) {
    missing(name, "`" + name + "`");
    return no_slot;
  }
  const auto host_mag = "host_mag_" + plan_.faber_jacksons[0].band;
  const Slot mag = need(host_mag);
  const Slot redshift = need("lens_redshift");
  if (mag == no_slot || redshift == no_slot) return no_slot;
  return emit({.operation = Operation::absolute_mag, .a = mag, .b = redshift}, name);
}

Slot PlanBuilder::from_faber_jackson(const ValueSource& source,
                                     const FaberJackson& relation) {
  const auto quantity = source.quantity;
  if (config_.needs.host == HostSource::none && !given("host_absolute_mag")) {
    complain(
        fmt::format("{}: faber_jackson needs a host (the run has none); add one, or "
                    "give host_absolute_mag or lens_sigma_v_km_s itself",
                    source.where));
    return no_slot;
  }
  if (config_.needs.host == HostSource::sersic && given("host_absolute_mag")) {
    complain(
        fmt::format("{}: follows from host_mag_{} and lens_redshift (a value must "
                    "have one origin); remove it",
                    sources_.find("host_absolute_mag")->where, relation.band));
    return no_slot;
  }
  plan_.faber_jacksons.push_back(relation);
  const Slot mag = need("host_absolute_mag");
  if (mag == no_slot) return no_slot;
  return emit_draw({.operation = Operation::faber_jackson, .a = mag}, 1, quantity,
                   source.name);
}

Slot PlanBuilder::from_host_shape(const ValueSource& source, const FromHost& prior) {
  const bool is_angle = source.quantity.quantity->name == "lens_phi_rad";
  if (config_.needs.host != HostSource::sersic) {
    complain(fmt::format(
        "{}: from_host needs synthetic hosts ({}); give {} another prior", source.where,
        config_.needs.host == HostSource::none ? "the run has no host"
                                               : "the shape of cutouts is not measured",
        source.name));
    return no_slot;
  }
  const Slot host = need(is_angle ? "host_phi_rad" : "host_q");
  if (host == no_slot) return no_slot;
  plan_.from_hosts.push_back(prior);
  return emit_draw(
      {.operation = is_angle ? Operation::host_angle : Operation::host_axis_ratio,
       .a = host,
       .payload = plan_.from_hosts.size() - 1},
      1, source.quantity, source.name);
}

}  // namespace lensmill::catalogue
