#include "lib/light/clumpy_sersic.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "lib/core/errors.hpp"

namespace lensmill::light {
namespace {

constexpr SersicParams body{
    .reff_arcsec = 0.3, .sersic_n = 1.0, .q = 0.6, .phi_rad = 0.4};
const std::vector<Knot> knots{
    {.x_arcsec = 0.2, .y_arcsec = 0.1, .reff_arcsec = 0.03, .flux_fraction = 0.15},
    {.x_arcsec = -0.25, .y_arcsec = 0.05, .reff_arcsec = 0.05, .flux_fraction = 0.1}};
// One rounding of each of three terms.
constexpr double rounding = 1.0e-14;

double at(const Brightness& source, double x, double y) {
  double value = 0.0;
  source.evaluate({&x, 1}, {&y, 1}, {&value, 1});
  return value;
}

TEST(ClumpySersic, IsItsBodyAndItsKnots) {
  const ClumpySersic clumpy(body, knots, 0.5);
  const Sersic alone(body);
  const Sersic first({.reff_arcsec = 0.03, .sersic_n = 0.5});
  const Sersic second({.reff_arcsec = 0.05, .sersic_n = 0.5});

  for (const auto& [x, y] :
       {std::pair{0.2, 0.1}, {0.0, 0.0}, {-0.24, 0.07}, {1.0, 2.0}}) {
    const double expected = 0.75 * alone.at(x, y) + 0.15 * first.at(x - 0.2, y - 0.1) +
                            0.1 * second.at(x + 0.25, y - 0.05);
    EXPECT_NEAR(at(clumpy, x, y), expected, rounding * expected);
  }
}

TEST(ClumpySersic, HasUnitFlux) {
  const ClumpySersic clumpy(body, knots, 0.5);

  double flux = 0.0;
  constexpr double step = 0.004;
  for (double y = -3.0; y < 3.0; y += step) {
    for (double x = -3.0; x < 3.0; x += step) flux += step * step * at(clumpy, x, y);
  }
  // Outside 3 arcsec (along the minor axis 13 R_eff) lies less than 1e-4; midpoints on
  // the body's cusp err by as much.
  EXPECT_NEAR(flux, 1.0, 3.0e-4);
}

TEST(ClumpySersic, AManyPointBatchIsItsPointsOneByOne) {
  const ClumpySersic clumpy(body, knots, 1.0);
  constexpr std::size_t n = 700;  // more than the chunk it works in, and no multiple
  std::vector<double> x(n), y(n), value(n);
  for (std::size_t k = 0; k < n; ++k) {
    x[k] = 0.001 * static_cast<double>(k) - 0.3;
    y[k] = 0.3 - 0.0007 * static_cast<double>(k);
  }

  clumpy.evaluate(x, y, value);

  for (std::size_t k = 0; k < n; ++k) EXPECT_EQ(value[k], at(clumpy, x[k], y[k]));
}

TEST(ClumpySersic, BoundsHold) {
  const ClumpySersic clumpy(body, knots, 0.5);

  ASSERT_EQ(clumpy.further_cusps().size(), knots.size());
  EXPECT_TRUE(is_structured(clumpy));
  for (double r : {0.02, 0.1, 0.3}) {
    EXPECT_GT(clumpy.flux_within(r), 0.75 * Sersic(body).flux_within(r));
    EXPECT_DOUBLE_EQ(
        clumpy.flux_within_cusp(1, r),
        0.1 * Sersic({.reff_arcsec = 0.05, .sersic_n = 0.5}).flux_within(r));
    const double bound = clumpy.brightest_beyond(r);
    for (double angle = 0.0; angle < 6.28; angle += 0.05) {
      EXPECT_LE(at(clumpy, r * std::cos(angle), r * std::sin(angle)), bound);
    }
  }
}

TEST(ClumpySersic, WithoutKnotsIsTheBodyToTheBit) {
  const ClumpySersic clumpy(body, {}, 0.5);

  EXPECT_FALSE(is_structured(clumpy));
  EXPECT_EQ(at(clumpy, 0.1, 0.2), at(Sersic(body), 0.1, 0.2));
  EXPECT_EQ(clumpy.flux_within(0.1), Sersic(body).flux_within(0.1));
  EXPECT_EQ(clumpy.brightest_beyond(0.1), Sersic(body).brightest_beyond(0.1));
}

TEST(ClumpySersic, RefusesWhatIsNoPartOfItsFlux) {
  auto wrong = knots;
  wrong[0].flux_fraction = 0.95;
  EXPECT_THROW(ClumpySersic(body, wrong, 0.5), DataError);
  wrong[0].flux_fraction = -0.1;
  EXPECT_THROW(ClumpySersic(body, wrong, 0.5), DataError);
  wrong = knots;
  wrong[1].reff_arcsec = 0.0;
  EXPECT_THROW(ClumpySersic(body, wrong, 0.5), DataError);
  wrong = knots;
  wrong[1].x_arcsec = std::nan("");
  EXPECT_THROW(ClumpySersic(body, wrong, 0.5), DataError);
}

}  // namespace
}  // namespace lensmill::light
