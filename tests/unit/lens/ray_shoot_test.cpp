#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "lib/lens/lens_model.hpp"

namespace lensmill::lens {
namespace {

struct Batch {
  std::vector<double> x, y, beta_x, beta_y, determinant, trace;
  explicit Batch(std::size_t count)
      : x(count),
        y(count),
        beta_x(count),
        beta_y(count),
        determinant(count),
        trace(count) {
    constexpr double golden_angle_rad = 2.399963229728653;
    for (std::size_t i = 0; i < count; ++i) {
      // Radii from 1e-4 to about 4 arcsec, all directions.
      const double r = 1.0e-4 * std::pow(4.0e4, double(i) / 199.0);
      x[i] = r * std::cos(golden_angle_rad * double(i));
      y[i] = r * std::sin(golden_angle_rad * double(i));
    }
  }
  void shoot(const LensModel& lens) {
    lens.ray_shoot({.x_arcsec = x,
                    .y_arcsec = y,
                    .beta_x_arcsec = beta_x,
                    .beta_y_arcsec = beta_y,
                    .determinant = determinant,
                    .trace = trace});
  }
};

struct Case {
  double q, gamma;
};
class RayShoot : public testing::TestWithParam<Case> {
 protected:
  static LensModel lens() {
    return LensModel({.theta_e_arcsec = 1.6,
                      .q = GetParam().q,
                      .phi_rad = 1.2,
                      .gamma = GetParam().gamma,
                      .shear_g1 = -0.04,
                      .shear_g2 = 0.02});
  }
};

TEST_P(RayShoot, AgreesWithTheScalarCalls) {
  // The batch's series is cut at 1e-12 of the deflection, which for gamma > 2 grows
  // towards the centre.
  constexpr double series = 1.0e-11;
  const LensModel model = lens();
  Batch batch(200);

  batch.shoot(model);

  for (std::size_t i = 0; i < 200; ++i) {
    const Ray ray = model.ray(batch.x[i], batch.y[i]);
    const Vector2 alpha = model.deflection(batch.x[i], batch.y[i]);
    const double scale = std::max(1.0, std::hypot(alpha.x, alpha.y));
    // The size of the Jacobian's own elements (kappa and alpha/r), which det cancels.
    const double steepness =
        1.0 + model.convergence(batch.x[i], batch.y[i]) +
        std::hypot(alpha.x, alpha.y) / std::hypot(batch.x[i], batch.y[i]);
    EXPECT_NEAR(batch.beta_x[i], ray.beta.x, series * scale) << i;
    EXPECT_NEAR(batch.beta_y[i], ray.beta.y, series * scale) << i;
    EXPECT_NEAR(batch.determinant[i], ray.determinant, series * steepness * steepness)
        << i;
    EXPECT_NEAR(batch.trace[i], ray.trace, series * steepness) << i;
  }
}

TEST_P(RayShoot, BitsDependOnNeitherPlaceNorLength) {
  const LensModel model = lens();
  Batch whole(67);
  whole.shoot(model);
  const auto same_bits = [](double a, double b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
  };
  for (std::size_t first = 0; first < 20; ++first) {
    for (std::size_t count = 0; count < 20; ++count) {
      Batch part(count);
      for (std::size_t i = 0; i < count; ++i) {
        part.x[i] = whole.x[first + i];
        part.y[i] = whole.y[first + i];
      }

      part.shoot(model);

      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(same_bits(part.beta_x[i], whole.beta_x[first + i]));
        ASSERT_TRUE(same_bits(part.beta_y[i], whole.beta_y[first + i]));
        ASSERT_TRUE(same_bits(part.determinant[i], whole.determinant[first + i]));
        ASSERT_TRUE(same_bits(part.trace[i], whole.trace[first + i]));
      }
    }
  }
}

TEST_P(RayShoot, SingularCentreIsThatOfTheScalarCall) {
  const LensModel model = lens();
  Batch batch(3);
  batch.x[1] = batch.y[1] = 0.0;

  batch.shoot(model);

  const Ray ray = model.ray(0.0, 0.0);
  constexpr double vector_math = 1.0e-11;
  EXPECT_EQ(batch.beta_x[1], 0.0);
  EXPECT_EQ(batch.beta_y[1], 0.0);
  EXPECT_NEAR(batch.determinant[1] / ray.determinant, 1.0, vector_math);
  EXPECT_NEAR(batch.trace[1] / ray.trace, 1.0, vector_math);
}
INSTANTIATE_TEST_SUITE_P(Lenses, RayShoot,
                         testing::Values(Case{1.0, 2.0}, Case{0.8, 2.0}, Case{0.3, 2.0},
                                         Case{0.05, 2.0}, Case{1.0, 1.3},
                                         Case{0.7, 1.7}, Case{0.7, 2.7},
                                         Case{0.2, 2.3}));

}  // namespace
}  // namespace lensmill::lens
