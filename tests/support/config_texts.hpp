#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

/// \file
/// Configurations for tests: a small valid one, and edits of it.

namespace lensmill::test_support {

/// The project's source folder (environment variable LENSMILL_SOURCE, set by CTest).
inline std::filesystem::path source_folder() {
  const char* folder = std::getenv("LENSMILL_SOURCE");
  if (folder == nullptr) throw std::runtime_error("LENSMILL_SOURCE is not set");
  return folder;
}

/// A valid configuration of one band, line by line: what tests break one thing of.
inline constexpr const char* small_config = R"(schema: 1
run: {name: small, seed: 7}
grid: {pixel_scale_arcsec: 0.262, stamp_size_pix: 64}
bands: [r]
catalogue:
  sampled: {count: 10}
priors:
  theta_e_arcsec: 1.2
  lens_q: {uniform: [0.6, 1.0]}
  lens_phi_rad: 0.0
  lens_gamma: 2.0
  shear_g1: 0.0
  shear_g2: 0.0
  src_offset: {disc: {radius_over_theta_e: 0.8}}
  src_reff_arcsec: 0.3
  src_sersic_n: 1.0
  src_q: 0.7
  src_phi_rad: 0.0
  src_flux_nmgy_r: 10.0
host: none
psf:
  r: {kind: gaussian, fwhm_pix: 5.0}
noise:
  sky_sigma_nmgy: {r: 0.01}
  gain_e_per_nmgy: {r: 500}
)";

/// `text` with the first `from` replaced. \throws std::logic_error if there is none, so
/// that a test cannot pass on an edit that did not happen
inline std::string edited(std::string text, const std::string& from,
                          const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("no `" + from + "` to edit");
  return text.replace(at, from.size(), to);
}

}  // namespace lensmill::test_support
