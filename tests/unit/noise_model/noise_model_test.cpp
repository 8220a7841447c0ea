#include "pipeline/noise_model/noise_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/imaging/correlated_noise.hpp"
#include "lib/io/files.hpp"
#include "lib/io/sha256.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/image_matchers.hpp"
#include "tests/support/input_files.hpp"
#include "tests/support/noise_correlations.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::data_path;
using test_support::TemporaryFolder;
using test_support::write_cube;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int side = 512;
constexpr double sigma = 0.004;
constexpr double variance_times_invvar = 0.7;

/// Inverse variance in nmgy^-2: deeper on the right, no coverage in a corner.
double invvar_at(int y, int x) {
  if (y < 60 && x < 90) return 0.0;
  const double depth = x < side / 3 ? 1.0 : 2.0;
  return depth * variance_times_invvar / (sigma * sigma);
}

/// A patch of sky with correlated noise, sixty sources, and no light where no exposure
/// reached.
struct Sky {
  explicit Sky(const TemporaryFolder& folder) {
    const imaging::CorrelatedNoise noise(lags, side);
    imaging::ConvolverWorkspace workspace;
    Image<float> image(side, side);
    noise.draw(RandomStream(3, 1, StreamTag::self_test), workspace, image);
    RandomStream place(3, 2, StreamTag::self_test);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const double depth = x < side / 3 ? 1.0 : 2.0;
        image(y, x) =
            static_cast<float>(0.1 + sigma / std::sqrt(depth) * double{image(y, x)});
      }
    }
    for (int source = 0; source < 60; ++source) {
      const double y0 = side * place.uniform();
      const double x0 = side * place.uniform();
      const double peak = sigma * std::pow(10.0, 1.0 + 1.5 * place.uniform());
      for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
          const double r = std::hypot(x - x0, y - y0) / 2.2;
          image(y, x) += static_cast<float>(peak * std::exp(-0.5 * r * r));
        }
      }
    }
    image_path = write_cube((folder / "image.fits").string(), 0, side, side,
                            [&](int, int y, int x) {
                              return invvar_at(y, x) > 0.0 ? double{image(y, x)} : 0.0;
                            });
    invvar_path = write_cube((folder / "invvar.fits").string(), 0, side, side,
                             [&](int, int y, int x) { return invvar_at(y, x); });
  }
  Image<double> lags = test_support::coadd_like_correlation();
  std::string image_path, invvar_path;
};

/// Whether every lag is the true one within its error, tails included.
void expect_recovered(const NoiseModel& model, const Image<double>& lags) {
  // 145 lags: the worst of as many, for errors that are themselves measured.
  constexpr double most_sigmas = 4.5;
  const int reach = model.request.max_lag_pix;
  double chi2 = 0.0;
  int count = 0;
  for (int dy = 0; dy <= reach; ++dy) {
    for (int dx = -reach; dx <= reach; ++dx) {
      if (dy == 0 && dx <= 0) continue;
      const double expected = test_support::correlation_at(lags, dy, dx);
      const double error = model.measured.uncertainty(reach + dy, reach + dx);
      const double found = model.measured.correlation(reach + dy, reach + dx);
      EXPECT_NEAR(found, expected, most_sigmas * error) << dy << " " << dx;
      EXPECT_LT(error, 0.01);
      chi2 += std::pow((found - expected) / error, 2);
      ++count;
    }
  }
  EXPECT_LT(chi2 / count, 1.6);
}

TEST(NoiseModel, RecoversTheCorrelationsUnderSources) {
  const TemporaryFolder folder;
  const Sky sky(folder);

  const auto model = measure_noise_model(
      {.image = sky.image_path, .hdu = {}, .invvar = sky.invvar_path});

  expect_recovered(model, sky.lags);
  // A fifth of a million correlated pixels; faint wings of sources add a little.
  EXPECT_NEAR(*model.variance_times_invvar / variance_times_invvar, 1.0, 0.02);
  EXPECT_NEAR(*model.variance_times_invvar_mad / variance_times_invvar, 1.0, 0.02);
  EXPECT_EQ(model.usable_pixels(), side * side - 60 * 90);
  EXPECT_GT(model.blank_pixels(), 0.8 * side * side);
  EXPECT_LT(model.largest_change(), 0.01);
}

TEST(NoiseModel, RecoversThemWithoutInverseVariances) {
  const TemporaryFolder folder;
  const Sky sky(folder);

  const auto model =
      measure_noise_model({.image = sky.image_path, .hdu = {}, .invvar = {}});

  expect_recovered(model, sky.lags);
  EXPECT_EQ(model.usable_pixels(), side * side - 60 * 90);  // exact zeros
  EXPECT_FALSE(model.variance_times_invvar.has_value());
  // A third of the pixels with sigma, the others with sigma / sqrt(2).
  EXPECT_NEAR(model.sigma.rms / (sigma * std::sqrt(2.0 / 3.0)), 1.0, 0.02);
}

TEST(NoiseModel, IsTakenByAConfiguration) {
  const TemporaryFolder folder;
  const Sky sky(folder);
  const auto model = measure_noise_model(
      {.image = sky.image_path, .hdu = 0, .invvar = sky.invvar_path, .max_lag_pix = 4});
  io::write_text((folder / "noise.yaml").string(), noise_model_yaml(model));

  const auto config = config::read_run_config_text(
      std::string(test_support::small_config) + "  correlation: {r: noise.yaml}\n",
      "run.yaml", {}, folder.path());

  const auto& read = config.noise.correlation[0];
  constexpr double written_step = 0.51e-6;
  EXPECT_TRUE(
      test_support::images_near(read.lags, model.lags, {.absolute = written_step}));
  EXPECT_NEAR(read.variance_times_invvar, *model.variance_times_invvar, 1.0e-5);
  EXPECT_TRUE(config.warnings.empty());
  const auto text = noise_model_yaml(model);
  EXPECT_THAT(text, HasSubstr(io::sha256_of_file(sky.image_path)));
  EXPECT_THAT(text, HasSubstr("hdu: 0"));
}

TEST(NoiseModel, SaysWhatIsWrongWithAnImage) {
  const TemporaryFolder folder;
  const auto cube = write_cube((folder / "cube.fits").string(), 3, 70, 70,
                               [](int, int, int) { return 1.0; });
  const auto zeros = write_cube((folder / "zeros.fits").string(), 0, 256, 256,
                                [](int, int, int) { return 0.0; });
  const auto small = write_cube((folder / "small.fits").string(), 0, 70, 70,
                                [](int, int, int) { return 1.0; });
  const auto measure = [](const std::string& image, std::optional<std::string> invvar) {
    return [=] { measure_noise_model({.image = image, .hdu = {}, .invvar = invvar}); };
  };
  EXPECT_THAT(measure(cube, {}), ThrowsMessage<DataError>(HasSubstr(
                                     "is a cube of 3 planes; give an image [y, x]")));
  EXPECT_THAT(measure(zeros, {}),
              ThrowsMessage<DataError>(HasSubstr("too few blank pixels: 0 of 16")));
  EXPECT_THAT(measure(zeros, small),
              ThrowsMessage<DataError>(HasSubstr("every pixel needs its inverse")));
}

TEST(NoiseModel, PictureShowsImageAndCorrelationsSideBySide) {
  const TemporaryFolder folder;
  const Sky sky(folder);
  const auto model = measure_noise_model(
      {.image = sky.image_path, .hdu = {}, .invvar = sky.invvar_path});

  const auto picture = noise_model_picture(model);

  EXPECT_EQ(picture.ny, 512);
  EXPECT_EQ(picture.nx, 512 + 8 + 512);
  EXPECT_EQ(picture.rgb.size(), 3u * 512u * 1032u);
  // The corner without coverage is blue, the middle of the correlations red.
  EXPECT_GT(picture.rgb[2], 2 * picture.rgb[0]);
  const std::size_t middle = 3 * (256 * 1032 + 520 + 256);
  EXPECT_GT(picture.rgb[middle], 2 * picture.rgb[middle + 2]);
}

TEST(NoiseModelOfRealImages, ACoaddIsCorrelatedAndSingleExposuresAreNot) {
  LENSMILL_NEEDS_REAL_DATA("legacysurvey-coadd/legacysurvey-0959p805-image-g.fits.fz");
  const auto data = [](const char* path) { return data_path(path).string(); };
  const auto coadd = measure_noise_model(
      {.image = data("legacysurvey-coadd/legacysurvey-0959p805-image-g.fits.fz"),
       .hdu = {},
       .invvar =
           data_path("legacysurvey-coadd/legacysurvey-0959p805-invvar-g.fits.fz")});
  const auto exposure = measure_noise_model(
      {.image = data("legacysurvey-decals/c4d_141223_020302_ooi_g_a1-S10.fits"),
       .hdu = {},
       .invvar = data("legacysurvey-decals/c4d_141223_020302_oow_g_a1-S10.fits")});

  // Measured independently with numpy, the same method: 0.592, 0.83^2.
  EXPECT_NEAR(coadd.measured.correlation(8, 9), 0.592, 0.006);
  EXPECT_NEAR(*coadd.variance_times_invvar, 0.685, 0.01);
  EXPECT_NEAR(exposure.measured.correlation(8, 9), 0.0, 0.03);
  EXPECT_NEAR(*exposure.variance_times_invvar, 1.0, 0.06);
}

}  // namespace
}  // namespace lensmill::pipeline
