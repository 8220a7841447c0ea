#pragma once

#include <string_view>

#include "stages/stamp.hpp"

namespace lensmill::stages {

/// What stages hand to each other inside a Stamp: every member that one stage writes
/// and another reads. Not planes: `given` and `status`, which the chain itself passes
/// on, and `buffers`, in which a stage keeps what nobody else reads.
enum class Plane {
  injection,
  lens,
  aperture,
  arc_planes,
  arc_fields,
  psf,
  lattice_error,
  unit_arc_flux,
  arc_intrinsic,
  arc,
  counter_image,
  host,
  mask,
  host_variance,
  sky_variance,
  poisson_variance,
  negative,
  positive,
  variance,
  non_positive_mean_pixels,
  measurement,
};

/// The table of planes, in the enum's order: visit(plane, name, description,
/// members...) with pointers to the members of Stamp or, for each band, of BandImages.
template <class Visit>
void visit_planes(Visit&& visit) {
  visit(Plane::injection, "injection", "the row's truth", &Stamp::injection);
  visit(Plane::lens, "lens", "the lens model", &Stamp::lens);
  visit(Plane::aperture, "aperture", "the centre of the apertures",
        &Stamp::aperture_x_pix, &Stamp::aperture_y_pix);
  visit(Plane::arc_planes, "arc_planes", "the arc before the PSF, by image kind",
        &Stamp::arc_planes);
  visit(Plane::arc_fields, "arc_fields", "the arc before the PSF on the lattice",
        &Stamp::arc_fields);
  visit(Plane::psf, "psf", "the row's kernels and their transforms", &Stamp::psf);
  visit(Plane::lattice_error, "lattice_error", "the PSF's error on the lattice",
        &Stamp::lattice_error);
  visit(Plane::unit_arc_flux, "unit_arc_flux",
        "flux of the convolved arc for unit source flux", &Stamp::unit_arc_flux);
  visit(Plane::arc_intrinsic, "arc_intrinsic", "the arc before the PSF, in nmgy",
        &BandImages::arc_intrinsic);
  visit(Plane::arc, "arc", "the noise-free arc", &BandImages::arc);
  visit(Plane::counter_image, "counter_image", "the noise-free saddle images",
        &BandImages::counter_image);
  visit(Plane::host, "host", "the host without added noise", &BandImages::host);
  visit(Plane::mask, "mask", "masked pixels of the host's survey image",
        &BandImages::mask, &BandImages::any_masked);
  visit(Plane::host_variance, "host_variance", "the variance of a real host",
        &BandImages::host_variance);
  visit(Plane::sky_variance, "sky_variance",
        "the variance of the noise without sources", &BandImages::sky_variance);
  visit(Plane::poisson_variance, "poisson_variance",
        "the variance of the sources' noise", &BandImages::poisson_variance);
  visit(Plane::negative, "negative", "the host with noise", &BandImages::negative);
  visit(Plane::positive, "positive", "host and arc with noise", &BandImages::positive);
  visit(Plane::variance, "variance", "the variance of `positive`",
        &BandImages::variance);
  visit(Plane::non_positive_mean_pixels, "non_positive_mean_pixels",
        "pixels that got no Poisson noise", &Stamp::non_positive_mean_pixels);
  visit(Plane::measurement, "measurement", "the row's columns of /measurements",
        &Stamp::measurement);
}

std::string_view to_string(Plane plane);

}  // namespace lensmill::stages
