#pragma once

#include <string>
#include <vector>

#include "lib/catalogue/sampler.hpp"

/// \file
/// The priors of a run, as read from its config. Every quantity name below is valid as
/// a prior, as a grid axis and as a column of a catalogue file (quantities.hpp is the
/// list with units and ranges; BAND, A and B stand for band names):
///
/// columns    theta_e_arcsec lens_q lens_phi_rad lens_gamma shear_g1 shear_g2
///            lens_x_arcsec lens_y_arcsec lens_redshift src_redshift
///            lens_sigma_v_km_s (instead of theta_e_arcsec) src_x_arcsec src_y_arcsec
///            src_reff_arcsec src_sersic_n src_q src_phi_rad src_flux_nmgy_BAND
///            src_image_index src_image_flip src_knots src_knot_flux_fraction
///            src_knot_{x,y,reff}_arcsec_KNOT src_knot_flux_share_KNOT host_index
///            host_flux_nmgy_BAND host_reff_arcsec host_sersic_n host_q host_phi_rad
///            host_absolute_mag host_rotation host_flip psf_index_BAND
///            psf_fwhm_pix_BAND psf_moffat_beta psf_x_pix_BAND psf_y_pix_BAND
///            sky_sigma_nmgy_BAND src_target_snr
/// aliases    {lens,src,host}_ellipticity (q = (1-e)/(1+e))
///            {lens,src,host}_phi_deg  shear_phi_deg
///            shear_magnitude + shear_phi_rad (g1 = g cos 2phi, g2 = g sin 2phi)
///            src_offset (a Disc) or src_offset_arcsec | src_offset_over_theta_e
///              with src_offset_phi_rad | src_offset_phi_deg
///            {src,host}_mag_BAND  {src,host}_colour_A_B (mag A - mag B, any two bands)
///            src_mag_minus_host_mag_BAND
///            psf_fwhm_arcsec_BAND

namespace lensmill::catalogue {

/// The prior of one quantity and where the user wrote it
/// ("priors.lens_q at run.yaml:14"), for messages.
struct PriorEntry {
  std::string quantity;
  Prior prior;
  std::string where{};
};

/// Several quantities drawn together: one row of a table (an empirical joint
/// distribution), with probability proportional to `weights` or equally likely.
struct JointTable {
  std::vector<std::string> quantities;
  std::vector<double> values{};   ///< [row, quantity], row-major
  std::vector<double> weights{};  ///< one per row, or empty
  std::string where{};
};

/// All priors of a run. The order does not matter.
struct Priors {
  std::vector<PriorEntry> entries;
  std::vector<JointTable> joint_tables{};
  std::string where{};  ///< "priors at run.yaml:7", or "" where no file has them
};

}  // namespace lensmill::catalogue
