#include "lib/psf/psfex_range.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lensmill::psf {
namespace {

PsfexModel model_of(int degree) {
  return {.basis = {},
          .polynomial_name = {"X_IMAGE", "Y_IMAGE"},
          .polynomial_zero = {1024.0, 2048.0},
          .polynomial_scale = {2046.0, 4094.0},
          .polynomial_degree = degree,
          .name = "model"};
}

TEST(PsfexRange, DistanceIsTheLargerOfTheScaledCoordinates) {
  const auto model = model_of(2);

  EXPECT_EQ(psfex_distance(model, 1024.0, 2048.0), 0.0);
  EXPECT_EQ(psfex_distance(model, 1.0, 2048.0), psfex_fitted_distance);
  EXPECT_EQ(psfex_distance(model, 1024.0, 4095.0), psfex_fitted_distance);
  EXPECT_EQ(psfex_distance(model, 2047.0, 2048.0 - 4094.0), 1.0);
  EXPECT_TRUE(
      std::isnan(psfex_distance(model, 1.0, std::numeric_limits<double>::quiet_NaN())));
}

TEST(PsfexRange, CoordinatesGoByTheirNames) {
  auto model = model_of(2);
  model.polynomial_name = {"YWIN_IMAGE", "XWIN_IMAGE"};

  EXPECT_EQ(psfex_distance(model, 2048.0, 1.0), psfex_fitted_distance);
}

TEST(PsfexRange, ConstantModelsAreTheSameEverywhere) {
  // A tenth of POLSCAL beyond the stars' area: 1024 + 0.6 * 2046 = 2251.6.
  EXPECT_TRUE(beyond_psfex_model(model_of(1), 2252.0, 2048.0));
  EXPECT_FALSE(beyond_psfex_model(model_of(1), 2251.0, 2048.0));
  EXPECT_TRUE(beyond_psfex_model(model_of(1), 1024.0, 2048.0 - 2457.0));
  EXPECT_FALSE(beyond_psfex_model(model_of(0), 9000.0, 9000.0));
}

}  // namespace
}  // namespace lensmill::psf
