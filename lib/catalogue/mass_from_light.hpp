#pragma once

#include "lib/catalogue/cosmology.hpp"
#include "lib/catalogue/sampler.hpp"

/// \file
/// The lens's mass and shape from its host's light: what FaberJackson and FromHost
/// compute. docs/physics.md has the equations and papers.

namespace lensmill::catalogue {

/// Absolute magnitude at redshift 0: mag - distance modulus - K(z) - E(z), with the
/// relation's polynomials; redshift > 0.
double absolute_mag(const FaberJackson& relation, const Cosmology& cosmology,
                    double mag, double redshift);

/// Velocity dispersion at cumulative probability u of the scatter, km/s.
double sigma_v_km_s(const FaberJackson& relation, double absolute_mag, double u);

/// lens_q at cumulative probability u: host_q (1 + sigma x) truncated to (min, 1].
double axis_ratio_about(const FromHost& prior, double host_q, double u);

}  // namespace lensmill::catalogue
