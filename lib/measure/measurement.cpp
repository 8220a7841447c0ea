#include "lib/measure/measurement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <string>
#include <type_traits>

#include "lib/core/contracts.hpp"

namespace lensmill::measure {
namespace {

enum class Extent { scalar, band, radius, band_radius, band_bin, image };

struct Field {
  const char* name;
  const char* unit;
  Extent extent;
  const char* description;
};

template <class T>
std::span<T> as_span(T& scalar) {
  return {&scalar, 1};
}
template <class T>
std::span<T> as_span(std::vector<T>& values) {
  return values;
}
template <class T>
std::span<const T> as_span(const std::vector<T>& values) {
  return values;
}
template <class T, std::size_t n>
std::span<T> as_span(std::array<T, n>& values) {
  return values;
}
template <class T, std::size_t n>
std::span<const T> as_span(const std::array<T, n>& values) {
  return values;
}

// The one list of fields: schema, table rows and reset all walk it.
template <class M, class Visit>
void visit_fields(M& m, Visit&& visit) {
  using enum Extent;
  const auto field = [&](const char* name, const char* unit, Extent extent, auto& value,
                         const char* description) {
    visit(Field{name, unit, extent, description}, value);
  };
  field(
      "core_flux_fraction", "", band_radius, m.core_flux_fraction,
      "flux of the noise-free convolved arc in the core aperture over its flux in the "
      "stamp; equals the sum of the six intrinsic and psf terms; NaN where no pixel of "
      "the aperture is unmasked");
  field("core_flux_fraction_minimum_intrinsic", "", band_radius,
        m.core_flux_fraction_minimum_intrinsic,
        "part of core_flux_fraction: outer-image light in the core before the PSF");
  field("core_flux_fraction_minimum_psf", "", band_radius,
        m.core_flux_fraction_minimum_psf,
        "part of core_flux_fraction: outer-image light the PSF moves in (signed)");
  field("core_flux_fraction_saddle_intrinsic", "", band_radius,
        m.core_flux_fraction_saddle_intrinsic,
        "part of core_flux_fraction: counter-image light in the core before the PSF");
  field("core_flux_fraction_saddle_psf", "", band_radius,
        m.core_flux_fraction_saddle_psf,
        "part of core_flux_fraction: counter-image light the PSF moves in (signed)");
  field("core_flux_fraction_maximum_intrinsic", "", band_radius,
        m.core_flux_fraction_maximum_intrinsic,
        "part of core_flux_fraction: central-image light in the core before the PSF");
  field("core_flux_fraction_maximum_psf", "", band_radius,
        m.core_flux_fraction_maximum_psf,
        "part of core_flux_fraction: central-image light the PSF moves in (signed)");
  field("core_flux_fraction_without_psf", "", radius, m.core_flux_fraction_without_psf,
        "flux of the arc before the PSF in the core over that in the stamp");
  field("core_flux_fraction_minimum_without_psf", "", radius,
        m.core_flux_fraction_minimum_without_psf,
        "outer-image part of core_flux_fraction_without_psf");
  field("core_flux_fraction_saddle_without_psf", "", radius,
        m.core_flux_fraction_saddle_without_psf,
        "counter-image part of core_flux_fraction_without_psf");
  field("core_flux_fraction_maximum_without_psf", "", radius,
        m.core_flux_fraction_maximum_without_psf,
        "central-image part of core_flux_fraction_without_psf");
  field("arc_flux_nmgy", "nmgy", band, m.arc_flux_nmgy,
        "flux of the noise-free convolved arc in the stamp");
  field("flux_in_stamp_fraction", "", band, m.flux_in_stamp_fraction,
        "arc_flux_nmgy over the lensed total before the PSF on a grid of 3 x 3 stamps");
  field("arc_snr", "", band, m.arc_snr,
        "matched-filter SNR of the arc, host and arc Poisson noise in the variance");
  field("arc_snr_total", "", scalar, m.arc_snr_total,
        "arc_snr of all bands together: root of the sum of squares over the bands that "
        "have a usable pixel");
  field("counter_image_snr", "", band, m.counter_image_snr,
        "matched-filter SNR of the saddle images' light in the same variance");
  field("annulus_offset", "nmgy/pix", band, m.annulus_offset,
        "positive minus negative, mean over the annulus measure.annulus_pix");
  field("arc_snr_aperture", "", band_radius, m.arc_snr_aperture,
        "SNR of the arc's flux summed over the core aperture");
  if (m.shape.correlated) {
    field("arc_snr_correlated", "", band, m.arc_snr_correlated,
          "arc_snr with the covariance of the noise instead of white noise");
    field("counter_image_snr_correlated", "", band, m.counter_image_snr_correlated,
          "counter_image_snr with the covariance of the noise");
    field("arc_snr_aperture_correlated", "", band_radius, m.arc_snr_aperture_correlated,
          "arc_snr_aperture with the covariance of the noise");
  }
  field("core_offset", "nmgy/pix", band_radius, m.core_offset,
        "positive minus negative, mean over the core aperture");
  field("radial_profile", "nmgy/pix", band_bin, m.radial_profile,
        "mean of the arc in annuli of 1 pix about the aperture's centre");
  field("radial_profile_counter_image", "nmgy/pix", band_bin,
        m.radial_profile_counter_image,
        "the same of the saddle images' light after the PSF");
  field("radial_profile_outer_image", "nmgy/pix", band_bin,
        m.radial_profile_outer_image,
        "the same of the arc without the saddle images' light");
  field("n_images", "", scalar, m.n_images,
        "point images of the source's centre; 0 for a ring");
  field("n_saddles", "", scalar, m.n_saddles, "saddle (counter-) images among them");
  if (m.shape.points == PointSources::yes) {
    field("n_images_left_out", "", scalar, m.n_images_left_out,
          "of n_images, those below source.point.min_magnification, which are not "
          "rendered");
  }
  field("image_x_arcsec", "arcsec", image, m.image_x_arcsec,
        "point images from the stamp's centre, brightest first, NaN-padded");
  field("image_y_arcsec", "arcsec", image, m.image_y_arcsec,
        "point images from the stamp's centre, brightest first, NaN-padded");
  field("image_magnification", "", image, m.image_magnification,
        "signed magnification 1 / det A");
  field("image_kind", "", image, m.image_kind,
        "0 none, 1 minimum (outer), 2 saddle (counter-image), 3 maximum (central)");
  field("counter_image_radius_pix", "pix", scalar, m.counter_image_radius_pix,
        "distance of the brightest saddle image from the lens; NaN if none");
  field("sis_inner_radius_pix", "pix", scalar, m.sis_inner_radius_pix,
        "theta_E - beta, where an SIS would have its inner image; NaN if negative");
  field("in_tangential_caustic", "", scalar, m.in_tangential_caustic,
        "1 if the source's centre lies inside the tangential caustic");
  field("in_radial_caustic", "", scalar, m.in_radial_caustic,
        "1 if it lies inside the radial caustic (the cut for slope 2; always above 2)");
  field("magnification", "", scalar, m.magnification,
        "lensed over unlensed flux, before the PSF, on a grid of 3 x 3 stamps");
  field(
      "render_error", "", scalar, m.render_error,
      "estimated worst pixel error over the peak pixel: that of the integration before "
      "the PSF, plus that of the PSF on the convolution lattice");
  field(
      "render_core_error", "", scalar, m.render_core_error,
      "estimated error of the core flux, before and after the PSF, over the larger of "
      "it and 1 % of the arc's flux");
  field("left_out_light_error", "", scalar, m.left_out_light_error,
        "bound on what lensed light outside the stamp and its margin would add to any "
        "pixel of the arc, over the arc's peak, largest of the bands; not part of "
        "render_error; NaN with the legacy operator");
  field("render_margin_pix", "pix", scalar, m.render_margin_pix,
        "pixels around the stamp whose light takes part in the convolution");
  field("non_positive_mean_pixels", "", band, m.non_positive_mean_pixels,
        "pixels that got no Poisson noise because a mean was not positive");
  field("psf_sum", "", band, m.psf_sum,
        "sum of the kernel as used; the rest of an analytic PSF of unit flux lies "
        "outside "
        "of it");
  field("psf_centroid_x_pix", "pix", band, m.psf_centroid_x_pix,
        "centroid of the kernel as used, from its origin");
  field("psf_centroid_y_pix", "pix", band, m.psf_centroid_y_pix,
        "centroid of the kernel as used, from its origin");
  if (m.shape.masks == Masks::yes) {
    field("masked_fraction", "", band, m.masked_fraction,
          "share of the stamp's pixels that are masked and left out of measurements");
    field("core_masked_fraction", "", band_radius, m.core_masked_fraction,
          "share of the core aperture that is masked and left out of measurements");
  }
  field("status", "", scalar, m.status,
        "0 ok, 1 ring, 2 unlensed; from 10 a failure (see the format's documentation)");
  field("rendered", "", scalar, m.rendered,
        "1 for a row that was made; 0 where a shard is missing");
}

std::vector<std::size_t> row_shape(Extent extent, const MeasurementShape& shape) {
  switch (extent) {
    case Extent::scalar: return {};
    case Extent::band: return {shape.bands};
    case Extent::radius: return {shape.radii};
    case Extent::band_radius: return {shape.bands, shape.radii};
    case Extent::band_bin: return {shape.bands, shape.profile_bins};
    case Extent::image: return {stored_images};
  }
  return {};
}

template <class T>
struct StoredAs {
  using type = T;
};
template <>
struct StoredAs<Status> {
  using type = std::int32_t;
};
template <class T>
using Stored = typename StoredAs<std::remove_const_t<T>>::type;

}  // namespace

Measurement::Measurement(const MeasurementShape& extents) : shape(extents) {
  visit_fields(*this, [&](const Field& field, auto& member) {
    if constexpr (requires { member.resize(1); }) {
      std::size_t elements = 1;
      for (auto extent : row_shape(field.extent, shape)) elements *= extent;
      member.resize(elements);
    }
  });
  reset();
}

void Measurement::reset() {
  visit_fields(*this, [](const Field&, auto& member) {
    auto values = as_span(member);
    using T = typename decltype(values)::value_type;
    if constexpr (std::is_floating_point_v<T>) {
      std::ranges::fill(values, std::numeric_limits<T>::quiet_NaN());
    } else {
      std::ranges::fill(values, T{});
    }
  });
  rendered = 1;
}

MeasurementSchema::MeasurementSchema(const BandNames& bands,
                                     const std::vector<double>& radii_pix,
                                     int profile_bins, Masks masks, bool correlated,
                                     PointSources points)
    : shape_{.bands = bands.size(),
             .radii = radii_pix.size(),
             .profile_bins = static_cast<std::size_t>(std::max(profile_bins, 0)),
             .masks = masks,
             .correlated = correlated,
             .points = points} {
  const std::string band_list = fmt::format("{}", fmt::join(bands, ", "));
  const std::string radius_list = fmt::format("{} pix", fmt::join(radii_pix, ", "));
  const Measurement measurement(shape_);
  visit_fields(measurement, [&](const Field& field, const auto& member) {
    const auto values = as_span(member);
    using T = Stored<typename decltype(values)::element_type>;
    ColumnInfo info{.name = field.name,
                    .unit = field.unit,
                    .description = field.description,
                    .type = element_type_of<T>(),
                    .row_shape = row_shape(field.extent, shape_)};
    switch (field.extent) {
      case Extent::band:
        info.description += fmt::format("; [band]: {}", band_list);
        break;
      case Extent::radius:
        info.description += fmt::format("; [radius]: {}", radius_list);
        break;
      case Extent::band_radius:
        info.description +=
            fmt::format("; [band, radius]: {}; {}", band_list, radius_list);
        break;
      case Extent::band_bin:
        info.description += fmt::format("; [band, bin]: {}", band_list);
        break;
      case Extent::scalar:
      case Extent::image: break;
    }
    ENSURE(info.row_elements() == values.size());
    columns_.push_back(std::move(info));
    axes_.push_back(field.extent == Extent::scalar ? ColumnAxes::none
                    : field.extent == Extent::band ? ColumnAxes::band
                                                   : ColumnAxes::other);
  });
}

double MeasurementSchema::value(const Measurement& measurement, std::size_t column,
                                std::size_t element) const {
  EXPECT(column < axes_.size() && axes_[column] != ColumnAxes::other);
  double result = not_a_number;
  std::size_t index = 0;
  visit_fields(measurement, [&](const Field&, const auto& member) {
    if (index++ == column) result = static_cast<double>(as_span(member)[element]);
  });
  return result;
}

Table MeasurementSchema::make_table(std::size_t rows) const {
  Table table;
  table.reserve(columns_.size());
  for (const auto& info : columns_) table.emplace_back(info, rows);
  return table;
}

void MeasurementSchema::write_row(Table& table, std::size_t row,
                                  const Measurement& measurement) const {
  EXPECT(measurement.shape == shape_);
  EXPECT(table.size() == columns_.size());
  std::size_t index = 0;
  visit_fields(measurement, [&](const Field&, const auto& member) {
    const auto values = as_span(member);
    using T = Stored<typename decltype(values)::element_type>;
    auto out = table[index++].template row<T>(row);
    for (std::size_t i = 0; i < values.size(); ++i) out[i] = static_cast<T>(values[i]);
  });
}

}  // namespace lensmill::measure
