#include <fmt/format.h>

#include <numbers>

#include "lib/catalogue/plan_builder.hpp"
#include "lib/core/units.hpp"

/// \file
/// How a quantity follows from others when nothing gives it itself.

namespace lensmill::catalogue {
namespace {

constexpr std::size_t no_link = static_cast<std::size_t>(-1);

/// `name` with its ending replaced.
std::string with_ending(std::string_view name, std::string_view old_ending,
                        std::string_view new_ending) {
  return std::string(name.substr(0, name.size() - old_ending.size())) +
         std::string(new_ending);
}

}  // namespace

Slot PlanBuilder::derive(const std::string& name, const QuantityName& quantity) {
  const auto base = quantity.quantity->name;
  if (base.ends_with("_phi_rad")) {
    const auto degrees = with_ending(name, "_rad", "_deg");
    if (given(degrees)) {
      const Slot from = need(degrees);
      return emit(
          {.operation = Operation::scaled, .a = from, .c = std::numbers::pi / 180.0},
          name);
    }
    missing(name, fmt::format("`{}` or `{}`", name, degrees));
    return no_slot;
  }
  if (base.ends_with("_q")) {
    const auto ellipticity = with_ending(name, "_q", "_ellipticity");
    if (given(ellipticity)) {
      return emit({.operation = Operation::axis_ratio, .a = need(ellipticity)}, name);
    }
    missing(name, fmt::format("`{}` or `{}`", name, ellipticity));
    return no_slot;
  }
  if (base == "shear_g1" || base == "shear_g2") {
    if (!given("shear_magnitude") && !given("shear_phi_rad") &&
        !given("shear_phi_deg")) {
      missing(name,
              fmt::format("`{}` (or `shear_magnitude` and `shear_phi_rad`)", name));
      return no_slot;
    }
    const Slot magnitude = need("shear_magnitude");
    const Slot phi = need("shear_phi_rad");
    if (magnitude == no_slot || phi == no_slot) return no_slot;
    emit({.operation = Operation::shear, .a = magnitude, .b = phi}, "shear_g1",
         "shear_g2");
    return known(name);
  }
  if (base == "theta_e_arcsec") return derive_theta_e(name);
  if (base == "host_absolute_mag") return derive_absolute_mag(name);
  if (base == "src_x_arcsec" || base == "src_y_arcsec") {
    return derive_source_position(name);
  }
  if (base == "src_offset_arcsec" && given("src_offset_over_theta_e")) {
    const Slot relative = need("src_offset_over_theta_e");
    const Slot theta_e = need("theta_e_arcsec");
    if (theta_e == no_slot) return no_slot;
    return emit({.operation = Operation::product, .a = relative, .b = theta_e}, name);
  }
  if (base == "psf_fwhm_pix") {
    const auto arcsec = "psf_fwhm_arcsec_" + quantity.band;
    if (given(arcsec)) {
      return emit({.operation = Operation::scaled,
                   .a = need(arcsec),
                   .c = 1.0 / config_.needs.pixel_scale_arcsec},
                  name);
    }
    missing(name, fmt::format("`{}` or `{}`", name, arcsec));
    return no_slot;
  }
  if (quantity.quantity->suffix == Suffix::knot) return derive_knots(name);
  if (base == "src_reff_arcsec" && config_.needs.source_image_count > 0) {
    const Slot image = need("src_image_index");
    if (image == no_slot) return no_slot;
    return emit({.operation = Operation::source_reff, .a = image}, name);
  }
  const bool is_source = base.starts_with("src_");
  const auto object = is_source ? std::string("src") : std::string("host");
  if (base.ends_with("flux_nmgy") || base == "src_mag" || base == "host_mag") {
    const auto mag_name = object + "_mag_" + quantity.band;
    const Slot mag =
        magnitude(sources_.photometry.node(object + " " + quantity.band), no_link);
    if (mag == no_slot) {
      missing(
          name,
          fmt::format("`{0}_flux_nmgy_{1}` or `{2}`, or colours that lead to {1} "
                      "from a band whose magnitude is given{3}",
                      object, quantity.band, mag_name,
                      is_source ? " (`src_mag_minus_host_mag_<band>` counts, with the "
                                  "host's magnitude)"
                                : ""));
      return no_slot;
    }
    if (base.ends_with("_mag")) return mag;
    return emit({.operation = Operation::flux_from_mag, .a = mag}, name);
  }
  return derive_host_or_index(name, quantity);
}

Slot PlanBuilder::derive_source_position(const std::string& name) {
  if (auto* source = sources_.find("src_offset")) {
    source->used = true;
    const auto& disc = std::get<Disc>(config_.priors.entries[source->index].prior);
    const auto quantity = source->quantity;
    Step step{.operation = Operation::disc};
    if (disc.radius_over_theta_e) {
      step.a = need("theta_e_arcsec");
      step.c = *disc.radius_over_theta_e;
      if (step.a == no_slot) return no_slot;
    } else {
      step.c = *disc.radius_arcsec;
    }
    emit_draw(step, 2, quantity, "src_x_arcsec", "src_y_arcsec");
    return known(name);
  }
  bool polar = false;
  for (const char* part : {"src_offset_arcsec", "src_offset_over_theta_e",
                           "src_offset_phi_rad", "src_offset_phi_deg"}) {
    polar = polar || given(part);
  }
  if (!polar) {
    missing(name, fmt::format("`{}` (or for both axes `src_offset`, or "
                              "`src_offset_arcsec` and `src_offset_phi_rad`)",
                              name));
    return no_slot;
  }
  const Slot offset = need("src_offset_arcsec");
  const Slot phi = need("src_offset_phi_rad");
  if (offset == no_slot || phi == no_slot) return no_slot;
  emit({.operation = Operation::polar, .a = offset, .b = phi}, "src_x_arcsec",
       "src_y_arcsec");
  return known(name);
}

Slot PlanBuilder::derive_knots(const std::string& name) {
  KnotDraw knots{.number = need("src_knots"),
                 .reff = need("src_reff_arcsec"),
                 .q = need("src_q"),
                 .phi = need("src_phi_rad")};
  for (const Slot input : {knots.number, knots.reff, knots.q, knots.phi}) {
    if (input == no_slot) return no_slot;
  }
  // One step makes all that is not given of all knots.
  const auto make = [&](const std::string& base, int k) {
    const auto column = fmt::format("{}_{}", base, k);
    if (given(column)) return no_slot;
    const Slot at = slot(column);
    ready_.resize(slot_names_.size(), false);
    ready_[static_cast<std::size_t>(at)] = true;
    return at;
  };
  for (int k = 0; k < config_.needs.knot_count; ++k) {
    knots.of.push_back({.x = make("src_knot_x_arcsec", k),
                        .y = make("src_knot_y_arcsec", k),
                        .reff = make("src_knot_reff_arcsec", k),
                        .share = make("src_knot_flux_share", k)});
  }
  plan_.knot_draws.push_back(std::move(knots));
  plan_.steps.push_back(
      {.operation = Operation::knots, .payload = plan_.knot_draws.size() - 1});
  return known(name);
}

Slot PlanBuilder::derive_host_or_index(const std::string& name,
                                       const QuantityName& quantity) {
  const auto base = quantity.quantity->name;
  const auto whole_number = [&](std::int64_t n) {
    return emit_draw(
        {.operation = Operation::whole_number, .c = static_cast<double>(n)}, 1,
        quantity, name);
  };
  const auto zero = [&] { return emit({.operation = Operation::constant}, name); };
  if (base == "lens_x_arcsec" || base == "lens_y_arcsec") return zero();
  if (base == "host_index" && config_.needs.host == HostSource::cutouts) {
    if (config_.hosts.policy == HostPolicy::once) {
      return emit({.operation = Operation::host_once}, name);
    }
    return whole_number(config_.hosts.count);
  }
  if (base == "host_rotation") {
    return config_.hosts.random_rotation ? whole_number(4) : zero();
  }
  if (base == "host_flip") return config_.hosts.random_flip ? whole_number(2) : zero();
  if (base == "src_image_index" && config_.needs.source_image_count > 0) {
    return whole_number(config_.needs.source_image_count);
  }
  if (base == "src_image_flip") {
    return config_.sources.random_flip ? whole_number(2) : zero();
  }
  if (base == "psf_index") {
    for (std::size_t band = 0; band < config_.needs.bands.size(); ++band) {
      const auto count = config_.needs.psf_count[band];
      if (config_.needs.bands[band] != quantity.band || count < 1) continue;
      return count == 1 ? zero() : whole_number(count);
    }
  }
  missing(name, "`" + name + "`");
  return no_slot;
}

Slot PlanBuilder::magnitude(int node, std::size_t from_link) {
  const auto& graph = sources_.photometry;
  std::string name = graph.name(node);  // "src r"
  const auto space = name.find(' ');
  name = name.substr(0, space) + "_mag_" + name.substr(space + 1);
  if (const Slot at = known(name); at != no_slot) return at;
  const auto links = graph.links();
  for (std::size_t i = 0; i < links.size(); ++i) {
    const auto& link = links[i];
    if (i == from_link || (link.a != node && link.b != node)) continue;
    auto& source = sources_.list[link.source];
    if (link.b == Photometry::absolute) {
      if (source.quantity.quantity->name == "src_target_snr") {
        source.used = true;
        return emit({.operation = Operation::constant, .c = nanomaggy_zero_point_mag},
                    name);
      }
      const Slot value = need(source.name);
      if (value == no_slot) return no_slot;
      if (source.quantity.quantity->name.ends_with("_mag")) return value;
      return emit({.operation = Operation::mag_from_flux, .a = value}, name);
    }
    const Slot base = magnitude(link.a == node ? link.b : link.a, i);
    if (base == no_slot) continue;
    const Slot difference = need(sources_.list[link.source].name);
    if (difference == no_slot) return no_slot;
    return emit({.operation = Operation::sum,
                 .a = base,
                 .b = difference,
                 .c = link.a == node ? 1.0 : -1.0},
                name);
  }
  return no_slot;
}

}  // namespace lensmill::catalogue
