// Deflections, convergences, Jacobians and point images against the oracle's 100 sets.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>

#include "lib/lens/caustics.hpp"
#include "lib/lens/point_images.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/oracle.hpp"

namespace lensmill {
namespace {

using lens::ImageKind;
using lens::LensModel;
using lens::Vector2;
using test_support::OracleSet;

constexpr const char* oracle_file = "oracle/open.h5";

// The oracle states 1e-14 (SIE) and 4e-14" (EPL) for its own deflections.
constexpr double deflection_tolerance_arcsec = 1.0e-12;
constexpr double deflection_tolerance_relative = 1.0e-9;
constexpr double inner_radius_arcsec = 1.0e-4;
constexpr double centre_arcsec = 1.0e-6;           // the grid's smallest radius is 1e-5
constexpr double convergence_tolerance = 1.0e-12;  // relative
// The oracle's own det A cancels: (1-kappa)^2 - |gamma|^2 near the centre.
constexpr double determinant_tolerance = 1.0e-9;
constexpr double position_tolerance_arcsec = 1.0e-9;
constexpr double magnification_tolerance = 1.0e-8;  // relative, |mu| below:
constexpr double sharp_magnification = 100.0;
// Above this an image is on the caustic: positions are worth sqrt(rounding) only.
constexpr double caustic_magnification = 1.0e5;
constexpr double residual_tolerance_arcsec = 1.0e-13;

class OracleLens : public testing::Test {
 protected:
  static bool on_caustic(std::span<const double> mu) {
    return std::any_of(mu.begin(), mu.end(),
                       [](double m) { return std::abs(m) > caustic_magnification; });
  }
};

TEST_F(OracleLens, DeflectionConvergenceAndDeterminantOnTheGrid) {
  LENSMILL_NEEDS_REAL_DATA(oracle_file);
  const test_support::Oracle oracle(test_support::data_path(oracle_file));
  const auto x = oracle.rows("grid/x"), y = oracle.rows("grid/y"),
             alpha_x = oracle.rows("grid/alpha_x"),
             alpha_y = oracle.rows("grid/alpha_y"), kappa = oracle.rows("grid/kappa"),
             det = oracle.rows("grid/detA");
  double worst_alpha = 0.0;
  double worst_relative = 0.0;
  double worst_kappa = 0.0;
  double worst_det = 0.0;

  for (std::size_t i = 0; i < oracle.size(); ++i) {
    const OracleSet& set = oracle[i];
    const LensModel model(set.lens);
    for (std::size_t j = 0; j < x.row_elements; ++j) {
      const double dx = x[i][j] - set.lens_centre.x;
      const double dy = y[i][j] - set.lens_centre.y;
      const Vector2 alpha = model.deflection(dx, dy);
      const double error =
          std::hypot(alpha.x + set.uniform_deflection.x - alpha_x[i][j],
                     alpha.y + set.uniform_deflection.y - alpha_y[i][j]);
      const double size = std::hypot(alpha_x[i][j], alpha_y[i][j]);
      const lens::Ray ray = model.ray(dx, dy);

      if (size > 0.0) worst_relative = std::max(worst_relative, error / size);
      if (std::hypot(dx, dy) > inner_radius_arcsec) {
        worst_alpha = std::max(worst_alpha, error);
      }
      // Off-centre lenses: the grid's x carries a rounding of the distance to the
      // stamp's centre, of which kappa and det A (twice) see the share in the distance
      // to the lens; one grid point is the singular centre itself.
      const double radius = std::hypot(dx, dy);
      if (radius < centre_arcsec || kappa[i][j] == 0.0) continue;
      const double rounding = 4.0 * std::numeric_limits<double>::epsilon() *
                              std::hypot(set.lens_centre.x, set.lens_centre.y) / radius;
      const double kappa_error =
          std::abs(model.convergence(dx, dy) / kappa[i][j] - 1.0) - rounding;
      const double det_error =
          std::abs(ray.determinant - det[i][j]) / std::max(1.0, std::abs(det[i][j])) -
          2.0 * rounding;
      worst_kappa = std::max(worst_kappa, kappa_error);
      worst_det = std::max(worst_det, det_error);
    }
  }

  std::cout << "worst deflection: " << worst_alpha << " arcsec (r > 1e-4), "
            << worst_relative << " relative; kappa " << worst_kappa << ", det A "
            << worst_det << " relative\n";
  EXPECT_LT(worst_alpha, deflection_tolerance_arcsec);
  EXPECT_LT(worst_relative, deflection_tolerance_relative);
  EXPECT_LT(worst_kappa, convergence_tolerance);
  EXPECT_LT(worst_det, determinant_tolerance);
}

TEST_F(OracleLens, PointImagesHaveTheOraclesNumberKindsPositionsAndMagnifications) {
  LENSMILL_NEEDS_REAL_DATA(oracle_file);
  const test_support::Oracle oracle(test_support::data_path(oracle_file));
  const auto x = oracle.rows("points/x"), y = oracle.rows("points/y"),
             mu = oracle.rows("points/mu"), count = oracle.rows("points/n_images");
  double worst_position = 0.0;
  double worst_magnification = 0.0;
  int rings = 0;
  int caustics = 0;

  for (std::size_t i = 0; i < oracle.size(); ++i) {
    SCOPED_TRACE("set " + std::to_string(i) + ", " + oracle[i].category);
    const OracleSet& set = oracle[i];
    const LensModel model(set.lens);
    const auto images = lens::find_point_images(model, set.source);
    const auto n = static_cast<std::size_t>(count[i][0]);
    const auto expected_mu = mu[i].first(n);
    if (n == 0) {
      EXPECT_EQ(images.status, Status::ring);
      EXPECT_EQ(images.count, 0);
      ++rings;
      continue;
    }
    EXPECT_EQ(images.status,
              set.lens.theta_e_arcsec == 0.0 ? Status::unlensed : Status::ok);
    for (const auto& image : images.list()) {
      const Vector2 beta = model.source_position(image.x_arcsec, image.y_arcsec);
      EXPECT_LT(std::hypot(beta.x - set.source.x, beta.y - set.source.y),
                residual_tolerance_arcsec);
    }
    const bool merging = on_caustic(expected_mu);
    if (merging) {
      ++caustics;
    } else {
      EXPECT_EQ(images.count, static_cast<int>(n));
    }
    for (std::size_t j = 0; j < n; ++j) {
      if (std::abs(expected_mu[j]) > caustic_magnification) continue;
      const double ex = x[i][j] - set.lens_centre.x;
      const double ey = y[i][j] - set.lens_centre.y;
      const auto list = images.list();
      ASSERT_FALSE(list.empty());
      const auto distance = [&](const lens::PointImage& image) {
        return std::hypot(image.x_arcsec - ex, image.y_arcsec - ey);
      };
      const auto& nearest = *std::min_element(
          list.begin(), list.end(),
          [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
      const lens::Ray ray = model.ray(ex, ey);
      EXPECT_EQ(nearest.kind, lens::kind_of(expected_mu[j], ray.trace));
      worst_position = std::max(worst_position, distance(nearest));
      EXPECT_LT(distance(nearest), position_tolerance_arcsec) << "image " << j;
      if (std::abs(expected_mu[j]) < sharp_magnification) {
        const double error = std::abs(nearest.magnification / expected_mu[j] - 1.0);
        worst_magnification = std::max(worst_magnification, error);
        EXPECT_LT(error, magnification_tolerance) << "image " << j;
      }
    }
  }

  std::cout << "worst image: " << worst_position << " arcsec, mu "
            << worst_magnification << " relative; " << rings << " rings, " << caustics
            << " on a caustic\n";
  EXPECT_EQ(rings, 2);
}

}  // namespace
}  // namespace lensmill
