#include "lib/psf/psfex_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/core/gauss_legendre.hpp"
#include "lib/psf/moffat.hpp"
#include "lib/psf/oversample.hpp"

namespace lensmill::psf {
namespace {

constexpr double rounding = 1.0e-13;
constexpr double quadrature = 1.0e-6;

/// A PSF's integral over the pixel about (x, y), by Gauss-Legendre quadrature.
double in_pixel(const PsfFunction& psf, double x, double y) {
  constexpr int parts = 2;
  std::vector<double> at_x, at_y, weight;
  for (int b = 0; b < parts; ++b) {
    for (int a = 0; a < parts; ++a) {
      for (const GaussNode& v : gauss_legendre(8)) {
        for (const GaussNode& u : gauss_legendre(8)) {
          at_x.push_back(x - 0.5 + (a + 0.5 + u.offset) / parts);
          at_y.push_back(y - 0.5 + (b + 0.5 + v.offset) / parts);
          weight.push_back(u.weight * v.weight / (parts * parts));
        }
      }
    }
  }
  std::vector<double> density(weight.size());
  psf.evaluate(at_x, at_y, density);
  return std::inner_product(weight.begin(), weight.end(), density.begin(), 0.0);
}

PsfexModel model_of(int ny, int nx, int degree, std::size_t images) {
  PsfexModel model;
  for (std::size_t k = 0; k < images; ++k) {
    model.basis.emplace_back(ny, nx);
    int i = 0;
    for (double& value : model.basis.back().pixels()) {
      value = std::cos(0.37 * ++i + 1.3 * static_cast<double>(k));
    }
  }
  model.polynomial_name = {"X_IMAGE", "Y_IMAGE"};
  model.polynomial_zero = {1000.0, 2000.0};
  model.polynomial_scale = {500.0, 800.0};
  model.polynomial_degree = degree;
  model.name = "model.psf";
  return model;
}

TEST(PsfexModel, ConstantModelIsItsBasisImage) {
  PsfexModel model = model_of(5, 6, 0, 1);

  for (bool with_names : {true, false}) {
    if (!with_names) {
      model.polynomial_name.clear();
      model.polynomial_zero.clear();
      model.polynomial_scale.clear();
    }
    const PixelKernel kernel = kernel_at(model, 17.0, 42.0);

    EXPECT_TRUE(std::ranges::equal(kernel.values.pixels(), model.basis[0].pixels()));
    EXPECT_TRUE(kernel.includes_pixel);
  }
}

TEST(PsfexModel, MonomialsRunWithTheFirstVariableFastest) {
  const PsfexModel model = model_of(4, 4, 2, 6);
  const double x = (1100.0 - 1000.0) / 500.0;
  const double y = (1600.0 - 2000.0) / 800.0;
  const double weight[] = {1.0, x, x * x, y, x * y, y * y};

  const PixelKernel kernel = kernel_at(model, 1100.0, 1600.0);

  for (std::size_t i = 0; i < 16; ++i) {
    double expected = 0.0;
    for (std::size_t k = 0; k < 6; ++k) {
      expected += weight[k] * model.basis[k].pixels()[i];
    }
    EXPECT_NEAR(kernel.values.pixels()[i], expected, rounding);
  }
}

TEST(PsfexModel, NamesSayWhichCoordinateAVariableIs) {
  PsfexModel model = model_of(3, 3, 1, 3);
  const PixelKernel as_given = kernel_at(model, 1100.0, 1600.0);

  std::swap(model.polynomial_name[0], model.polynomial_name[1]);
  std::swap(model.polynomial_zero[0], model.polynomial_zero[1]);
  std::swap(model.polynomial_scale[0], model.polynomial_scale[1]);
  std::swap(model.basis[1], model.basis[2]);
  const PixelKernel swapped = kernel_at(model, 1100.0, 1600.0);

  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_NEAR(as_given.values.pixels()[i], swapped.values.pixels()[i], rounding);
  }
}

/// A model whose one basis image is a Gaussian of `fwhm_pix` image pixels, in flux per
/// image pixel, at `sampling` pixels a sample.
PsfexModel gaussian_model(double fwhm_pix, double sampling, int n) {
  PsfexModel model = model_of(n, n, 0, 1);
  model.sampling_pix = sampling;
  const double sigma = fwhm_pix / std::sqrt(8.0 * std::log(2.0));
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      const double y = (j - (n - 1) / 2) * sampling;
      const double x = (i - (n - 1) / 2) * sampling;
      model.basis[0](j, i) = std::exp(-0.5 * (x * x + y * y) / (sigma * sigma)) /
                             (2.0 * std::acos(-1.0) * sigma * sigma);
    }
  }
  return model;
}

TEST(PsfexModel, SamplingIsUndoneToImagePixels) {
  for (double sampling : {0.45, 0.70776927, 1.0, 1.3}) {
    for (int samples_per_pixel : {1, 2}) {
      for (int n : {60, 61}) {
        const double fwhm = 5.0;
        const PsfexModel model = gaussian_model(fwhm, sampling, n);

        const PixelKernel kernel = kernel_at(model, 0.0, 0.0, samples_per_pixel);

        // Lanczos-4 on a Gaussian of 3.8 samples FWHM and more: 3.6e-3 of the peak, as
        // normalised sinc interpolation of that support is.
        constexpr double lanczos_tolerance = 5.0e-3;
        const double sigma = fwhm / std::sqrt(8.0 * std::log(2.0));
        const double peak = 1.0 / (2.0 * std::acos(-1.0) * sigma * sigma *
                                   samples_per_pixel * samples_per_pixel);
        for (int dy = -8; dy <= 8; ++dy) {
          for (int dx = -8; dx <= 8; ++dx) {
            const double r2 =
                (dx * dx + dy * dy) /
                static_cast<double>(samples_per_pixel * samples_per_pixel);
            EXPECT_NEAR(kernel.values(kernel.origin_y() + dy, kernel.origin_x() + dx),
                        peak * std::exp(-0.5 * r2 / (sigma * sigma)),
                        lanczos_tolerance * peak)
                << sampling << " " << samples_per_pixel << " " << n;
          }
        }
        EXPECT_NEAR(kernel_moments(kernel).sum, 1.0, lanczos_tolerance);
        EXPECT_EQ(kernel.samples_per_pixel, samples_per_pixel);
      }
    }
  }
}

std::string message_of(const PsfexModel& model) {
  try {
    check(model);
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST(PsfexModel, EveryProblemIsNamedAtOnce) {
  PsfexModel model = model_of(4, 4, 2, 5);
  model.polynomial_name[1] = "AIRMASS";
  model.polynomial_scale[0] = 0.0;
  model.sampling_pix = -1.0;

  EXPECT_THAT(message_of(model_of(4, 4, 2, 6)), "no error");
  EXPECT_THAT(
      message_of(model),
      testing::AllOf(testing::HasSubstr("model.psf"), testing::HasSubstr("AIRMASS"),
                     testing::HasSubstr("POLSCAL"), testing::HasSubstr("PSF_SAMP"),
                     testing::HasSubstr("has 5 basis images")));
  EXPECT_THAT(message_of(PsfexModel{}), testing::HasSubstr("no basis images"));
}

/// A model whose mask samples a pixel-integrated Moffat every `sampling_pix` pixels.
PsfexModel moffat_model(double fwhm_pix, double beta, double sampling_pix) {
  const int n = 63;
  PsfexModel model = model_of(n, n, 0, 1);
  model.sampling_pix = sampling_pix;
  const Moffat moffat({.fwhm_pix = fwhm_pix}, beta);
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      model.basis[0](j, i) =
          in_pixel(moffat, (i - 31) * sampling_pix, (j - 31) * sampling_pix);
    }
  }
  return model;
}

TEST(PsfexModel, IsEvaluatedAtItsOwnSamplingOnTheLattice) {
  for (const double sampling : {0.5, 0.7, 1.0, 1.3}) {
    for (const double fwhm_samples : {3.5, 4.6, 7.0}) {
      const double fwhm = fwhm_samples * sampling;
      const Moffat moffat({.fwhm_pix = fwhm}, 3.5);
      const PsfexModel model = moffat_model(fwhm, 3.5, sampling);
      for (const int oversample : {1, 2, 3}) {
        const LatticeKernel kernel = lattice_kernel_at(
            model, 0.0, 0.0,
            {.oversample = oversample, .normalisation = Normalisation::keep});

        const double peak = in_pixel(moffat, 0.0, 0.0);
        double worst = 0.0;
        // What the raster contains: beyond 6 samples from its edge.
        const int reach = static_cast<int>(25.0 * sampling * oversample);
        // An eighth of the plane, near the core all of it.
        for (int dy = 0; dy <= reach; dy += dy < 6 * oversample ? 1 : 5) {
          for (int dx = dy; dx <= reach; dx += dx < 6 * oversample ? 1 : 5) {
            const double truth =
                in_pixel(moffat, dx / double(oversample), dy / double(oversample));
            worst = std::max(worst, std::abs(kernel.samples(kernel.origin_y + dy,
                                                            kernel.origin_x + dx) -
                                             truth));
          }
        }
        EXPECT_LT(worst / peak, 1.1 * lattice_error(fwhm_samples) + quadrature)
            << sampling << " " << fwhm_samples << " " << oversample;
      }
    }
  }
}

TEST(PsfexModel, SamplesThatLieOnTheLatticeAreCopied) {
  PsfexModel model = moffat_model(4.0, 3.5, 0.5);

  const LatticeKernel kernel = lattice_kernel_at(
      model, 0.0, 0.0, {.oversample = 2, .normalisation = Normalisation::keep});

  EXPECT_TRUE(std::ranges::equal(kernel.samples.pixels(), model.basis[0].pixels()));
}

TEST(PsfexModel, FinelySampledModelsAreRecentredToo) {
  PsfexModel model = moffat_model(4.0, 3.5, 0.6);
  // Moved by a sample: 0.6 pixels.
  for (int j = 0; j < 63; ++j) {
    for (int i = 62; i > 0; --i) model.basis[0](j, i) = model.basis[0](j, i - 1);
  }

  const auto moved = lattice_kernel_at(model, 0.0, 0.0, {.oversample = 2});
  const auto recentred = lattice_kernel_at(
      model, 0.0, 0.0, {.oversample = 2, .centring = Centring::recentre});

  constexpr double cut_pix = 2.0e-3;  // the raster's edge moved along
  EXPECT_NEAR(moved.centroid_x_pix, 0.6, cut_pix);
  EXPECT_NEAR(recentred.centroid_x_pix, 0.0, cut_pix);
  EXPECT_NEAR(recentred.sum, 1.0, rounding);
}

}  // namespace
}  // namespace lensmill::psf
