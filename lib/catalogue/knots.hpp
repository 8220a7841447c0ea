#pragma once

#include <cstdint>
#include <string>

#include "lib/catalogue/sampler.hpp"
#include "lib/core/knots.hpp"

namespace lensmill::catalogue {

/// How the knots of a clumpy source are drawn, each for itself.
struct KnotPriors {
  /// Elliptical radius of the knot's place over the body's half-light radius; its
  /// direction on that ellipse (eccentric angle) is uniform.
  Sampler radius_over_reff = Uniform{0.0, 2.0};
  Sampler reff_over_reff = Constant{0.1};  ///< size over the body's
  /// Relative flux; the knots' shares are these over their sum.
  Sampler flux_weight = Constant{1.0};
};

/// What is wrong with a prior of that member's name, or "".
std::string knot_prior_problem(const std::string& member, const Sampler& sampler);

/// The body that knots lie on.
struct KnotBody {
  std::int64_t knots = 0;
  double reff_arcsec = 0.0;
  double q = 1.0;
  double phi_rad = 0.0;
};

/// Places relative to the source's centre, sizes, and shares of the knots' flux; NaN
/// past the body's number of knots.
struct Knots {
  PerKnot<double> x_arcsec;
  PerKnot<double> y_arcsec;
  PerKnot<double> reff_arcsec;
  PerKnot<double> flux_share;
};

/// Draw them from the row's own streams: each knot's numbers depend on the seed, the
/// injection_id and its index alone, not on how many there are (but for the shares,
/// that add up to 1).
Knots draw_knots(const KnotPriors& priors, const KnotBody& body, std::uint64_t seed,
                 std::int64_t injection_id);

}  // namespace lensmill::catalogue
