// Real DECam PSFEx models against an evaluation of the same files by numpy and astropy
// (double precision, written from PSFEx's definition): sum, centroid and two pixels.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/imaging/convolver.hpp"
#include "lib/imaging/spline.hpp"
#include "lib/io/fits/psfex_file.hpp"
#include "lib/measure/psf_self_test.hpp"
#include "lib/psf/kernel_moments.hpp"
#include "lib/psf/psfex_model.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/data_folder.hpp"

namespace lensmill {
namespace {

struct Reference {
  const char* file;
  double x_image, y_image;
  int side;
  double sum, centroid_x_pix, centroid_y_pix;
  double centre;    ///< value at the origin
  double off_axis;  ///< value at (x, y) = (-5, +2) from the origin
};

const Reference references[] = {
    {"legacysurvey-decals/decam-00384128-S10-psfex.fits", 100.0, 200.0, 63,
     1.02329481373, 0.142659134066, 0.380755824833, 0.0679227587389, 0.000945298877512},
    {"legacysurvey-decals/decam-00390498-S10-psfex.fits", 2040.0, 4090.0, 63,
     1.06624333188, 0.140155558815, -0.320803288378, 0.0633628666871, 0.00167739394069},
    {"legacysurvey-decals/decam-00390924-S10-psfex.fits", 1023.5, 2047.5, 63,
     0.997362071801, 0.579588316973, 0.0761511682732, 0.0980999856708,
     -0.000422897664134},
    // PSF_SAMP 0.708: resampled to 17 x 17 image pixels.
    {"psfex-more/decam-5742149339-ccd2.fits", 1500.0, 700.0, 17, 1.10270749987,
     0.0286259157323, 0.00526308621231, 0.0978523774706, 0.0006091672839},
};

/// The models that the data folder has, without their values.
std::vector<Reference> models() {
  std::vector<Reference> found(std::begin(references), std::end(references));
  if (test_support::data_is_synthetic())
    found.back().file = "psfex-more/fine-sampling.psf";
  return found;
}

/// The references are printed to 12 digits.
constexpr double printed = 1.0e-11;

psf::PsfexModel load(const std::string& file) {
  const auto stored = io::fits::read_psfex(test_support::data_path(file).string());
  return {.basis = stored.basis,
          .polynomial_name = stored.polynomial_name,
          .polynomial_zero = stored.polynomial_zero,
          .polynomial_scale = stored.polynomial_scale,
          .polynomial_degree = stored.polynomial_degree,
          .sampling_pix = stored.sampling_pix,
          .name = stored.name};
}

TEST(PsfexModels, AgreeWithAnIndependentEvaluation) {
  for (const Reference& reference : references) {
    LENSMILL_NEEDS_REAL_DATA(reference.file);
    SCOPED_TRACE(reference.file);

    const psf::PixelKernel kernel =
        psf::kernel_at(load(reference.file), reference.x_image, reference.y_image);

    const psf::KernelMoments moments = psf::kernel_moments(kernel);
    const int oy = kernel.origin_y();
    const int ox = kernel.origin_x();
    EXPECT_EQ(kernel.values.ny(), reference.side);
    EXPECT_EQ(kernel.values.nx(), reference.side);
    EXPECT_NEAR(moments.sum, reference.sum, printed);
    EXPECT_NEAR(moments.centroid_x_pix, reference.centroid_x_pix, printed);
    EXPECT_NEAR(moments.centroid_y_pix, reference.centroid_y_pix, printed);
    EXPECT_NEAR(kernel.values(oy, ox), reference.centre, printed);
    EXPECT_NEAR(kernel.values(oy + 2, ox - 5), reference.off_axis, printed);
  }
}

bool python_has_astropy() {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
      popen("/usr/bin/python3 -c 'import numpy, astropy; print(1)' 2>/dev/null", "r"),
      pclose);
  int one = 0;
  return pipe && std::fscanf(pipe.get(), "%d", &one) == 1;
}

/// What psfex_reference.py makes of a model; nothing if it fails.
std::optional<Image<double>> evaluated_by_python(const Reference& reference) {
  const std::string command = fmt::format(
      "/usr/bin/python3 -B '{}/tests/validation/psfex_reference.py' '{}' {} "
      "{} 2>/dev/null",
      test_support::source_folder().string(),
      test_support::data_path(reference.file).string(), reference.x_image,
      reference.y_image);
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  int ny = 0;
  int nx = 0;
  if (!pipe || std::fscanf(pipe.get(), "%d %d", &ny, &nx) != 2) return std::nullopt;
  Image<double> values(ny, nx);
  for (double& value : values.pixels()) {
    if (std::fscanf(pipe.get(), "%lf", &value) != 1) return std::nullopt;
  }
  return values;
}

TEST(PsfexModels, AgreePixelByPixelWithThePublishedDefinition) {
  // Sums in another order, in units of the kernel's peak of about 0.1.
  constexpr double rounding = 1.0e-14;
  if (!python_has_astropy()) GTEST_SKIP() << "/usr/bin/python3 has no astropy";
  for (const Reference& reference : models()) {
    LENSMILL_NEEDS_DATA(reference.file);
    SCOPED_TRACE(reference.file);
    const auto expected = evaluated_by_python(reference);
    ASSERT_TRUE(expected.has_value());

    const psf::PixelKernel kernel =
        psf::kernel_at(load(reference.file), reference.x_image, reference.y_image);

    ASSERT_EQ(kernel.values.ny(), expected->ny());
    ASSERT_EQ(kernel.values.nx(), expected->nx());
    for (std::size_t k = 0; k < expected->size(); ++k) {
      ASSERT_NEAR(kernel.values.pixels()[k], expected->pixels()[k], rounding) << k;
    }
  }
}

TEST(PsfexModels, APointSourceIsTheKernel) {
  // Of the peak. With every lattice that `oversample: auto` may choose.
  constexpr double of_the_peak = 1.0e-4;
  constexpr int stamp = 64;
  for (const Reference& reference : models()) {
    LENSMILL_NEEDS_DATA(reference.file);
    const psf::PixelKernel kernel =
        psf::kernel_at(load(reference.file), reference.x_image, reference.y_image);
    const double peak = *std::ranges::max_element(kernel.values.pixels());
    for (const int oversample : {1, 2, 3}) {
      SCOPED_TRACE(fmt::format("{}, oversample {}", reference.file, oversample));
      const imaging::Lattice lattice{
          .stamp_size_pix = stamp, .oversample = oversample, .border = 5};
      const auto convolver = imaging::make_convolver(imaging::ConvolutionOperator::fft,
                                                     lattice, imaging::Deposit::spline);
      imaging::ConvolverWorkspace workspace;
      imaging::PreparedKernel prepared;
      convolver->prepare(
          psf::make_lattice_kernel(kernel, {.oversample = oversample,
                                            .normalisation = psf::Normalisation::keep}),
          workspace, prepared);
      // A star of unit flux on the centre of pixel (31, 32), a point of every lattice:
      // the deposit's weights there are one coefficient spread over its neighbours.
      Image<double> plane(lattice.size(), lattice.size(), 0.0);
      const int at_y = 31 * oversample + lattice.first_pixel();
      const int at_x = 32 * oversample + lattice.first_pixel();
      const auto weight = imaging::spline_weights(0.0);
      for (int j = 0; j < imaging::spline_support; ++j) {
        for (int i = 0; i < imaging::spline_support; ++i) {
          plane(at_y - 2 + j, at_x - 2 + i) +=
              weight[static_cast<std::size_t>(j)] * weight[static_cast<std::size_t>(i)];
        }
      }
      Image<float> image(stamp, stamp);
      const std::array<ImageView<const double>, 1> planes{plane.view()};
      const std::array<ImageView<float>, 1> stamps{image.view()};
      convolver->convolve(planes, prepared, workspace, stamps);

      for (int y = 0; y < kernel.values.ny(); ++y) {
        for (int x = 0; x < kernel.values.nx(); ++x) {
          const int to_y = 31 + y - kernel.origin_y();
          const int to_x = 32 + x - kernel.origin_x();
          if (to_y < 0 || to_y >= stamp || to_x < 0 || to_x >= stamp) continue;
          ASSERT_NEAR(double{image(to_y, to_x)}, kernel.values(y, x),
                      of_the_peak * peak)
              << y << " " << x;
        }
      }
    }
  }
}

TEST(PsfexModels, LegacySurveysMergedTablesAreUnderstood) {
  constexpr const char* file = "psfex-more/c4d_181215_045000_ooi_z_ls9-psfex.fits";
  LENSMILL_NEEDS_REAL_DATA(file);

  const psf::LatticeKernel kernel =
      psf::make_lattice_kernel(psf::kernel_at(load(file), 1000.0, 2000.0),
                               {.oversample = 2, .centring = psf::Centring::recentre});

  constexpr double recentred = 1.0e-4;  // spline tails past a noisy kernel's edge
  EXPECT_NEAR(kernel.sum, 1.0, printed);
  EXPECT_NEAR(kernel.centroid_x_pix, 0.0, recentred);
  EXPECT_NEAR(kernel.centroid_y_pix, 0.0, recentred);
}

TEST(PsfexModels, PassTheSelfTestByEveryPolicy) {
  // What interpolating a critically sampled model between its samples does.
  constexpr double of_the_sum = 5.0e-3;
  constexpr double centroid_pix = 0.05;
  for (const Reference& reference : models()) {
    LENSMILL_NEEDS_DATA(reference.file);
    const psf::PsfexModel model = load(reference.file);
    const psf::PixelKernel stored =
        psf::kernel_at(model, model.polynomial_zero[0], model.polynomial_zero[1]);
    const auto moments = psf::kernel_moments(stored);
    for (int oversample : {1, 2}) {
      for (auto centring : {psf::Centring::keep, psf::Centring::recentre}) {
        for (auto normalisation :
             {psf::Normalisation::unit, psf::Normalisation::keep}) {
          const auto result = measure::run(
              {.label = reference.file,
               .lattice = {.stamp_size_pix = 64, .oversample = oversample, .border = 4},
               .kernel =
                   psf::make_lattice_kernel(stored, {.oversample = oversample,
                                                     .normalisation = normalisation,
                                                     .centring = centring}),
               .promise = {.normalisation = normalisation,
                           .centring = centring,
                           .kept_sum = moments.sum,
                           .kept_sum_tolerance = of_the_sum * moments.sum,
                           .kept_x_pix = moments.centroid_x_pix,
                           .kept_y_pix = moments.centroid_y_pix,
                           .kept_centroid_tolerance_pix = centroid_pix,
                           .moved_pix = measure::misplaced_psfex_pix,
                           .misplaced_pix = measure::misplaced_psfex_pix}});

          EXPECT_TRUE(result.passed()) << measure::to_text(result);
        }
      }
    }
  }
}

}  // namespace
}  // namespace lensmill
