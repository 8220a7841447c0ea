#include "lib/psf/outer_wings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "lib/core/errors.hpp"
#include "lib/psf/pixel_kernel.hpp"

namespace lensmill::psf {
namespace {

constexpr double pix_arcsec = 0.262;
constexpr double alpha_arcsec = 0.75;
constexpr double beta = 2.3;

/// A model of two images without polynomial noise: a Moffat profile's samples, and a
/// constant that DR9 lets fade. Degree 1 in X.
PsfexModel moffat_model(int side, double sampling_pix = 1.0) {
  Image<double> constant(side, side);
  const double middle = 0.5 * (side - 1);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const double radius =
          std::hypot(x - middle, y - middle) * sampling_pix * pix_arcsec;
      constant(y, x) =
          moffat_brightness(radius, alpha_arcsec, beta) * pix_arcsec * pix_arcsec;
    }
  }
  return {.basis = {constant, Image<double>(side, side, 1.0e-6)},
          .polynomial_name = {"X_IMAGE"},
          .polynomial_zero = {100.0},
          .polynomial_scale = {200.0},
          .polynomial_degree = 1,
          .sampling_pix = sampling_pix,
          .name = "moffat"};
}

TEST(OuterWings, TheMoffatProfileIntegratesToOne) {
  // The bracket as the survey's page prints it, [1 + r / alpha^2], would not.
  constexpr double step_arcsec = 1.0e-3;
  constexpr double reach_arcsec = 2000.0;
  double flux = 0.0;
  for (double r = 0.5 * step_arcsec; r < reach_arcsec; r += step_arcsec) {
    flux += 2.0 * std::numbers::pi * r * step_arcsec *
            moffat_brightness(r, alpha_arcsec, beta);
  }
  // Outside: (1 + (R/alpha)^2)^(1-beta) = 1.2e-9; the midpoint rule: 1e-7.
  constexpr double quadrature = 1.0e-6;

  EXPECT_NEAR(flux, 1.0, quadrature);
}

TEST(OuterWings, AreThoseOfTheSurveysPage) {
  // Per unit of a 22.5 mag star (1 nmgy), at 10 arcsec.
  constexpr double rounding = 1.0e-12;
  EXPECT_NEAR(legacysurvey_dr9_wings("g", false)->brightness(10.0), 4.5e-6, rounding);
  EXPECT_NEAR(legacysurvey_dr9_wings("r", false)->brightness(10.0), 3.3e-6, rounding);
  EXPECT_NEAR(legacysurvey_dr9_wings("i", false)->brightness(10.0), 3.3e-6, rounding);
  // 0.0145 * 0.7 / (pi 17.65^2) * (1 + (10 / 17.65)^2)^-1.7
  EXPECT_NEAR(legacysurvey_dr9_wings("z", false)->brightness(10.0),
              0.0145 * 0.7 / (std::numbers::pi * 17.65 * 17.65) *
                  std::pow(1.0 + std::pow(10.0 / 17.65, 2), -1.7),
              rounding);
  EXPECT_EQ(legacysurvey_dr9_wings("z", true)->moffat_beta, 2.3);
  EXPECT_FALSE(legacysurvey_dr9_wings("g", true).has_value());
  EXPECT_FALSE(legacysurvey_dr9_wings("u", false).has_value());
}

TEST(OuterWings, TheFitFindsTheProfileThatIsThere) {
  for (const double sampling : {1.0, 0.7}) {
    PsfexModel model = moffat_model(91, sampling);
    // Samples of a profile this sharp do not sum to its flux: make them.
    double sum = 0.0;
    for (const double value : model.basis[0].pixels()) sum += value;
    sum *= sampling * sampling;

    const MoffatFit fit = fit_moffat(model, pix_arcsec);

    // The model's unit flux is its sum: a profile over `sum` is fitted as well as a
    // Moffat profile of unit flux can.
    constexpr double of_the_sum = 0.02;
    EXPECT_NEAR(sum, 1.0, of_the_sum);
    EXPECT_NEAR(fit.alpha_arcsec, alpha_arcsec, of_the_sum);
    EXPECT_NEAR(fit.beta, beta, of_the_sum);
  }
}

TEST(OuterWings, ContinueTheRasterWithoutAStep) {
  const PsfexModel model = moffat_model(63);
  const OuterWings wings{.power_law = 0.00045};

  const PsfexModel winged = with_outer_wings(model, wings, pix_arcsec, 63.0);

  const auto& image = winged.basis[0];
  ASSERT_EQ(image.ny(), 127);
  ASSERT_EQ(image.nx(), 127);
  const int o = 63;
  // As it was within 5 arcsec, about 19 pixels.
  for (int x = 0; x <= 19; ++x) {
    EXPECT_EQ(image(o, o + x), model.basis[0](31, 31 + x)) << x;
  }
  // Monotonic through both ends of the crossover: no step up, none down by more than
  // the profile itself falls (r^-4.6: 21 % from 20 to 21 pixels).
  for (int x = 17; x < 63; ++x) {
    EXPECT_LT(image(o, o + x + 1), image(o, o + x)) << x;
    EXPECT_GT(image(o, o + x + 1), 0.75 * image(o, o + x)) << x;
  }
  // Far out only the wing and the profile's own tail are left.
  const double radius = 60.0 * pix_arcsec;
  const MoffatFit fit = fit_moffat(model, pix_arcsec);
  double sum = 0.0;
  for (const double value : model.basis[0].pixels()) sum += value;
  constexpr double relative = 1.0e-12;
  const double expected = sum * pix_arcsec * pix_arcsec *
                          (0.00045 / (radius * radius) +
                           moffat_brightness(radius, fit.alpha_arcsec, fit.beta));
  EXPECT_NEAR(image(o, o + 60), expected, relative * expected);
}

TEST(OuterWings, TheOtherImagesFadeAndTheSumGrows) {
  const PsfexModel model = moffat_model(63);

  const PsfexModel winged =
      with_outer_wings(model, {.power_law = 0.00045}, pix_arcsec, 63.0);

  EXPECT_EQ(winged.basis[1](63, 63), 1.0e-6);
  EXPECT_EQ(winged.basis[1](63, 63 + 23), 0.0);  // 6.03 arcsec
  const double before = kernel_moments(kernel_at(model, 100.0, 0.0)).sum;
  const double after = kernel_moments(kernel_at(winged, 100.0, 0.0)).sum;
  // 2 pi 0.00045 ln(16.5 / 5.5) = 0.0031 from the wing, the rest from the tail.
  EXPECT_GT(after, before + 0.003);
  EXPECT_LT(after, before + 0.02);
}

TEST(OuterWings, ARasterThatEndsBeforeTheyBeginIsRefused) {
  EXPECT_THAT(
      [] {
        with_outer_wings(moffat_model(31), {.power_law = 0.00045}, pix_arcsec, 63.0);
      },
      testing::ThrowsMessage<DataError>(testing::HasSubstr("6 arcsec")));
}

}  // namespace
}  // namespace lensmill::psf
