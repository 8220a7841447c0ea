#pragma once

#include <stdexcept>

#include "lib/catalogue/injection_sampler.hpp"

namespace lensmill::catalogue {

inline constexpr double half_turn = 3.141592653589793;

/// The priors of the seed's training set (the preset seed_gen5) with Sersic hosts.
inline Priors seed_priors() {
  const auto entry = [](std::string quantity, Prior prior) {
    const auto where = "priors." + quantity;
    return PriorEntry{std::move(quantity), std::move(prior), where};
  };
  Priors priors;
  priors.entries = {
      entry("theta_e_arcsec",
            Sampler{Choice{.values = {0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5},
                           .weights = {}}}),
      entry("lens_ellipticity", Sampler{Uniform{0.05, 0.5}}),
      entry("lens_phi_rad", Sampler{Uniform{0.0, half_turn}}),
      entry("lens_gamma", Sampler{Constant{2.0}}),
      entry("shear_magnitude",
            Sampler{Choice{.values = {0.0, 0.02, 0.04}, .weights = {}}}),
      entry("shear_phi_rad", Sampler{Uniform{0.0, half_turn}}),
      entry("src_offset", Disc{.radius_arcsec = {}, .radius_over_theta_e = 0.8}),
      entry("src_reff_arcsec",
            Sampler{Choice{.values = {0.06, 0.10, 0.15, 0.20}, .weights = {}}}),
      entry("src_sersic_n", Sampler{Constant{1.0}}),
      entry("src_phi_rad", Sampler{Uniform{0.0, half_turn}}),
      entry("src_ellipticity",
            Sampler{Choice{.values = {0.0, 0.2, 0.4}, .weights = {}}}),
      entry("host_mag_r", Sampler{Normal{20.5, 0.8, 18.0, 22.5}}),
      entry("src_mag_minus_host_mag_r",
            Sampler{Choice{.values = {0.5, 1.0, 1.5, 2.0}, .weights = {}}}),
      entry("host_colour_g_r", Sampler{Normal{.mean = 1.5, .sigma = 0.2}}),
      entry("host_colour_r_z", Sampler{Normal{.mean = 1.2, .sigma = 0.2}}),
      entry("src_colour_g_r", Sampler{Normal{0.2, 0.2, -0.5, 1.5}}),
      entry("src_colour_r_z", Sampler{Normal{0.1, 0.2, -0.5, 1.5}}),
      entry("host_reff_arcsec", Sampler{Lognormal{.median = 1.5, .sigma_dex = 0.2}}),
      entry("host_sersic_n", Sampler{Constant{4.0}}),
      entry("host_ellipticity", Sampler{Uniform{0.0, 0.4}}),
      entry("host_phi_rad", Sampler{Uniform{0.0, half_turn}}),
      entry("psf_fwhm_arcsec_r", Sampler{Normal{1.35, 0.17, 0.9, 2.2}}),
      entry("psf_moffat_beta", Sampler{Constant{3.5}}),
      entry("psf_fwhm_pix_g", Sampler{Constant{5.5}}),
      entry("sky_sigma_nmgy_g", Sampler{Constant{0.006}}),
      entry("sky_sigma_nmgy_r", Sampler{Constant{0.010}}),
      entry("sky_sigma_nmgy_z", Sampler{Constant{0.030}}),
  };
  return priors;
}

inline Needs seed_needs() {
  Needs needs;
  needs.bands = {"g", "r", "z"};
  needs.host = HostSource::sersic;
  needs.psf = {PsfNeed::fwhm, PsfNeed::fwhm_and_beta, PsfNeed::nothing};
  return needs;
}

inline InjectionSamplerConfig seed_config() {
  InjectionSamplerConfig config;
  config.seed = 20260206;
  config.needs = seed_needs();
  config.priors = seed_priors();
  return config;
}

/// The entry of that quantity; must exist.
inline PriorEntry& prior_of(Priors& priors, const std::string& quantity) {
  for (auto& entry : priors.entries) {
    if (entry.quantity == quantity) return entry;
  }
  throw std::logic_error("no prior " + quantity);
}

inline void erase_prior(Priors& priors, const std::string& quantity) {
  std::erase_if(priors.entries,
                [&](const PriorEntry& entry) { return entry.quantity == quantity; });
}

}  // namespace lensmill::catalogue
