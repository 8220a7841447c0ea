#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <numbers>
#include <vector>

#include "lib/io/fits/file.hpp"
#include "lib/light/galaxy_image.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/dense_render.hpp"

/// \file
/// Ten galaxies of COSMOS (Hubble Space Telescope, F814W, 0.03 arcsec per pixel) as
/// sources: what is left of each image, its flux and size through the chain, the
/// integrator's error on it, and no edge of the stamp it came on.

namespace lensmill {
namespace {

using light::GalaxyImage;
using light::GalaxyTemplate;
using test_support::data_path;

constexpr int galaxies = 10;
constexpr double pixel_arcsec = 0.03;

Image<float> read_galaxy(int k) {
  const auto file = io::fits::File::open(
      data_path("cosmos-sources/real_galaxy_images_23.5_n1.fits").string());
  return file.image(k).read_plane<float>(0);
}

std::shared_ptr<const GalaxyTemplate> make_galaxy(
    int k, SplineDegree degree = SplineDegree::quintic) {
  return std::make_shared<const GalaxyTemplate>(
      light::clean_galaxy(read_galaxy(k).view(), {}), degree);
}

imaging::RenderConfig stamps(int side, double scale) {
  imaging::RenderConfig config;
  config.grid.stamp_size_pix = side;
  config.grid.pixel_scale_arcsec = scale;
  config.lattice = {.stamp_size_pix = side, .border = 4};
  return config;
}

// Issue: "a galaxy lensed by nothing keeps flux to 1e-3 and half-light radius to 1 %".
constexpr double flux_limit = 1.0e-3;
constexpr double size_limit = 1.0e-2;

/// Half-light radius sqrt(ab) along ellipses of that shape about the stamp's centre,
/// each pixel's light spread evenly over 9 x 9 points.
double half_light_radius(const Image<double>& image, double q, double phi_rad,
                         double scale) {
  std::vector<std::pair<double, double>> by_radius;
  double flux = 0.0;
  constexpr int n = 9;
  const double centre = 0.5 * (image.nx() - 1);
  for (int y = 0; y < image.ny(); ++y) {
    for (int x = 0; x < image.nx(); ++x) {
      if (image(y, x) == 0.0) continue;
      flux += image(y, x);
      for (int j = 0; j < n; ++j) {
        for (int i = 0; i < n; ++i) {
          const double dx = x - 0.5 + (i + 0.5) / n - centre;
          const double dy = y - 0.5 + (j + 0.5) / n - centre;
          const double major = std::cos(phi_rad) * dx + std::sin(phi_rad) * dy;
          const double minor = std::cos(phi_rad) * dy - std::sin(phi_rad) * dx;
          by_radius.emplace_back(std::sqrt(q * major * major + minor * minor / q),
                                 image(y, x) / (n * n));
        }
      }
    }
  }
  std::sort(by_radius.begin(), by_radius.end());
  double inside = 0.0;
  for (const auto& [radius, part] : by_radius) {
    inside += part;
    if (inside >= 0.5 * flux) return scale * radius;
  }
  return 0.0;
}

TEST(CosmosSources, UnlensedKeepFluxAndSizeAtAnyScaleAndAngle) {
  LENSMILL_NEEDS_DATA("cosmos-sources/real_galaxy_images_23.5_n1.fits");
  const lens::LensModel nothing({.theta_e_arcsec = 0.0});
  double worst_flux = 0.0, worst_size = 0.0;
  for (int k = 0; k < galaxies; ++k) {
    const auto galaxy = make_galaxy(k);
    const double own = pixel_arcsec * galaxy->shape().reff_pix;
    for (const double reff : {own, 0.3}) {
      const double phi = 0.9 - 0.3 * k;
      const GalaxyImage source(
          galaxy, reff, phi, k % 2 == 0 ? light::Mirrored::no : light::Mirrored::in_x);
      // Twenty pixels to a half-light radius: pixels do not blur the size.
      const auto config = stamps(320, 0.05 * reff);

      const auto planes =
          test_support::adaptive_render({.lens = &nothing, .source = &source}, config);

      double flux = 0.0;
      for (const double value : planes.pixel.plane[0].pixels()) flux += value;
      EXPECT_NEAR(flux, 1.0, flux_limit) << "galaxy " << k;
      EXPECT_NEAR(planes.total_flux, 1.0, flux_limit) << "galaxy " << k;
      const double size = half_light_radius(planes.pixel.plane[0], galaxy->shape().q,
                                            phi, config.grid.pixel_scale_arcsec);
      EXPECT_NEAR(size, reff, size_limit * reff) << "galaxy " << k;
      worst_flux = std::max(worst_flux, std::abs(flux - 1.0));
      worst_size = std::max(worst_size, std::abs(size / reff - 1.0));
    }
  }
  std::cout << "unlensed: flux off by " << worst_flux << ", half-light radius by "
            << worst_size << " at most\n";
}

// At a survey's pixels, where a stamp of 64 may not hold all of a large galaxy: with
// what is outside (total_flux) the flux closes for each stamp.
TEST(CosmosSources, FluxClosesOnEachSurveyStamp) {
  LENSMILL_NEEDS_DATA("cosmos-sources/real_galaxy_images_23.5_n1.fits");
  const lens::LensModel nothing({.theta_e_arcsec = 0.0});
  for (int k = 0; k < galaxies; ++k) {
    const auto galaxy = make_galaxy(k);
    const GalaxyImage source(galaxy, pixel_arcsec * galaxy->shape().reff_pix, 0.3 * k);
    const auto planes = test_support::adaptive_render(
        {.lens = &nothing, .source = &source, .src_x_arcsec = 0.11 * k},
        stamps(64, 0.262));

    EXPECT_NEAR(planes.total_flux, 1.0, flux_limit) << "galaxy " << k;
  }
}

// docs/physics.md, accuracy contract; brute force with 40 x 40 midpoints per pixel,
// 640 x 640 next to the lens.
TEST(CosmosSources, LensedMeetTheAccuracyContract) {
  LENSMILL_NEEDS_DATA("cosmos-sources/real_galaxy_images_23.5_n1.fits");
  constexpr double contract = 1.0e-3;
  const auto config = stamps(64, 0.262);
  double worst_pixel = 0.0, worst_core = 0.0;
  for (int k = 0; k < galaxies; ++k) {
    const auto galaxy = make_galaxy(k);
    const double own = pixel_arcsec * galaxy->shape().reff_pix;
    const lens::LensModel lens({.theta_e_arcsec = 0.6 + 0.2 * k,
                                .q = 0.95 - 0.04 * k,
                                .phi_rad = 0.3 * k,
                                .gamma = k % 2 == 0 ? 2.0 : 1.85,
                                .shear_g1 = 0.03});
    const GalaxyImage source(galaxy, k % 3 == 0 ? own : 0.25, 0.7 * k);
    const double offset = 0.08 * k * (0.6 + 0.2 * k);
    const imaging::LensedSource object{.lens = &lens,
                                       .source = &source,
                                       .src_x_arcsec = offset * std::cos(1.1 * k),
                                       .src_y_arcsec = offset * std::sin(1.1 * k)};

    const auto planes = test_support::adaptive_render(object, config);

    const auto errors = test_support::errors_of(
        planes, test_support::dense_render(object, config.grid, 40, 16), 31.5, 31.5);
    EXPECT_LT(errors.pixel, contract) << "galaxy " << k;
    EXPECT_LT(errors.core, contract) << "galaxy " << k;
    EXPECT_LT(planes.pixel_error, contract) << "galaxy " << k << ", estimated";
    worst_pixel = std::max(worst_pixel, errors.pixel);
    worst_core = std::max(worst_core, errors.core);
  }
  std::cout << "worst pixel " << worst_pixel << ", worst core " << worst_core << '\n';
}

/// The survey image of a lensed source: all kinds, before the PSF.
Image<double> lensed_image(const light::Brightness& source) {
  const auto config = stamps(64, 0.262);
  const lens::LensModel lens({.theta_e_arcsec = 1.4, .q = 0.8, .shear_g1 = 0.03});
  const auto planes = test_support::adaptive_render(
      {.lens = &lens, .source = &source, .src_x_arcsec = 0.3, .src_y_arcsec = 0.2},
      config);
  Image<double> image(64, 64);
  for (const auto& plane : planes.pixel.plane) {
    for (std::size_t p = 0; p < image.size(); ++p)
      image.pixels()[p] += plane.pixels()[p];
  }
  return image;
}

/// Worst pixel, over the peak.
double difference(const Image<double>& image, const Image<double>& truth) {
  double worst = 0.0;
  for (std::size_t p = 0; p < image.size(); ++p) {
    worst = std::max(worst, std::abs(image.pixels()[p] - truth.pixels()[p]));
  }
  return worst / *std::ranges::max_element(truth.pixels());
}

/// A galaxy known everywhere as the telescope sees it: Gaussians of many widths, the
/// sharpest being stars behind its PSF (FWHM 0.095 arcsec: sigma 1.35 pixels), each as
/// sharp as anything on such an image can be.
class KnownGalaxy final : public light::Brightness {
 public:
  struct Part {
    double flux, x_pix, y_pix, sigma_pix;
  };
  explicit KnownGalaxy(double pixel) : pixel_(pixel) {}
  const std::vector<Part>& parts() const { return parts_; }
  double at_pix(double x, double y) const {
    double sum = 0.0;
    for (const auto& p : parts_) {
      const double r2 = (x - p.x_pix) * (x - p.x_pix) + (y - p.y_pix) * (y - p.y_pix);
      sum += p.flux * std::exp(-0.5 * r2 / (p.sigma_pix * p.sigma_pix)) /
             (2.0 * std::numbers::pi * p.sigma_pix * p.sigma_pix);
    }
    return sum;
  }
  void evaluate(std::span<const double> x, std::span<const double> y,
                std::span<double> brightness) const override {
    for (std::size_t k = 0; k < x.size(); ++k) {
      brightness[k] = at_pix(x[k] / pixel_, y[k] / pixel_) / (pixel_ * pixel_);
    }
  }
  light::RoundMetric round_metric() const override { return {}; }
  double cusp_radius_arcsec() const override { return -1.0; }
  double flux_within(double) const override { return 1.0; }
  double brightest_beyond(double) const override { return 1.0e6; }

 private:
  double pixel_;
  std::vector<Part> parts_{{0.55, 0.0, 0.0, 6.0},   {0.2, 0.3, 0.2, 2.5},
                           {0.1, 0.31, 0.17, 1.35}, {0.05, 6.4, 3.3, 1.35},
                           {0.05, -4.7, 5.2, 1.35}, {0.05, 2.1, -7.6, 1.35}};
};

/// By brute force: KnownGalaxy tells the adaptive integrator nothing of its structure.
Image<double> known_image(const KnownGalaxy& galaxy) {
  const lens::LensModel lens({.theta_e_arcsec = 1.4, .q = 0.8, .shear_g1 = 0.03});
  return test_support::dense_render(
      {.lens = &lens, .source = &galaxy, .src_x_arcsec = 0.3, .src_y_arcsec = 0.2},
      stamps(64, 0.262).grid, 24, 16);
}

TEST(CosmosSources, InterpolationOfWhatTheTelescopeSawMeetsTheContract) {
  constexpr int side = 96;
  constexpr double centre = 47.5;
  for (const double pixel : {0.015, 0.03, 0.06}) {
    const KnownGalaxy known(pixel);
    Image<float> sampled(side, side);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        sampled(y, x) = static_cast<float>(known.at_pix(x - centre, y - centre));
      }
    }
    const auto clean = light::clean_galaxy(sampled.view(), {});
    const auto truth = known_image(known);
    for (const auto degree : {SplineDegree::quintic, SplineDegree::cubic}) {
      const auto made = std::make_shared<const GalaxyTemplate>(clean, degree);
      const auto& shape = made->shape();
      // Its centroid is put on the centre: the known galaxy's is elsewhere.
      const GalaxyImage source(made, pixel * shape.reff_pix, shape.phi_rad);
      const lens::LensModel lens({.theta_e_arcsec = 1.4, .q = 0.8, .shear_g1 = 0.03});
      const auto planes = test_support::adaptive_render(
          {.lens = &lens,
           .source = &source,
           .src_x_arcsec =
               0.3 + pixel * (shape.centroid_x_pix + clean.first_x_pix - centre),
           .src_y_arcsec =
               0.2 + pixel * (shape.centroid_y_pix + clean.first_y_pix - centre)},
          stamps(64, 0.262));
      Image<double> image(64, 64);
      for (const auto& plane : planes.pixel.plane) {
        for (std::size_t p = 0; p < image.size(); ++p) {
          image.pixels()[p] += plane.pixels()[p];
        }
      }
      const double error = difference(image, truth);
      std::cout << (degree == SplineDegree::cubic ? "cubic" : "quintic")
                << ", pixels of " << pixel << " arcsec: " << error << " of the peak\n";
      EXPECT_LT(error, 1.0e-3);
    }
  }
}

// On the real images the cubic and the quintic differ by what is sharper than the
// telescope's PSF, which is noise: how much that matters in a lensed image at all.
TEST(CosmosSources, CubicAndQuinticDifferByNoiseAlone) {
  LENSMILL_NEEDS_DATA("cosmos-sources/real_galaxy_images_23.5_n1.fits");
  for (int k = 0; k < galaxies; ++k) {
    const auto cubic = make_galaxy(k, SplineDegree::cubic);
    const auto quintic = make_galaxy(k);
    const double own = pixel_arcsec * quintic->shape().reff_pix;
    const double apart = difference(lensed_image(GalaxyImage(cubic, own, 0.4)),
                                    lensed_image(GalaxyImage(quintic, own, 0.4)));
    std::cout << "galaxy " << k << ", own size " << own << ": " << apart
              << " of the peak\n";
    EXPECT_LT(apart, 1.0e-2);  // noise is up to 13 % of a galaxy's peak
    EXPECT_GT(apart, 0.0);
  }
}

// No stamp's edge: on the cleaned image the light's outline lies inside the stamp's
// outermost pixels, and the last light is a small part of the peak all around.
TEST(CosmosSources, HaveNoEdgeOfTheirStamps) {
  LENSMILL_NEEDS_DATA("cosmos-sources/real_galaxy_images_23.5_n1.fits");
  for (int k = 0; k < galaxies; ++k) {
    const auto image = read_galaxy(k);
    const auto clean = light::clean_galaxy(image.view(), {});
    ASSERT_TRUE(clean.usable());
    const double peak = *std::ranges::max_element(clean.light.pixels());
    double rim = 0.0;
    for (int y = 0; y < clean.light.ny(); ++y) {
      for (int x = 0; x < clean.light.nx(); ++x) {
        const auto light_at = [&](int v, int u) {
          const bool inside =
              v >= 0 && u >= 0 && v < clean.light.ny() && u < clean.light.nx();
          return inside ? clean.light(v, u) : 0.0;
        };
        const bool last = light_at(y, x) != 0.0 &&
                          (light_at(y + 1, x) == 0.0 || light_at(y - 1, x) == 0.0 ||
                           light_at(y, x + 1) == 0.0 || light_at(y, x - 1) == 0.0);
        if (last) rim = std::max(rim, std::abs(light_at(y, x)));
      }
    }
    // The weights end with 7 % of what is there: a few sigmas of noise.
    EXPECT_LT(rim, 0.3 * clean.noise_sigma + 0.003 * peak) << "galaxy " << k;
    // What is thrown away is sky, noise and neighbours: the galaxy itself stays.
    EXPECT_GT(clean.flux_kept_share, 0.75) << "galaxy " << k;
    EXPECT_LT(clean.flux_kept_share, 1.1) << "galaxy " << k;
  }
}

}  // namespace
}  // namespace lensmill
