#include "lib/imaging/spline_deposit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lib/imaging/smooth_deposit.hpp"
#include "lib/light/sersic.hpp"

namespace lensmill::imaging {
namespace {

constexpr double rounding = 1.0e-13;

struct Moments {
  double flux = 0.0;
  double x = 0.0;
  double y = 0.0;
};

Moments moments_of(const Image<double>& plane, const Lattice& lattice) {
  Moments m;
  for (int y = 0; y < plane.ny(); ++y) {
    for (int x = 0; x < plane.nx(); ++x) {
      m.flux += plane(y, x);
      m.x += plane(y, x) * lattice.pix_of_index(x);
      m.y += plane(y, x) * lattice.pix_of_index(y);
    }
  }
  m.x /= m.flux;
  m.y /= m.flux;
  return m;
}

class DepositOnLattice : public testing::TestWithParam<int> {
 protected:
  Lattice lattice{.stamp_size_pix = 8,
                  .margin_pix = 1,
                  .oversample = GetParam(),
                  .border = 4 + GetParam() / 2};
};

TEST_P(DepositOnLattice, APointKeepsItsFluxAndPlace) {
  const SplineDeposit deposit(lattice);
  Image<double> plane(lattice.size(), lattice.size());

  deposit.add_point(3.37, 6.81, 2.5, plane);

  const Moments m = moments_of(plane, lattice);
  EXPECT_NEAR(m.flux, 2.5, rounding);
  EXPECT_NEAR(m.x, 3.37, rounding);
  EXPECT_NEAR(m.y, 6.81, rounding);
}

TEST_P(DepositOnLattice, ACellIsItsNinePoints) {
  const SplineDeposit deposit(lattice);
  // Levels on both sides of the tabulated ones.
  for (const int level : {0, 2, 7, 8, 9, 10, 13}) {
    const auto cells = static_cast<double>(1 << level);
    const Cell cell{.x_pix = 5.0 - 0.5 + 0.5 / cells,
                    .y_pix = 2.0 + 0.5 - 0.5 / cells,
                    .column = 5,
                    .row = 2,
                    .sub_x = 0,
                    .sub_y = static_cast<std::int16_t>((1 << level) - 1),
                    .level = static_cast<std::int16_t>(level)};
    std::array<double, samples_per_cell> flux;
    std::iota(flux.begin(), flux.end(), 1.0);
    Image<double> by_cell(lattice.size(), lattice.size());
    Image<double> by_points(lattice.size(), lattice.size());

    deposit.add_cell(cell, flux, by_cell);
    for (std::size_t k = 0; k < samples_per_cell; ++k) {
      deposit.add_point(cell.x_pix + cell.half_pix() * gauss_node[k % 3],
                        cell.y_pix + cell.half_pix() * gauss_node[k / 3], flux[k],
                        by_points);
    }

    for (std::size_t p = 0; p < by_cell.size(); ++p) {
      EXPECT_NEAR(by_cell.pixels()[p], by_points.pixels()[p], 10.0 * rounding);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Oversample, DepositOnLattice,
                         testing::Values(1, 2, 3, 4, 8, 16));

// The smooth pixels' closed-form moments against many points of the same light.
TEST(SmoothDeposit, EqualsManyPointsOfTheSameLight) {
  // The profile is far wider than a pixel: the local quadratic's error is fourth order
  // in 1 px over its scale of 20 px, times the brightness.
  constexpr double fourth_order = 1.0e-5;
  const PixelGrid grid{.stamp_size_pix = 16, .pixel_scale_arcsec = 1.0};
  const Lattice lattice{.stamp_size_pix = 16, .border = 4};
  const lens::LensModel no_lens({.theta_e_arcsec = 0.0});
  const light::Sersic source({.reff_arcsec = 30.0, .sersic_n = 0.5});
  const LensedSource object{
      .lens = &no_lens, .source = &source, .src_x_arcsec = 9.0, .src_y_arcsec = -4.0};
  CentreGrid centres;
  centres.shoot(grid, 0, object);
  const std::vector<PixelClass> classes(
      16 * 16, static_cast<PixelClass>(lens::ImageKind::minimum));
  ArcPlanes planes;
  for (auto& plane : planes.pixel.plane) plane.assign(16, 16);
  for (auto& plane : planes.lattice.plane) plane.assign(lattice.size(), lattice.size());
  SmoothDeposit::Workspace workspace;

  SmoothDeposit(lattice, Deposit::spline).add(centres, classes, 1.0, workspace, planes);

  // Cells whose edges lie on the spline's knots: their Gauss rule is exact for it.
  const SplineDeposit cells(lattice);
  Image<double> expected(lattice.size(), lattice.size());
  constexpr int n = 8;
  for (int j = 0; j < 16 * n; ++j) {
    for (int i = 0; i < 16 * n; ++i) {
      const Cell cell{.x_pix = (i + 0.5) / n - 0.5,
                      .y_pix = (j + 0.5) / n - 0.5,
                      .column = static_cast<std::int16_t>(i / n),
                      .row = static_cast<std::int16_t>(j / n),
                      .sub_x = static_cast<std::int16_t>(i % n),
                      .sub_y = static_cast<std::int16_t>(j % n),
                      .level = 3};
      std::array<double, samples_per_cell> flux;
      for (std::size_t k = 0; k < samples_per_cell; ++k) {
        const double x = cell.x_pix + cell.half_pix() * gauss_node[k % 3];
        const double y = cell.y_pix + cell.half_pix() * gauss_node[k / 3];
        flux[k] = 0.25 * gauss_weight[k / 3] * gauss_weight[k % 3] / (n * n) *
                  source.at(grid.arcsec_from_pix(x) - object.src_x_arcsec,
                            grid.arcsec_from_pix(y) - object.src_y_arcsec);
      }
      cells.add_cell(cell, flux, expected);
    }
  }
  const auto brightness = centres.rays().brightness();
  const double peak = *std::ranges::max_element(brightness);
  const auto& lattice_plane = planes.lattice[lens::ImageKind::minimum];
  for (std::size_t p = 0; p < expected.size(); ++p) {
    EXPECT_NEAR(lattice_plane.pixels()[p], expected.pixels()[p], fourth_order * peak);
  }
}

}  // namespace
}  // namespace lensmill::imaging
