#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "lib/core/status.hpp"

namespace lensmill::analysis {

/// Kinds of images in the order of every array by kind.
inline constexpr std::size_t counter = 0, outer = 1, central = 2, image_classes = 3;

/// Core flux fraction in one band and aperture, and its exact split: light in the core
/// before the PSF by kind, and what the PSF moves in.
struct CoreSplit {
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  double core = nan;
  std::array<double, image_classes> intrinsic{nan, nan, nan};
  std::array<double, image_classes> psf{nan, nan, nan};
};

/// What summary and analysis know of one row, for one band and one aperture. NaN where
/// a column is missing or undefined; stamp_columns.cpp says which column gives what.
struct StampRow {
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  std::int64_t row = 0;   ///< of the run, from 0
  std::int64_t unit = 0;  ///< what the bootstrap resamples: the host, or the row itself

  std::int32_t status = 0;  ///< may be a number that Status does not have
  bool rendered = true;
  /// Whether the row enters tables: rendered, and of a status that is no failure.
  bool counts() const {
    return rendered && std::ranges::any_of(all_statuses, [&](Status s) {
             return static_cast<std::int32_t>(s) == status && !is_failure(s);
           });
  }

  double theta_e_arcsec = nan;
  double src_x_arcsec = nan;
  double src_y_arcsec = nan;
  double lens_phi_rad = nan;
  double lens_x_arcsec = nan;
  double lens_y_arcsec = nan;
  double shear_g1 = nan;
  double shear_g2 = nan;
  double core_flux_fraction = nan;
  /// The exact split: light in the core before the PSF, and what the PSF moves in.
  std::array<double, image_classes> intrinsic{nan, nan, nan};
  std::array<double, image_classes> psf{nan, nan, nan};
  double core_without_psf = nan;
  /// Shares of a point-like source's light in the core before the PSF, by kind.
  std::array<double, image_classes> point_like{nan, nan, nan};
  /// Share in the core of a thin ring of radius theta_E blurred by the row's PSF; by a
  /// Gaussian of that FWHM; and the amplitude ratio exp(-theta_E^2 / 2 sigma^2) that is
  /// sometimes taken for it.
  double ring_expectation = nan;
  double gaussian_ring_expectation = nan;
  double amplitude_ratio = nan;

  double counter_image_radius_pix = nan;
  double sis_inner_radius_pix = nan;  ///< where an SIS would have its inner image
  double arc_flux_nmgy = nan;
  double core_offset = nan;     ///< nmgy per pixel
  double annulus_offset = nan;  ///< nmgy per pixel
  double arc_snr = nan;
  double counter_image_snr = nan;
  std::int32_t n_saddles = 0;
  double host_flux_nmgy = nan;
  double host_mag = nan;
  double psf_fwhm_pix = nan;
  double psf_moffat_beta = nan;
  double psf_fwhm_arcsec = nan;

  std::vector<double> core_by_radius;  ///< core_flux_fraction at every radius
  std::vector<CoreSplit> cores;        ///< [band, radius] of all
  std::vector<double> arc_flux_by_band;
  /// Profiles over the arc's flux, 1/pix: whole arc, counter-image, outer image.
  std::array<std::vector<double>, 3> profiles;
};

}  // namespace lensmill::analysis
