#include "lib/measure/aperture.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace lensmill::measure {
namespace {

constexpr double rounding = 1.0e-12;

double counted_overlap(double dx, double dy, double radius, int n) {
  int inside = 0;
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < n; ++i) {
      const double x = dx - 0.5 + (i + 0.5) / n;
      const double y = dy - 0.5 + (j + 0.5) / n;
      inside += x * x + y * y < radius * radius ? 1 : 0;
    }
  }
  return inside / (static_cast<double>(n) * n);
}

TEST(CirclePixelOverlap, EqualsACountOfPoints) {
  constexpr int n = 1500;
  // The boundary crosses at most about 2n of the n^2 cells, each off by half at random.
  constexpr double counting_error = 2.0 / n;
  struct Case {
    double dx, dy, radius;
  };
  for (const Case& c :
       {Case{4.6, 1.9, 5.0}, Case{-3.3, 3.6, 5.0}, Case{0.1, -0.2, 0.3},
        Case{0.5, 0.5, 3.0}, Case{0.4, 0.1, 0.7}, Case{2.9, 0.0, 3.0}}) {
    EXPECT_NEAR(circle_pixel_overlap(c.dx, c.dy, c.radius),
                counted_overlap(c.dx, c.dy, c.radius, n), counting_error)
        << c.dx << " " << c.dy << " " << c.radius;
  }
}

TEST(PixelOverlap, SumsToTheDiscsArea) {
  for (const double radius : {0.4, 3.0, 5.0, 11.3}) {
    const auto aperture =
        pixel_overlap_weights(64, {.x_pix = 31.2, .y_pix = 30.9, .radius_pix = radius});

    EXPECT_NEAR(aperture.area_pix2, std::numbers::pi * radius * radius,
                rounding * 400.0);
  }
}

TEST(PixelOverlap, IsClippedByTheStamp) {
  const auto aperture =
      pixel_overlap_weights(16, {.x_pix = -0.5, .y_pix = 7.0, .radius_pix = 4.0});

  // Half of the disc lies left of the stamp's edge at -0.5.
  EXPECT_NEAR(aperture.area_pix2, 8.0 * std::numbers::pi, rounding * 100.0);
}

TEST(PixelCentre, IsStrictAtTheRadius) {
  const auto aperture =
      pixel_centre_weights(64, {.x_pix = 32.0, .y_pix = 32.0, .radius_pix = 5.0});

  EXPECT_EQ(aperture.weight(32 + 3, 32 + 4), 0.0);  // exactly on r = 5
  EXPECT_EQ(aperture.weight(32 + 3, 32 + 3), 1.0);
  EXPECT_EQ(aperture.area_pix2, 69.0);  // lattice points with x^2 + y^2 < 25
}

TEST(Annulus, IsTheDifferenceOfTwoDiscs) {
  const auto aperture = annulus_overlap_weights(64, 31.5, 31.5, {20.0, 28.0});

  EXPECT_NEAR(aperture.area_pix2, std::numbers::pi * (28.0 * 28.0 - 20.0 * 20.0),
              rounding * 1.0e4);
  EXPECT_EQ(aperture.weight(31, 31), 0.0);
}

TEST(CircleOnLattice, HoldsAreaAndSecondMomentOfTheDisc) {
  // The quadrature's points resolve the spline's knots, at which its first derivative
  // jumps a little, only on average.
  constexpr double quadrature = 5.0e-9;
  for (const int oversample : {1, 2}) {
    const imaging::Lattice lattice{
        .stamp_size_pix = 64, .oversample = oversample, .border = 4 + oversample / 2};
    const Disc disc{.x_pix = 31.7, .y_pix = 30.4, .radius_pix = 5.0};

    const auto aperture = circle_lattice_weights(lattice, disc);

    double area = 0.0;
    double x = 0.0;
    double second = 0.0;
    for (int j = 0; j < lattice.size(); ++j) {
      for (int i = 0; i < lattice.size(); ++i) {
        const double w = aperture.weight(j, i);
        const double dx = lattice.pix_of_index(i) - disc.x_pix;
        const double dy = lattice.pix_of_index(j) - disc.y_pix;
        area += w;
        x += w * dx;
        second += w * (dx * dx + dy * dy);
      }
    }
    const double exact = std::numbers::pi * 25.0;
    EXPECT_NEAR(area, exact, quadrature * exact);
    EXPECT_NEAR(x, 0.0, quadrature * exact);
    // Disc: R^2/2. A quintic spline through samples of x^2 is x^2.
    EXPECT_NEAR(second / area, 12.5, 1.0e-8);
  }
}

// The discrete operation's lattice is the stamp alone; its apertures may touch the
// edge.
TEST(CircleOnLattice, NeedsNoBorder) {
  constexpr int border = 4;
  const imaging::Lattice bare{.stamp_size_pix = 32};
  const imaging::Lattice bordered{.stamp_size_pix = 32, .border = border};
  for (const Disc disc : {Disc{.x_pix = 15.2, .y_pix = 16.1, .radius_pix = 5.0},
                          Disc{.x_pix = 0.3, .y_pix = 31.4, .radius_pix = 5.0},
                          Disc{.x_pix = -3.0, .y_pix = 12.0, .radius_pix = 5.0}}) {
    const auto expected = circle_lattice_weights(bordered, disc);

    const auto aperture = circle_lattice_weights(bare, disc);

    for (int j = 0; j < 32; ++j) {
      for (int i = 0; i < 32; ++i) {
        EXPECT_NEAR(aperture.weight(j, i), expected.weight(j + border, i + border),
                    rounding);
      }
    }
  }
}

}  // namespace
}  // namespace lensmill::measure
