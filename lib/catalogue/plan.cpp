#include "lib/catalogue/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/catalogue/mass_from_light.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"

namespace lensmill::catalogue {
namespace {

/// The uniform numbers behind one step, in order.
class Uniforms {
 public:
  Uniforms(const SamplingPlan& plan, const Step& step, std::int64_t injection_id)
      : plan_(plan),
        stream_(plan.seed, injection_id, step.tag, step.sub_stream),
        dimension_(static_cast<std::size_t>(step.dimension)),
        index_(static_cast<std::uint32_t>(injection_id)) {
    if (!plan.is_saltelli()) return;
    const auto place = saltelli_place(injection_id, plan.factors);
    index_ = static_cast<std::uint32_t>(place.point);
    const bool mixed_in =
        step.factor >= 0 && place.block == SaltelliPlace::first_mixed +
                                               static_cast<std::size_t>(step.factor);
    if (place.block == SaltelliPlace::block_b || mixed_in) {
      dimension_ += plan.dimensions.size() / 2;
    }
  }

  double next() {
    const double u = plan_.design == Design::sobol
                         ? plan_.dimensions[dimension_++](index_)
                         : stream_.uniform();
    return std::clamp(u, tail_probability, 1.0 - tail_probability);
  }

 private:
  const SamplingPlan& plan_;
  RandomStream stream_;
  std::size_t dimension_;
  std::uint32_t index_;
};

/// Key of the streams that are no dimensions of the design: alike in all rows of a base
/// point that have matrix A's values, so that these differ in their factor alone.
std::int64_t stream_row(const SamplingPlan& plan, std::int64_t injection_id) {
  if (!plan.is_saltelli()) return injection_id;
  const auto place = saltelli_place(injection_id, plan.factors);
  return 2 * place.point + (place.block == SaltelliPlace::block_b ? 1 : 0);
}

std::size_t joint_row(const Joint& joint, double u) {
  const auto rows = static_cast<double>(joint.rows);
  if (joint.cumulative.empty()) {
    return std::min(static_cast<std::size_t>(u * rows), joint.rows - 1);
  }
  const auto end = joint.cumulative.end();
  const auto at =
      std::upper_bound(joint.cumulative.begin(), end, u * joint.cumulative.back());
  return static_cast<std::size_t>(std::min(at, end - 1) - joint.cumulative.begin());
}

}  // namespace

std::size_t SamplingPlan::host_of(double index, std::int64_t injection_id) const {
  if (!(index >= 0.0 && index < static_cast<double>(hosts.count))) {
    throw DataError(fmt::format(
        "injection_id {}: host_index must be in 0..{} (got {}); check the catalogue "
        "against the file of hosts",
        injection_id, hosts.count - 1, index));
  }
  return static_cast<std::size_t>(index);
}

std::int64_t SamplingPlan::host_once(std::int64_t injection_id) const {
  if (injection_id < 0 || injection_id >= hosts.count) {
    throw DataError(fmt::format(
        "injection_id {}: no host is left (policy `once` serves the ids 0..{}); use "
        "`reuse`, more hosts, or a host_index column",
        injection_id, hosts.count - 1));
  }
  return permutation[static_cast<std::size_t>(injection_id)];
}

double SamplingPlan::distance_ratio_of(double lens_redshift, double src_redshift,
                                       std::int64_t injection_id) const {
  // The ends of the ranges are checked with the finished row; these must not be met by
  // the integral.
  if (!(lens_redshift > 0.0 && src_redshift > lens_redshift)) {
    throw DataError(fmt::format(
        "injection_id {}: src_redshift must be larger than lens_redshift, and that > 0 "
        "(got {} and {})",
        injection_id, src_redshift, lens_redshift));
  }
  return distance_ratio(cosmology, lens_redshift, src_redshift);
}

void SamplingPlan::apply_knots(const KnotDraw& draw, std::int64_t injection_id,
                               Slots& slots) const {
  const auto value = [&](Slot s) { return slots[static_cast<std::size_t>(s)]; };
  // A number out of range is refused with the other outputs.
  const double number = std::clamp(value(draw.number), 0.0, double{max_knots});
  const Knots knots = draw_knots(knot_priors,
                                 {.knots = static_cast<std::int64_t>(number),
                                  .reff_arcsec = value(draw.reff),
                                  .q = value(draw.q),
                                  .phi_rad = value(draw.phi)},
                                 seed, stream_row(*this, injection_id));
  const auto set = [&](Slot s, double result) {
    if (s != no_slot) slots[static_cast<std::size_t>(s)] = result;
  };
  for (std::size_t k = 0; k < draw.of.size(); ++k) {
    set(draw.of[k].x, knots.x_arcsec[k]);
    set(draw.of[k].y, knots.y_arcsec[k]);
    set(draw.of[k].reff, knots.reff_arcsec[k]);
    set(draw.of[k].share, knots.flux_share[k]);
  }
}

void SamplingPlan::apply(const Step& step, std::int64_t injection_id,
                         Slots& slots) const {
  const auto slot = [&](Slot s) -> double& {
    return slots[static_cast<std::size_t>(s)];
  };
  Uniforms uniforms(*this, step, injection_id);
  switch (step.operation) {
    case Operation::constant: slot(step.x) = step.c; return;
    case Operation::draw:
      slot(step.x) = quantile(samplers[step.payload], uniforms.next());
      return;
    case Operation::disc: {
      const double scale = step.a == no_slot ? 1.0 : slot(step.a);
      const double radius = step.c * scale * std::sqrt(uniforms.next());
      const double phi = 2.0 * std::numbers::pi * uniforms.next();
      slot(step.x) = radius * std::cos(phi);
      slot(step.y) = radius * std::sin(phi);
      return;
    }
    case Operation::joint: {
      const auto& joint = joints[step.payload];
      const auto row = joint_row(joint, uniforms.next());
      for (std::size_t i = 0; i < joint.slots.size(); ++i) {
        if (joint.slots[i] == no_slot) continue;
        slot(joint.slots[i]) = joint.values[row * joint.slots.size() + i];
      }
      return;
    }
    case Operation::whole_number:
      slot(step.x) = std::floor(step.c * uniforms.next());
      return;
    case Operation::scaled: slot(step.x) = step.c * slot(step.a); return;
    case Operation::product: slot(step.x) = slot(step.a) * slot(step.b); return;
    case Operation::sum: slot(step.x) = slot(step.a) + step.c * slot(step.b); return;
    case Operation::axis_ratio:
      slot(step.x) = (1.0 - slot(step.a)) / (1.0 + slot(step.a));
      return;
    case Operation::shear:
      slot(step.x) = slot(step.a) * std::cos(2.0 * slot(step.b));
      slot(step.y) = slot(step.a) * std::sin(2.0 * slot(step.b));
      return;
    case Operation::polar:
      slot(step.x) = slot(step.a) * std::cos(slot(step.b));
      slot(step.y) = slot(step.a) * std::sin(slot(step.b));
      return;
    case Operation::flux_from_mag: slot(step.x) = nmgy_from_mag(slot(step.a)); return;
    case Operation::mag_from_flux: slot(step.x) = mag_from_nmgy(slot(step.a)); return;
    case Operation::host_once:
      slot(step.x) = static_cast<double>(host_once(injection_id));
      return;
    case Operation::distance_ratio:
      slot(step.x) = distance_ratio_of(slot(step.a), slot(step.b), injection_id);
      return;
    case Operation::theta_e:
      slot(step.x) = isothermal_theta_e_arcsec(slot(step.a), slot(step.b));
      return;
    case Operation::absolute_mag:
      slot(step.x) = absolute_mag(faber_jacksons[step.payload], cosmology, slot(step.a),
                                  slot(step.b));
      return;
    case Operation::faber_jackson:
      slot(step.x) =
          sigma_v_km_s(faber_jacksons[step.payload], slot(step.a), uniforms.next());
      return;
    case Operation::host_axis_ratio:
      slot(step.x) =
          axis_ratio_about(from_hosts[step.payload], slot(step.a), uniforms.next());
      return;
    case Operation::host_angle:
      slot(step.x) = slot(step.a) + from_hosts[step.payload].sigma *
                                        standard_normal_quantile(uniforms.next());
      return;
    case Operation::host_flux:
      slot(step.x) =
          hosts.flux_nmgy[host_of(slot(step.a), injection_id) * bands.size() +
                          step.payload];
      return;
    case Operation::host_quantity:
      slot(step.x) =
          hosts.quantities[step.payload].values[host_of(slot(step.a), injection_id)];
      return;
    case Operation::source_reff: {
      const double index = slot(step.a);
      const auto count = static_cast<double>(sources.reff_arcsec.size());
      // One out of range is refused with the other outputs.
      slot(step.x) = index >= 0.0 && index < count
                         ? sources.reff_arcsec[static_cast<std::size_t>(index)]
                         : std::nan("");
      return;
    }
    case Operation::knots:
      apply_knots(knot_draws[step.payload], injection_id, slots);
      return;
  }
}

}  // namespace lensmill::catalogue
