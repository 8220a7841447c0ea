#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/status.hpp"

namespace lensmill::analysis {

/// A share of rows with its denominator.
struct Share {
  std::int64_t part = 0;
  std::int64_t of = 0;

  double value() const;           ///< part / of; NaN of no rows
  double standard_error() const;  ///< sqrt(p (1-p) / of); NaN of no rows
};

/// A median with the half-width of its binomial confidence interval at one sigma.
struct Median {
  std::int64_t n = 0;  ///< values it is taken of
  /// NaN of no values, +infinity past the histogram's end.
  double value = 0.0;
  double standard_error = 0.0;  ///< NaN of fewer than two values
};

/// The distance of images from the lens, in pixels, over the rows that have one.
struct RadiusNumbers {
  Median median_pix;
  Share within_3_pix;  ///< strictly nearer, of the rows that have the image
  Share within_5_pix;
};

/// Mean core flux fraction and its additive split, in one aperture and band. The six
/// terms add up to the mean.
struct CoreNumbers {
  std::int64_t n = 0;  ///< rows with all seven values; the means are NaN for none
  double core_flux_fraction = 0.0;
  double standard_error = 0.0;     ///< of that mean; NaN for n < 2
  double saddle_intrinsic = 0.0;   ///< counter-image light in the core before the PSF
  double minimum_intrinsic = 0.0;  ///< outer-image light
  double maximum_intrinsic = 0.0;  ///< central-image light
  double saddle_psf = 0.0;         ///< light the PSF moves into the core, signed
  double minimum_psf = 0.0;
  double maximum_psf = 0.0;
};

/// The numbers of all counted rows, or of those in one bin of theta_E.
struct GroupNumbers {
  std::int64_t rows = 0;
  RadiusNumbers sis_proxy;  ///< theta_E - beta, of rows with beta < theta_E
  RadiusNumbers saddle;     ///< brightest saddle image, of rows that have one
  CoreNumbers core;
};

struct ThetaEBin {
  double lower_arcsec = 0.0;  ///< included
  double upper_arcsec = 0.0;  ///< included in the last bin only
  GroupNumbers numbers;
};

struct StatusCount {
  Status status = Status::ok;
  std::int64_t rows = 0;
};

/// Everything that the summary of a run says, as numbers. "Counted" rows were rendered
/// and did not fail.
struct SummaryNumbers {
  std::int64_t rows = 0;
  std::int64_t counted = 0;
  std::int64_t rings = 0;  ///< of the counted: no discrete images
  std::int64_t unlensed = 0;
  std::vector<StatusCount> failed;  ///< statuses that occurred, in the enum's order
  std::int64_t unknown_status = 0;  ///< a number that Status does not have; not counted
  std::int64_t not_rendered = 0;
  std::int64_t outside_bins = 0;  ///< counted, but theta_E lies in no bin

  /// beta / theta_E of the counted rows with theta_E > 0.
  Median offset_over_theta_e;
  /// Of the counted rows that are no rings and lensed.
  Share no_saddle, one_saddle, more_saddles;
  GroupNumbers all;  ///< every counted row, also outside the bins
  std::vector<ThetaEBin> bins;

  /// Counted rows that table 3 leaves out: their core flux fraction is undefined, as
  /// where every pixel of the core is masked.
  std::int64_t without_core_flux() const { return counted - all.core.n; }

  double pixel_scale_arcsec = 0.0;
  std::string core_band;
  double core_radius_pix = 0.0;
  std::string core_aperture;  ///< what else defines it, in words; may be empty
};

/// The seed's three tables as aligned plain text, lines of at most 100 characters:
/// inner-image statistics, positions by theta_E, core flux with its split by theta_E.
/// A number that does not exist is "-".
std::string to_text(const SummaryNumbers& numbers);

}  // namespace lensmill::analysis
