#pragma once

#include <string>

#include "tests/support/chain_runner.hpp"
#include "tests/support/image_matchers.hpp"

/// \file
/// One row of a point source behind a singular isothermal sphere, for tests of
/// `source.point`.

namespace lensmill::stages::test {

using test_support::edited;

/// Of single precision, summed over a stamp.
inline constexpr double flux_tolerance = 2.0e-6;

/// The SIS with the source off the centre along x and y, where nothing is on a pixel.
inline const std::string sis = R"(schema: 1
run: {name: points, seed: 7}
grid: {pixel_scale_arcsec: 0.262, stamp_size_pix: 65}
bands: [r]
catalogue:
  sampled: {count: 1}
priors:
  theta_e_arcsec: 2.0
  lens_q: 1.0
  lens_phi_rad: 0.0
  lens_gamma: 2.0
  shear_g1: 0.0
  shear_g2: 0.0
  lens_x_arcsec: 0.071
  lens_y_arcsec: -0.113
  src_x_arcsec: 0.3
  src_y_arcsec: 0.4
  src_flux_nmgy_r: 10.0
source: {point: {}}
host: none
psf:
  r: {kind: gaussian, fwhm_pix: 4.0}
noise:
  sky_sigma_nmgy: {r: 0.01}
  gain_e_per_nmgy: {r: 500}
measure: {aperture_radius_pix: [6.5, 12.0], annulus_pix: [20, 28]}
output: {products: [positive, negative, arc, counter_image, arc_intrinsic]}
)";

/// The only row of a configuration, rendered.
class OneRow {
 public:
  explicit OneRow(const std::string& text)
      : runner_(config::read_run_config_text(text, "points.yaml", {},
                                             test_support::source_folder())),
        stamp(runner_.make_stamp()) {
    runner_.apply(0, stamp);
  }
  const Image<float>& arc() const { return stamp.images[0].arc; }
  const Image<float>& counter_image() const { return stamp.images[0].counter_image; }
  const measure::Measurement& measured() const { return stamp.measurement; }

 private:
  test_support::ChainRunner runner_;

 public:
  Stamp stamp;
};

/// The split, summed.
inline double total(const measure::Measurement& m, std::size_t at) {
  return m.core_flux_fraction_minimum_intrinsic[at] +
         m.core_flux_fraction_minimum_psf[at] +
         m.core_flux_fraction_saddle_intrinsic[at] +
         m.core_flux_fraction_saddle_psf[at];
}

}  // namespace lensmill::stages::test
