#include "lib/imaging/point_light.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "lib/imaging/arc_renderer.hpp"

namespace lensmill::imaging {
namespace {

constexpr int n = 8;
constexpr double rounding = 1.0e-13;
constexpr auto minimum = lens::ImageKind::minimum;
constexpr auto saddle = lens::ImageKind::saddle;

double sum(const Image<double>& plane) {
  return std::accumulate(plane.pixels().begin(), plane.pixels().end(), 0.0);
}

class Points : public testing::TestWithParam<int> {
 protected:
  const int margin_pix = GetParam();
  const ArcRenderer renderer{
      {.grid = {.stamp_size_pix = n},
       .lattice = {.stamp_size_pix = n, .margin_pix = margin_pix, .border = 4},
       .disc_radius_pix = {2.0}}};
  ArcPlanes planes;

  void put(std::initializer_list<PointLight> points, double share = 1.0) {
    const std::vector<PointLight> list(points);
    renderer.add_points(list, share, 3.5, 3.5, planes);
  }
  void SetUp() override { renderer.clear(planes); }
};

TEST_P(Points, AreInTheirPixelAndOnTheLatticeWhereTheyAre) {
  put({{2.4, 5.6, 3.0, saddle}});

  EXPECT_EQ(planes.pixel[saddle](6 + margin_pix, 2 + margin_pix), 3.0);
  EXPECT_EQ(sum(planes.pixel[saddle]), 3.0);
  EXPECT_NEAR(sum(planes.lattice[saddle]), 3.0, rounding);
  EXPECT_EQ(planes.present, (std::array{false, true, false}));
  EXPECT_EQ(planes.stamp_flux, (std::array{0.0, 3.0, 0.0}));
  EXPECT_EQ(planes.total_flux, 3.0);
}

TEST_P(Points, CountInADiscWhollyOrNot) {
  put({{5.4, 3.5, 3.0, minimum}, {5.6, 3.5, 5.0, minimum}});

  EXPECT_EQ(planes.disc_flux[0][0], 3.0);
}

TEST_P(Points, OfTheStampsEdgeBelongToIt) {
  put({{-0.5, 3.0, 1.0, minimum}, {n - 0.51, 3.0, 2.0, minimum}});

  EXPECT_EQ(planes.stamp_flux[0], 3.0);
  EXPECT_NEAR(sum(planes.lattice[minimum]), 3.0, rounding);
}

TEST_P(Points, OfTheMarginAreOnTheLatticeAlone) {
  put({{n - 0.4, 3.0, 1.0, minimum}});

  EXPECT_EQ(planes.stamp_flux[0], 0.0);
  EXPECT_NEAR(sum(planes.lattice[minimum]), margin_pix > 0 ? 1.0 : 0.0, rounding);
  EXPECT_EQ(planes.total_flux, 1.0);
}

TEST_P(Points, BeyondThreeStampsAreNowhere) {
  put({{2.0 * n, 3.0, 1.0, minimum}, {3.0, -n - 0.6, 1.0, minimum}});

  EXPECT_EQ(planes.total_flux, 0.0);
  EXPECT_EQ(sum(planes.lattice[minimum]), 0.0);
}

TEST_P(Points, TakeTheirShareFromWhatIsThere) {
  put({{2.0, 3.0, 4.0, minimum}});

  put({{4.0, 3.0, 8.0, saddle}}, 0.25);

  EXPECT_EQ(planes.total_flux, 0.75 * 4.0 + 0.25 * 8.0);
  EXPECT_EQ(planes.stamp_flux, (std::array{3.0, 2.0, 0.0}));
  EXPECT_EQ(planes.pixel[minimum](3 + margin_pix, 2 + margin_pix), 3.0);
  EXPECT_NEAR(sum(planes.lattice[minimum]), 3.0, rounding);
  EXPECT_EQ(planes.disc_flux[0], (std::array{3.0, 2.0, 0.0}));
}

TEST_P(Points, LeaveNothingToTheNext) {
  put({{2.0, 3.0, 4.0, minimum}, {2.0, 3.0, 4.0, saddle}});

  renderer.clear(planes);

  for (const auto kind : {minimum, saddle}) {
    EXPECT_EQ(sum(planes.pixel[kind]), 0.0);
    EXPECT_EQ(sum(planes.lattice[kind]), 0.0);
  }
  EXPECT_EQ(planes.stamp_flux, (std::array{0.0, 0.0, 0.0}));
  EXPECT_EQ(planes.total_flux, 0.0);
}

INSTANTIATE_TEST_SUITE_P(WithMargins, Points, testing::Values(0, 2));

}  // namespace
}  // namespace lensmill::imaging
