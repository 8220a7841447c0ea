#include "stages/measure_stage.hpp"

#include <algorithm>
#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/lens/point_images.hpp"
#include "lib/measure/core_leakage.hpp"
#include "lib/measure/correlated_snr.hpp"
#include "lib/measure/profiles.hpp"
#include "lib/measure/snr.hpp"
#include "stages/buffers.hpp"

namespace lensmill::stages {
namespace {

using config::ApertureMask;
using lens::ImageKind;
using lens::kind_index;

/// Flux of the convolved arc in the stamp's unmasked pixels, for unit source flux; NaN
/// where the source has none in this band.
double unmasked_unit_flux(const Stamp& stamp, std::size_t band) {
  const auto arc = stamp.images[band].arc.pixels();
  const auto mask = stamp.images[band].mask.pixels();
  double flux = 0.0;
  for (std::size_t k = 0; k < arc.size(); ++k) {
    if (mask[k] == 0.0F) flux += double{arc[k]};
  }
  return flux / stamp.injection.src_flux_nmgy[band];
}

// The core's flux matters down to this share of the arc (accuracy contract).
constexpr double least_core_share = 1.0e-2;

/// What the core flux's error may grow by after the PSF, over the larger of the core's
/// share of the arc and least_core_share: light from outside is known as well as the
/// pixels are, and single precision rounds all of the arc. Calibrated as the renderer's
/// estimates are (docs/validation.md).
double core_error_by_psf(double render_error, double pixel_tolerance, double core_share,
                         bool single_precision) {
  constexpr double of_render_error = 0.25;
  constexpr double calibrated_tolerance = 1.0e-3;
  // Errors that neighbours have alike are more of all at tighter tolerances.
  constexpr double per_decade = 2.0;
  constexpr double rounding = 6.0e-8;  // of the arc
  const double decades =
      std::max(0.0, std::log10(calibrated_tolerance / pixel_tolerance));
  return of_render_error * std::pow(per_decade, decades) * render_error +
         (single_precision ? rounding / core_share : 0.0);
}

std::size_t slot(ImageKind kind) { return static_cast<std::size_t>(kind_index(kind)); }

}  // namespace

MeasureStage::MeasureStage(Config config) : config_(std::move(config)) {
  EXPECT(config_.margins != nullptr);
  if (config_.aperture_radius_pix.empty()) {
    throw ConfigError("measure.aperture_radius_pix: give at least one radius");
  }
}

std::vector<Plane> MeasureStage::needs() const {
  std::vector<Plane> planes{
      Plane::injection,     Plane::lens,          Plane::aperture,
      Plane::arc_planes,    Plane::arc_fields,    Plane::psf,
      Plane::lattice_error, Plane::unit_arc_flux, Plane::arc,
      Plane::counter_image, Plane::mask,          Plane::negative,
      Plane::positive,      Plane::variance,      Plane::non_positive_mean_pixels};
  const bool correlated = std::ranges::any_of(
      config_.correlation, [](const auto& noise) { return noise != nullptr; });
  if (correlated) {
    planes.insert(planes.end(), {Plane::sky_variance, Plane::poisson_variance});
  }
  return planes;
}

const imaging::Convolver& MeasureStage::convolver_of(const Stamp& stamp) const {
  return *config_.margins->of(stamp.arc_planes).convolver;
}

measure::ApertureWeights MeasureStage::core_weights(const measure::Disc& disc) const {
  // `circle` sums of pixels (offsets, SNR) use the overlap: a stamp has no continuum.
  return config_.mask == ApertureMask::pixel_centre
             ? measure::pixel_centre_weights(config_.grid.stamp_size_pix, disc)
             : measure::pixel_overlap_weights(config_.grid.stamp_size_pix, disc);
}

void MeasureStage::update_apertures(Stamp& stamp) const {
  auto& cache = stamp.buffers->aperture;
  const double x = stamp.aperture_x_pix;
  const double y = stamp.aperture_y_pix;
  const int margin = stamp.arc_planes.margin_pix;
  if (cache.filled && cache.x_pix == x && cache.y_pix == y &&
      cache.margin_pix == margin) {
    return;
  }
  cache.core.clear();
  cache.circle_lattice.clear();
  for (const double radius : config_.aperture_radius_pix) {
    const measure::Disc disc{.x_pix = x, .y_pix = y, .radius_pix = radius};
    cache.core.push_back(core_weights(disc));
    if (config_.mask == ApertureMask::circle) {
      cache.circle_lattice.push_back(
          measure::circle_lattice_weights(convolver_of(stamp).lattice(), disc));
    }
  }
  const int n = config_.grid.stamp_size_pix;
  cache.annulus = measure::annulus_overlap_weights(n, x, y, config_.annulus_pix);
  cache.bins = measure::RadialBins(n, x, y, config_.profile_bins);
  cache.x_pix = x;
  cache.y_pix = y;
  cache.margin_pix = margin;
  cache.spectra.clear();
  cache.filled = true;
}

void MeasureStage::update_masked(Stamp& stamp, std::size_t band) const {
  const auto& images = stamp.images[band];
  if (!images.any_masked) return;
  auto& masked = stamp.buffers->masked[band];
  masked.core.clear();
  for (const auto& aperture : stamp.buffers->aperture.core) {
    masked.core.push_back(measure::without_masked(aperture, images.mask));
  }
  masked.spectra.clear();
}

void MeasureStage::transport_flux(Stamp& stamp, std::size_t band) const {
  auto& buffers = *stamp.buffers;
  const ArcViews arc(stamp.arc_fields, stamp.arc_planes);
  auto& aperture = buffers.aperture;
  const bool masked = stamp.images[band].any_masked;
  const bool circle = config_.mask == ApertureMask::circle && !masked;
  auto& spectra = masked ? buffers.masked[band].spectra : aperture.spectra;
  auto& [weights, flux, intrinsic, transported] = buffers.core_sums;
  weights.clear();
  for (const auto& core : masked   ? buffers.masked[band].core
                          : circle ? aperture.circle_lattice
                                   : aperture.core) {
    weights.push_back(core.weight.view());
  }
  const std::size_t planes = arc.planes().size();
  flux.resize(weights.size() * planes);
  const auto& psf = stamp.psf[band];
  convolver_of(stamp).adjoint_fluxes(
      {weights, circle ? imaging::WeightsOn::lattice : imaging::WeightsOn::stamp,
       spectra, arc.planes(), stamp.arc_fields.spectra},
      circle ? *psf.prepared_without_pixel : *psf.prepared, buffers.convolver, flux);
  transported.clear();
  for (std::size_t r = 0; r < weights.size(); ++r) {
    transported.push_back(arc.by_kind(std::span(flux).subspan(r * planes, planes)));
  }
}

void MeasureStage::measure_point_images(Stamp& stamp) const {
  const auto& injection = stamp.injection;
  auto& m = stamp.measurement;
  const lens::Vector2 source{injection.src_x_arcsec, injection.src_y_arcsec};
  const double beta = std::hypot(source.x, source.y);
  if (beta < injection.theta_e_arcsec) {
    m.sis_inner_radius_pix =
        (injection.theta_e_arcsec - beta) / config_.grid.pixel_scale_arcsec;
  }
  const auto [caustics, images] =
      lens::find_point_source(stamp.lens, source, stamp.buffers->point_source);
  m.in_tangential_caustic = caustics.in_tangential_caustic ? 1 : 0;
  m.in_radial_caustic = caustics.in_radial_caustic ? 1 : 0;

  if (images.status != Status::ok && stamp.status == Status::ok) {
    stamp.status = images.status;
  }
  m.n_images = images.count;
  m.n_saddles = images.count_of(ImageKind::saddle);
  m.n_images_left_out = stamp.arc_planes.images_left_out;
  for (std::size_t k = 0; k < images.list().size(); ++k) {
    const lens::PointImage& image = images.list()[k];
    if (image.kind == ImageKind::saddle && std::isnan(m.counter_image_radius_pix)) {
      m.counter_image_radius_pix =
          std::hypot(image.x_arcsec, image.y_arcsec) / config_.grid.pixel_scale_arcsec;
    }
    if (k >= measure::stored_images) continue;
    m.image_x_arcsec[k] = image.x_arcsec + injection.lens_x_arcsec;
    m.image_y_arcsec[k] = image.y_arcsec + injection.lens_y_arcsec;
    m.image_magnification[k] = image.magnification;
    m.image_kind[k] = static_cast<std::uint8_t>(image.kind);
  }
}

void MeasureStage::measure_core(Stamp& stamp) const {
  auto& m = stamp.measurement;
  const auto& planes = stamp.arc_planes;
  m.magnification = planes.total_flux;
  m.render_margin_pix = planes.margin_pix;
  m.render_error = planes.pixel_error + stamp.lattice_error;
  m.render_core_error = planes.core_error;
  const auto& core = stamp.buffers->aperture.core;
  auto& intrinsic = stamp.buffers->core_sums.intrinsic;
  intrinsic.clear();
  for (std::size_t r = 0; r < core.size(); ++r) {
    intrinsic.push_back(
        planes.disc_flux.empty()
            ? measure::intrinsic_sums(core[r], planes, planes.margin_pix)
            : planes.disc_flux[r]);
    // An aperture that has no pixel of the stamp is undefined, not empty.
    const auto before = measure::core_fraction_without_psf(
        intrinsic[r], core[r].has_area() ? planes.stamp_flux : measure::KindValues{});
    m.core_flux_fraction_without_psf[r] = before.fraction;
    m.core_flux_fraction_minimum_without_psf[r] =
        before.by_kind[slot(ImageKind::minimum)];
    m.core_flux_fraction_saddle_without_psf[r] =
        before.by_kind[slot(ImageKind::saddle)];
    m.core_flux_fraction_maximum_without_psf[r] =
        before.by_kind[slot(ImageKind::maximum)];
  }
  double least_share = 1.0;
  for (int band = 0; band < config_.bands; ++band) {
    const auto b = static_cast<std::size_t>(band);
    measure_split(stamp, b);
    double share = least_core_share;  // the widest aperture's
    for (std::size_t r = 0; r < core.size(); ++r) {
      share = std::max(share, m.core_flux_fraction[m.at(b, r)]);
    }
    least_share = std::min(least_share, share);
  }
  m.render_core_error += core_error_by_psf(
      m.render_error, config_.pixel_tolerance, least_share,
      convolver_of(stamp).kind() != imaging::ConvolutionOperator::direct);
}

void MeasureStage::measure_split(Stamp& stamp, std::size_t b) const {
  auto& m = stamp.measurement;
  transport_flux(stamp, b);
  const auto& [weights, sums, intrinsic, transported] = stamp.buffers->core_sums;
  const bool masked = stamp.images[b].any_masked;
  const auto& core =
      masked ? stamp.buffers->masked[b].core : stamp.buffers->aperture.core;
  const double flux = masked ? unmasked_unit_flux(stamp, b) : stamp.unit_arc_flux[b];
  for (std::size_t r = 0; r < transported.size(); ++r) {
    // An aperture whose every pixel is masked is undefined, not empty.
    const auto split = measure::split_core_flux(
        masked ? measure::intrinsic_sums(core[r], stamp.arc_planes,
                                         stamp.arc_planes.margin_pix)
               : intrinsic[r],
        transported[r], stamp.psf[b].kernel->point_flux,
        core[r].has_area() ? flux : measure::not_a_number);
    const std::size_t at = m.at(b, r);
    m.core_flux_fraction[at] = split.fraction;
    m.core_flux_fraction_minimum_intrinsic[at] =
        split.intrinsic[slot(ImageKind::minimum)];
    m.core_flux_fraction_minimum_psf[at] = split.psf[slot(ImageKind::minimum)];
    m.core_flux_fraction_saddle_intrinsic[at] =
        split.intrinsic[slot(ImageKind::saddle)];
    m.core_flux_fraction_saddle_psf[at] = split.psf[slot(ImageKind::saddle)];
    m.core_flux_fraction_maximum_intrinsic[at] =
        split.intrinsic[slot(ImageKind::maximum)];
    m.core_flux_fraction_maximum_psf[at] = split.psf[slot(ImageKind::maximum)];
  }
}

void MeasureStage::measure_covariance(Stamp& stamp, std::size_t b) const {
  auto& m = stamp.measurement;
  const auto& images = stamp.images[b];
  const measure::NoiseCovariance covariance{
      .correlated = config_.correlation[b]->of(stamp.injection),
      .correlated_variance = images.sky_variance,
      .white_variance = images.poisson_variance};
  auto& workspace = stamp.buffers->covariance;
  m.arc_snr_correlated[b] =
      measure::matched_filter_snr(images.arc, covariance, workspace);
  m.counter_image_snr_correlated[b] =
      measure::matched_filter_snr(images.counter_image, covariance, workspace);
  const auto& core = stamp.buffers->aperture.core;
  for (std::size_t r = 0; r < core.size(); ++r) {
    m.arc_snr_aperture_correlated[m.at(b, r)] =
        measure::aperture_snr(core[r], images.arc, covariance, workspace);
  }
}

void MeasureStage::measure_band(Stamp& stamp, std::size_t b) const {
  auto& m = stamp.measurement;
  const auto& images = stamp.images[b];
  const auto& aperture = stamp.buffers->aperture;
  const auto& kernel = *stamp.psf[b].kernel;
  m.non_positive_mean_pixels[b] = stamp.non_positive_mean_pixels[b];
  m.psf_sum[b] = kernel.sum;
  m.psf_centroid_x_pix[b] = kernel.centroid_x_pix;
  m.psf_centroid_y_pix[b] = kernel.centroid_y_pix;
  // What is left out is of unit source flux; the arc is of the source's.
  const double peak = double{std::ranges::max(images.arc.pixels())};
  if (peak > 0.0) {
    m.left_out_light_error =
        std::fmax(m.left_out_light_error, stamp.arc_planes.left_out_flux *
                                              stamp.injection.src_flux_nmgy[b] / peak);
  }
  m.arc_flux_nmgy[b] = stamp.unit_arc_flux[b] * stamp.injection.src_flux_nmgy[b];
  m.flux_in_stamp_fraction[b] =
      stamp.arc_planes.total_flux > 0.0
          ? stamp.unit_arc_flux[b] / stamp.arc_planes.total_flux
          : measure::not_a_number;
  const auto snr =
      measure::matched_filter_snr(images.arc, images.counter_image, images.variance);
  m.arc_snr[b] = snr[0];
  m.counter_image_snr[b] = snr[1];
  if (config_.correlation[b]) measure_covariance(stamp, b);
  const ImageView<const float> mask =
      images.any_masked ? images.mask.view() : ImageView<const float>{};
  m.annulus_offset[b] =
      measure::mean_offset(aperture.annulus, images.positive, images.negative, mask);
  if (images.mask.size() > 0) {
    double masked = 0.0;
    for (const float pixel : images.mask.pixels()) masked += double{pixel};
    m.masked_fraction[b] = masked / static_cast<double>(images.mask.size());
  }
  for (std::size_t r = 0; r < aperture.core.size(); ++r) {
    const std::size_t at = m.at(b, r);
    m.core_offset[at] =
        measure::mean_offset(aperture.core[r], images.positive, images.negative, mask);
    if (images.mask.size() > 0) {
      m.core_masked_fraction[at] = measure::masked_share(aperture.core[r], images.mask);
    }
    m.arc_snr_aperture[at] =
        measure::aperture_snr(aperture.core[r], images.arc, images.variance);
  }
  const auto bins = static_cast<std::size_t>(aperture.bins.bins());
  const auto profile = [&](std::vector<float>& column) {
    return std::span(column).subspan(m.at_bin(b, 0), bins);
  };
  aperture.bins.profile(images.arc, profile(m.radial_profile), mask);
  aperture.bins.profile(images.counter_image, profile(m.radial_profile_counter_image),
                        mask);
  for (std::size_t k = 0; k < bins; ++k) {
    // Profiles are linear in the image: what is not counter-image is outer image.
    m.radial_profile_outer_image[m.at_bin(b, k)] =
        m.radial_profile[m.at_bin(b, k)] -
        m.radial_profile_counter_image[m.at_bin(b, k)];
  }
}

void MeasureStage::apply(Stamp& stamp, const InjectionStreams&) const {
  stamp.measurement.reset();
  update_apertures(stamp);
  measure_point_images(stamp);
  for (int band = 0; band < config_.bands; ++band) {
    update_masked(stamp, static_cast<std::size_t>(band));
  }
  measure_core(stamp);
  for (int band = 0; band < config_.bands; ++band) {
    measure_band(stamp, static_cast<std::size_t>(band));
  }
  stamp.measurement.arc_snr_total = measure::total_snr(stamp.measurement.arc_snr);
  if (!(stamp.unit_arc_flux[0] > 0.0) && !is_failure(stamp.status)) {
    stamp.status = Status::no_flux;
  }
}

}  // namespace lensmill::stages
