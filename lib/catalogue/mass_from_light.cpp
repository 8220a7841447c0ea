#include "lib/catalogue/mass_from_light.hpp"

#include <cmath>

namespace lensmill::catalogue {
namespace {

/// c[0] z + c[1] z^2 + ...
double polynomial(const std::vector<double>& c, double z) {
  double sum = 0.0;
  for (std::size_t i = c.size(); i-- > 0;) sum = (sum + c[i]) * z;
  return sum;
}

}  // namespace

double absolute_mag(const FaberJackson& relation, const Cosmology& cosmology,
                    double mag, double redshift) {
  return mag - distance_modulus_mag(cosmology, redshift) -
         polynomial(relation.k_correction_mag, redshift) -
         polynomial(relation.evolution_mag, redshift);
}

double sigma_v_km_s(const FaberJackson& relation, double absolute_mag, double u) {
  const double dex = -0.4 * (absolute_mag - relation.mag_star) / relation.exponent +
                     relation.scatter_dex * standard_normal_quantile(u);
  return relation.sigma_v_star_km_s * std::pow(10.0, dex);
}

double axis_ratio_about(const FromHost& prior, double host_q, double u) {
  if (prior.sigma == 0.0) return host_q;
  return quantile(
      Normal{
          .mean = host_q, .sigma = host_q * prior.sigma, .min = prior.min, .max = 1.0},
      u);
}

}  // namespace lensmill::catalogue
