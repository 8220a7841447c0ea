#pragma once

#include <cstdint>

#include "lib/core/bands.hpp"
#include "lib/core/knots.hpp"

namespace lensmill::catalogue {

/// Part of the data set a row belongs to, by hash of its host (stored as uint8).
enum class Split : std::uint8_t { train = 0, validation = 1, test = 2 };

/// The complete, validated truth of one injection. Names are those of the YAML, the
/// HDF5 columns and the docs; per-band members are indexed like the config's `bands`.
/// Quantities that a run does not use (e.g. host_* with `host: none`) are NaN, and
/// their columns are not written.
struct Injection {
  std::int64_t injection_id = 0;

  double theta_e_arcsec = 0.0;
  double lens_q = 1.0;
  double lens_phi_rad = 0.0;
  double lens_gamma = 2.0;
  double shear_g1 = 0.0;
  double shear_g2 = 0.0;
  double lens_x_arcsec = 0.0;  ///< from the stamp's centre
  double lens_y_arcsec = 0.0;
  // Where theta_e_arcsec follows from a velocity dispersion (LensMass):
  double lens_redshift = 0.0;
  double src_redshift = 0.0;
  double lens_sigma_v_km_s = 0.0;

  double src_x_arcsec = 0.0;  ///< from the lens, in the source plane
  double src_y_arcsec = 0.0;
  double src_reff_arcsec = 0.3;
  double src_sersic_n = 1.0;
  double src_q = 1.0;
  double src_phi_rad = 0.0;
  PerBand<double> src_flux_nmgy{};      ///< unlensed total
  double src_point_fraction = 0.0;      ///< of src_flux_nmgy, points with a host only
  std::int64_t src_image_index = 0;     ///< real-galaxy sources only, like the next
  std::int64_t src_image_id = 0;        ///< IDENT of the galaxy in its catalogue
  std::int64_t src_image_flip = 0;      ///< 1: mirrored in x before it is turned
  double src_image_turn_rad = 0.0;      ///< anticlockwise, (-pi, pi]
  std::int64_t src_knots = 0;           ///< clumpy sources only, like the next
  double src_knot_flux_fraction = 0.0;  ///< of src_flux_nmgy, all knots together
  PerKnot<double> src_knot_x_arcsec{};  ///< from the source's centre
  PerKnot<double> src_knot_y_arcsec{};
  PerKnot<double> src_knot_reff_arcsec{};
  PerKnot<double> src_knot_flux_share{};  ///< of the knots' flux; they add up to 1

  std::int64_t host_index = 0;
  PerBand<double> host_flux_nmgy{};
  double host_reff_arcsec = 1.0;
  double host_sersic_n = 4.0;
  double host_q = 1.0;
  double host_phi_rad = 0.0;
  double host_absolute_mag = 0.0;  ///< LensMass::faber_jackson only
  std::int64_t host_rotation = 0;  ///< quarter turns anticlockwise, 0..3
  std::int64_t host_flip = 0;      ///< 1: mirrored in x before the rotation
  // Hosts cut from survey images: where they are; never drawn.
  double host_ra_deg = 0.0;
  double host_dec_deg = 0.0;
  PerBand<double> host_x_pix{};  ///< on the band's image, from 1
  PerBand<double> host_y_pix{};
  PerBand<double> host_offset_x_pix{};  ///< of the host in this band from the lens
  PerBand<double> host_offset_y_pix{};
  Split split = Split::train;

  PerBand<std::int64_t> psf_index{};  ///< kernel of a cube or list, per band
  PerBand<double> psf_fwhm_pix{};     ///< analytic PSFs
  double psf_moffat_beta = 0.0;
  PerBand<double> psf_x_pix{};  ///< CCD position of a PSFEx evaluation, 1-based
  PerBand<double> psf_y_pix{};
  PerBand<double> sky_sigma_nmgy{};
  double src_target_snr = 0.0;  ///< 0: source flux is given, not solved for
};

}  // namespace lensmill::catalogue
