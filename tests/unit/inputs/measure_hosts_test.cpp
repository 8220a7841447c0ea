#include "pipeline/inputs/measure_hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lib/imaging/host_image.hpp"

namespace lensmill::pipeline {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsNan;

constexpr int side = 41;
constexpr double radius_pix = 8.0;
const BandNames bands{"g", "r"};

/// Round galaxies on a background with a little structure, in memory. Host h has its
/// peak at (20 + 0.1 h, 20) in g and at (20, 20 - 0.1 h) in r.
class Galaxies final : public stages::HostCutouts {
 public:
  explicit Galaxies(std::int64_t count) : count_(count) {}
  std::int64_t count() const override { return count_; }
  int ny() const override { return side; }
  int nx() const override { return side; }
  bool has_invvar() const override { return false; }
  void read(std::int64_t host, int band, Image<float>& nmgy,
            Image<float>&) const override {
    const double shift = 0.1 * static_cast<double>(host);
    const double x0 = band == 0 ? 20.0 + shift : 20.0;
    const double y0 = band == 0 ? 20.0 : 20.0 - shift;
    nmgy.assign(side, side);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const double r2 = (x - x0) * (x - x0) + (y - y0) * (y - y0);
        nmgy(y, x) = static_cast<float>(peak(host, band) * std::exp(-0.125 * r2) +
                                        0.01 * ((7 * x + 3 * y) % 11));
      }
    }
    if (host == not_finite_host && band == not_finite_band) {
      nmgy(not_finite_pixel, not_finite_pixel) = std::numeric_limits<float>::infinity();
    }
  }
  double peak(std::int64_t host, int band) const {
    if (host == dark_host) return -1.0;
    return band == 0 ? 1.0 : red_over_blue;
  }

  double red_over_blue = 2.0;
  std::int64_t not_finite_host = -1;
  int not_finite_band = 0;
  int not_finite_pixel = 18;
  std::int64_t dark_host = -1;

 private:
  std::int64_t count_;
};

stages::HostMeasurements measurements(const Galaxies& hosts) {
  return measure_hosts(hosts, bands, radius_pix, {}).measurements;
}

TEST(MeasureHosts, GivesWhatEachCutoutsOwnMeasurementSays) {
  const Galaxies hosts(4);

  const auto measured = measure_hosts(hosts, bands, radius_pix, {});

  EXPECT_THAT(measured.warnings, IsEmpty());
  ASSERT_EQ(measured.measurements.flux_nmgy.size(), 8U);
  Image<float> cutout, invvar;
  for (std::size_t slot = 0; slot < 8; ++slot) {
    hosts.read(static_cast<std::int64_t>(slot / 2), static_cast<int>(slot % 2), cutout,
               invvar);
    const auto expected = imaging::measure_host(cutout, radius_pix);
    EXPECT_EQ(measured.measurements.flux_nmgy[slot], expected.flux_nmgy);
    EXPECT_EQ(measured.measurements.background_sigma_nmgy[slot],
              expected.background_sigma_nmgy);
    EXPECT_GT(expected.background_sigma_nmgy, 0.0);
  }
}

TEST(MeasureHosts, TheCentroidIsTheBrightestBands) {
  // The background's structure and the 5-pixel window move a centroid by less.
  constexpr double tolerance_pix = 0.05;
  Galaxies hosts(4);

  const auto red = measurements(hosts);
  hosts.red_over_blue = 0.5;
  const auto blue = measurements(hosts);

  EXPECT_NEAR(red.centroid_x_pix[3], 20.0, tolerance_pix);
  EXPECT_NEAR(red.centroid_y_pix[3], 19.7, tolerance_pix);
  EXPECT_NEAR(blue.centroid_x_pix[3], 20.3, tolerance_pix);
  EXPECT_NEAR(blue.centroid_y_pix[3], 20.0, tolerance_pix);
}

TEST(MeasureHosts, AnUnusableBandLeavesTheOther) {
  Galaxies hosts(4);
  hosts.not_finite_host = 3;
  hosts.not_finite_band = 1;

  const auto measured = measure_hosts(hosts, bands, radius_pix, {});

  const auto& m = measured.measurements;
  EXPECT_GT(m.flux_nmgy[6], 0.0);
  EXPECT_THAT(m.flux_nmgy[7], IsNan());
  EXPECT_GT(m.background_sigma_nmgy[7], 0.0);
  EXPECT_GT(m.centroid_x_pix[3], 20.2);  // that of g, the only one left
  EXPECT_THAT(measured.warnings,
              ElementsAre(AllOf(HasSubstr("band r: 1 (host_index 3) of 4 cutouts have "
                                          "pixels that are not finite"),
                                HasSubstr("status bad_host")),
                          HasSubstr("band r: 1 (host_index 3) of 4 cutouts have no "
                                    "positive flux")));
}

TEST(MeasureHosts, APixelThatIsNotFiniteFarFromTheHostIsOnlyNamed) {
  Galaxies hosts(4);
  hosts.not_finite_host = 3;
  hosts.not_finite_pixel = 0;

  const auto measured = measure_hosts(hosts, bands, radius_pix, {});

  EXPECT_GT(measured.measurements.flux_nmgy[6], 0.0);
  EXPECT_GT(measured.measurements.background_sigma_nmgy[6], 0.0);
  EXPECT_THAT(measured.warnings,
              ElementsAre(HasSubstr("band g: 1 (host_index 3) of 4 cutouts have pixels "
                                    "that are not finite")));
}

TEST(MeasureHosts, AHostWithoutLightHasNoFluxAndNoCentroid) {
  Galaxies hosts(2);
  hosts.dark_host = 1;

  const auto measured = measure_hosts(hosts, bands, radius_pix, {});

  const auto& m = measured.measurements;
  EXPECT_THAT(m.flux_nmgy[2], IsNan());
  EXPECT_THAT(m.flux_nmgy[3], IsNan());
  EXPECT_GT(m.background_sigma_nmgy[2], 0.0);
  EXPECT_THAT(m.centroid_x_pix[1], IsNan());
  EXPECT_THAT(m.centroid_y_pix[1], IsNan());
  EXPECT_THAT(measured.warnings,
              ElementsAre(HasSubstr("band g: 1 (host_index 1) of 2 cutouts have no "
                                    "positive flux within mag_aperture_arcsec"),
                          HasSubstr("band r: 1 (host_index 1)")));
}

TEST(MeasureHosts, WarnsOfAnApertureBeyondTheCutout) {
  const Galaxies hosts(1);

  EXPECT_THAT(measure_hosts(hosts, bands, 20.0, {}).warnings, IsEmpty());
  EXPECT_THAT(measure_hosts(hosts, bands, 20.5, {}).warnings,
              ElementsAre(HasSubstr("mag_aperture_arcsec: its radius of 20.5 pixels")));
}

}  // namespace
}  // namespace lensmill::pipeline
