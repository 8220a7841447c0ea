#include "lib/catalogue/knots.hpp"

#include <cmath>
#include <numbers>

#include "lib/core/contracts.hpp"

namespace lensmill::catalogue {

std::string knot_prior_problem(const std::string& member, const Sampler& sampler) {
  auto problem = problem_of(sampler);
  if (!problem.empty()) return problem;
  const double least = support_of(sampler).min;
  if (member == "radius_over_reff") {
    return least >= 0.0 ? "" : "must be >= 0: bound it with min";
  }
  // Continuous distributions may begin at 0: no draw gives it.
  const auto* constant = std::get_if<Constant>(&sampler);
  const bool discrete = constant != nullptr || std::holds_alternative<Choice>(sampler);
  const bool good = discrete ? least > 0.0 : least >= 0.0;
  return good ? "" : "must be > 0: bound it with min";
}

Knots draw_knots(const KnotPriors& priors, const KnotBody& body, std::uint64_t seed,
                 std::int64_t injection_id) {
  EXPECT(body.knots >= 0 && body.knots <= max_knots);
  Knots knots;
  for (auto* values :
       {&knots.x_arcsec, &knots.y_arcsec, &knots.reff_arcsec, &knots.flux_share}) {
    values->fill(std::nan(""));
  }
  const double cos_phi = std::cos(body.phi_rad);
  const double sin_phi = std::sin(body.phi_rad);
  double weights = 0.0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(body.knots); ++k) {
    const auto stream = [&](StreamTag tag) {
      return RandomStream(seed, injection_id, tag, static_cast<std::uint16_t>(k));
    };
    auto radius_stream = stream(StreamTag::src_knot_radius);
    auto phi_stream = stream(StreamTag::src_knot_phi);
    auto reff_stream = stream(StreamTag::src_knot_reff);
    auto weight_stream = stream(StreamTag::src_knot_flux_weight);
    const double radius =
        body.reff_arcsec * draw(priors.radius_over_reff, radius_stream);
    const double phi = 2.0 * std::numbers::pi * phi_stream.uniform();
    // R^2 = q x'^2 + y'^2 / q on the ellipse.
    const double major = radius / std::sqrt(body.q) * std::cos(phi);
    const double minor = radius * std::sqrt(body.q) * std::sin(phi);
    knots.x_arcsec[k] = cos_phi * major - sin_phi * minor;
    knots.y_arcsec[k] = sin_phi * major + cos_phi * minor;
    knots.reff_arcsec[k] = body.reff_arcsec * draw(priors.reff_over_reff, reff_stream);
    knots.flux_share[k] = draw(priors.flux_weight, weight_stream);
    weights += knots.flux_share[k];
  }
  for (std::size_t k = 0; k < static_cast<std::size_t>(body.knots); ++k) {
    knots.flux_share[k] /= weights;
  }
  return knots;
}

}  // namespace lensmill::catalogue
