// The split of core flux through the whole chain: its terms add up, and what they add
// up to is what the aperture holds on the convolved image.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lib/measure/aperture.hpp"
#include "tests/support/chain_runner.hpp"

namespace lensmill {
namespace {

using config::ApertureMask;
using test_support::ChainRunner;

// Adjoint apertures act in double, the image is convolved in single precision.
constexpr double single_precision = 5.0e-6;
// The terms and their sum differ by rounding alone.
constexpr double rounding = 1.0e-13;

struct Case {
  const char* name;
  std::vector<std::string> settings;
};

/// A band's Moffat PSF in a rectangle of its own.
std::string cut(const std::string& band, const std::string& size_pix,
                const std::string& normalisation) {
  return "psf." + band +
         "={kind: moffat, beta: 3.5, fwhm_arcsec: 1.35, size_pix: " + size_pix +
         ", normalisation: " + normalisation + "}";
}

const std::vector<Case>& cases() {
  static const std::vector<Case> list{
      {"as shipped", {}},
      {"historical mask about pixel 32",
       {"measure.aperture_mask=pixel_centre", "measure.aperture_centre=[32, 32]"}},
      {"direct operator", {"convolve.operator=direct"}},
      {"discrete operation", {"convolve.oversample=1"}},
      {"historical misplacement",
       {"convolve.operator=legacy_ifftshift", "convolve.oversample=1",
        "psf.accept_failed_self_test=true", cut("g", "[33, 33]", "unit"),
        cut("r", "[33, 33]", "unit"), cut("z", "[33, 33]", "unit")}},
      {"light from outside the stamp", {"render.margin_pix=6"}},
      {"even, cut kernels that do not sum to one",
       {cut("g", "[21, 40]", "keep"), cut("r", "[32, 30]", "keep")}},
      {"off-centre lens", {"priors.lens_x_arcsec=0.7", "priors.lens_y_arcsec=-1.3"}},
      {"shallow lens with central images", {"priors.lens_gamma=1.6"}}};
  return list;
}

std::vector<std::string> settings_of(const Case& one) {
  std::vector<std::string> settings{"catalogue.sampled.count=16", "host=none"};
  settings.insert(settings.end(), one.settings.begin(), one.settings.end());
  return settings;
}

double sum_of_terms(const measure::Measurement& m, std::size_t at) {
  return m.core_flux_fraction_minimum_intrinsic[at] +
         m.core_flux_fraction_minimum_psf[at] +
         m.core_flux_fraction_saddle_intrinsic[at] +
         m.core_flux_fraction_saddle_psf[at] +
         m.core_flux_fraction_maximum_intrinsic[at] +
         m.core_flux_fraction_maximum_psf[at];
}

/// The aperture's share of the convolved image.
double fraction_on_image(const config::RunConfig& config, const stages::Stamp& stamp,
                         std::size_t band, std::size_t radius) {
  const auto& centre = config.measure.aperture_centre_pix;
  const measure::Disc disc{
      .x_pix = centre ? (*centre)[0]
                      : config.grid.pix_from_arcsec(stamp.injection.lens_x_arcsec),
      .y_pix = centre ? (*centre)[1]
                      : config.grid.pix_from_arcsec(stamp.injection.lens_y_arcsec),
      .radius_pix = config.measure.aperture_radius_pix[radius]};
  const int size = config.grid.stamp_size_pix;
  const auto weights = config.measure.aperture_mask == ApertureMask::pixel_centre
                           ? measure::pixel_centre_weights(size, disc)
                           : measure::pixel_overlap_weights(size, disc);
  const auto& arc = stamp.images[band].arc;
  double total = 0.0;
  for (const float pixel : arc.pixels()) total += double{pixel};
  return measure::aperture_sum(weights, arc.view()) / total;
}

TEST(CoreSplit, AddsUpToTheFluxInTheApertureOfTheConvolvedImage) {
  for (const auto& one : cases()) {
    const auto config =
        test_support::shipped_config("seed_gen5.yaml", settings_of(one));
    double largest_psf_term = 0.0;

    ChainRunner(config).run([&](const stages::Stamp& stamp) {
      const auto& m = stamp.measurement;
      for (std::size_t band = 0; band < config.bands.size(); ++band) {
        for (std::size_t radius = 0; radius < 2; ++radius) {
          const std::size_t at = m.at(band, radius);
          EXPECT_NEAR(sum_of_terms(m, at), m.core_flux_fraction[at], rounding)
              << one.name;
          EXPECT_NEAR(m.core_flux_fraction[at],
                      fraction_on_image(config, stamp, band, radius), single_precision)
              << one.name << ", row " << stamp.injection.injection_id << ", band "
              << config.bands[band];
          largest_psf_term = std::max(largest_psf_term,
                                      std::abs(m.core_flux_fraction_minimum_psf[at]));
        }
      }
    });

    EXPECT_GT(largest_psf_term, 0.1) << one.name << ": nothing was moved";
  }
}

}  // namespace
}  // namespace lensmill
