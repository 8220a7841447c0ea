#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "lib/core/bands.hpp"
#include "lib/core/column.hpp"
#include "lib/core/status.hpp"

namespace lensmill::measure {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
/// Point images stored per injection; of more, the brightest are kept.
inline constexpr int stored_images = 5;

/// Whether a run's sources are points, of which images may be left out.
enum class PointSources { no, yes };

/// Whether a run's stamps have masked pixels: then columns say how many.
enum class Masks { no, yes };

/// Extents of a measurement's arrays, the same for every row of a run.
struct MeasurementShape {
  std::size_t bands = 1;
  std::size_t radii = 2;          ///< entries of measure.aperture_radius_pix
  std::size_t profile_bins = 32;  ///< annuli of 1 pix of the radial profiles
  Masks masks = Masks::no;
  bool correlated = false;  ///< whether SNRs with the covariance are measured
  PointSources points = PointSources::no;
  bool operator==(const MeasurementShape&) const = default;
};

/// Everything measured on one injection; members are named like the datasets below
/// /measurements. NaN where undefined. Arrays are row-major with the index order of
/// their comment; band and radius run as in the config. "Core" is the aperture of
/// measure.aperture_*; the arc is the noise-free, PSF-convolved arc unless said
/// otherwise. Sized once per rank; reset() before each injection.
struct Measurement {
  explicit Measurement(const MeasurementShape& extents = {});
  /// Back to "nothing measured": NaN, zero counts, Status::ok.
  void reset();
  std::size_t at(std::size_t band, std::size_t radius) const {
    return band * shape.radii + radius;
  }
  std::size_t at_bin(std::size_t band, std::size_t bin) const {
    return band * shape.profile_bins + bin;
  }

  MeasurementShape shape;

  // Core flux and its exact additive split (docs/physics.md, "The split"), [band,
  // radius].
  std::vector<double> core_flux_fraction;
  std::vector<double> core_flux_fraction_minimum_intrinsic;
  std::vector<double> core_flux_fraction_minimum_psf;
  std::vector<double> core_flux_fraction_saddle_intrinsic;
  std::vector<double> core_flux_fraction_saddle_psf;
  std::vector<double> core_flux_fraction_maximum_intrinsic;
  std::vector<double> core_flux_fraction_maximum_psf;
  // Before the PSF, over the arc's flux in the stamp before the PSF, [radius].
  std::vector<double> core_flux_fraction_without_psf;
  std::vector<double> core_flux_fraction_minimum_without_psf;
  std::vector<double> core_flux_fraction_saddle_without_psf;
  std::vector<double> core_flux_fraction_maximum_without_psf;

  // [band]
  std::vector<double> arc_flux_nmgy;           ///< of the convolved arc in the stamp
  std::vector<double> flux_in_stamp_fraction;  ///< that over the lensed total, no PSF
  std::vector<double> arc_snr;
  std::vector<double> counter_image_snr;
  std::vector<double> arc_snr_correlated;  ///< these: only if shape.correlated
  std::vector<double> counter_image_snr_correlated;
  std::vector<double> annulus_offset;  ///< positive - negative, mean nmgy per pixel
  /// Root of the sum of arc_snr^2 over the bands that have one.
  double arc_snr_total = not_a_number;
  // [band, radius]
  std::vector<double> arc_snr_aperture;
  std::vector<double> arc_snr_aperture_correlated;  ///< only if shape.correlated
  std::vector<double> core_offset;  ///< positive - negative, mean nmgy per pixel
  // [band, bin]: mean nmgy per pixel in annuli of 1 pix about the aperture's centre
  std::vector<float> radial_profile;
  std::vector<float> radial_profile_counter_image;
  std::vector<float> radial_profile_outer_image;

  // Point images of the source's centre, brightest first, NaN-padded.
  std::int32_t n_images = 0;  ///< the true number, also when more than five
  std::int32_t n_saddles = 0;
  /// Not rendered for their magnification; only with MeasurementShape::points.
  std::int32_t n_images_left_out = 0;
  std::array<double, stored_images> image_x_arcsec;  ///< from the stamp's centre
  std::array<double, stored_images> image_y_arcsec;
  std::array<double, stored_images> image_magnification;  ///< signed: 1 / det A
  std::array<std::uint8_t, stored_images> image_kind;     ///< lens::ImageKind, 0 = none
  double counter_image_radius_pix = not_a_number;  ///< brightest saddle, from the lens
  double sis_inner_radius_pix = not_a_number;  ///< theta_E - beta, if beta < theta_E
  std::uint8_t in_tangential_caustic = 0;
  std::uint8_t in_radial_caustic = 0;
  double magnification = not_a_number;  ///< lensed over unlensed flux, extended grid

  double render_error = not_a_number;  ///< estimated worst pixel error over the peak
  /// Estimated error of the core flux over max(core flux, 1 % of the arc's).
  double render_core_error = not_a_number;
  /// Bound on what light beyond stamp and margin would add to any pixel, over the peak.
  double left_out_light_error = not_a_number;
  std::int32_t render_margin_pix = 0;
  // [band]
  std::vector<std::int32_t> non_positive_mean_pixels;  ///< got no Poisson noise
  std::vector<double> psf_sum;
  std::vector<double> psf_centroid_x_pix;  ///< from the kernel's origin
  std::vector<double> psf_centroid_y_pix;

  // Runs whose hosts have masks only (MeasurementShape::masks).
  std::vector<double> masked_fraction;       ///< [band], of the stamp's pixels
  std::vector<double> core_masked_fraction;  ///< [band, radius], of the aperture

  Status status = Status::ok;
  std::uint8_t rendered = 1;  ///< 0 only where a shard is missing (fill value)
};

/// What a column has beside its axis of rows.
enum class ColumnAxes {
  none,   ///< one number a row
  band,   ///< one number a row and band
  other,  ///< radii, bins, images: alone or beside bands
};

/// The columns of /measurements for one run.
class MeasurementSchema {
 public:
  /// \param correlated with the columns *_snr_*correlated
  MeasurementSchema(const BandNames& bands, const std::vector<double>& radii_pix,
                    int profile_bins, Masks masks = Masks::no, bool correlated = false,
                    PointSources points = PointSources::no);

  const MeasurementShape& shape() const { return shape_; }
  /// Name, unit, description, type and row shape of every column, in order.
  const std::vector<ColumnInfo>& columns() const { return columns_; }
  /// Of every column, in the same order.
  const std::vector<ColumnAxes>& axes() const { return axes_; }
  /// One number of a column: of a band where its axis is that of bands, else `element`
  /// is 0. \pre axes()[column] is not `other`
  double value(const Measurement& measurement, std::size_t column,
               std::size_t element) const;
  /// Columns of `rows` zero-filled rows.
  Table make_table(std::size_t rows) const;
  /// Copy one measurement into row `row` of a table made by make_table().
  void write_row(Table& table, std::size_t row, const Measurement& measurement) const;

 private:
  MeasurementShape shape_;
  std::vector<ColumnInfo> columns_;
  std::vector<ColumnAxes> axes_;
};

}  // namespace lensmill::measure
