#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "lib/imaging/host_image.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"

/// \file
/// Real hosts: the lens sits on them; rows whose host cannot serve them end as
/// bad_host, all others do not.

namespace lensmill::stages {
namespace {

using test_support::edited;

constexpr int side = 70;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// One galaxy, with a pixel that is not finite: inside the stamp, or only outside.
class Cutouts final : public HostCutouts {
 public:
  std::int64_t count() const override { return 1; }
  int ny() const override { return side; }
  int nx() const override { return side; }
  bool has_invvar() const override { return has_invvar_; }
  void read(std::int64_t, int, Image<float>& nmgy,
            Image<float>& invvar) const override {
    nmgy.assign(side, side);
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const double r2 = (x - 36.0) * (x - 36.0) + (y - 33.0) * (y - 33.0);
        nmgy(y, x) =
            static_cast<float>(std::exp(-0.02 * r2) + 0.01 * ((x + 2 * y) % 5));
      }
    }
    if (bad_pixel >= 0) nmgy(bad_pixel, bad_pixel) = static_cast<float>(nan);
    if (constant) nmgy.assign(side, side, 0.0F);
    if (has_invvar_) invvar.assign(side, side, weight);
  }
  bool has_invvar_ = false;
  float weight = 1.0e4F;
  bool constant = false;
  int bad_pixel = -1;
};

constexpr int outside_the_stamp = 0;
constexpr int inside_the_stamp = 35;

/// The first row's stamp. \param priors more of them, e.g. "  lens_x_arcsec: 1.0\n"
Stamp run(const Cutouts& cutouts, const std::string& centre, bool by_magnitude,
          const std::string& priors = {}) {
  auto text = edited(test_support::small_config, "host: none",
                     "host:\n  cutouts: {r: run.yaml, units: nmgy, "
                     "pixel_scale_arcsec: 0.262, centre: " +
                         centre + "}");
  text = edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
  if (by_magnitude) {
    text = edited(text, "src_flux_nmgy_r: 10.0", "src_mag_minus_host_mag_r: 1.0");
  }
  text = edited(text, "priors:\n", "priors:\n" + priors);
  // The path is never opened: the cutouts are made here.
  const auto config = config::read_run_config_text(
      edited(text, "r: run.yaml", "r: quickstart.yaml"), "test", {},
      test_support::source_folder() / "configs");
  const auto inputs = std::make_shared<Inputs>();
  inputs->rows = std::make_shared<const catalogue::SampledRows>(1);
  inputs->hosts = std::make_shared<const Cutouts>(cutouts);
  Image<float> nmgy, invvar;
  cutouts.read(0, 0, nmgy, invvar);
  const auto measured = imaging::measure_host(nmgy, 8.0);
  inputs->host_measurements = {
      .flux_nmgy = {measured.usable ? measured.flux_nmgy : nan},
      .background_sigma_nmgy = {measured.background_sigma_nmgy},
      .centroid_x_pix = {measured.centroid_x_pix},
      .centroid_y_pix = {measured.centroid_y_pix}};
  const auto setup = make_setup(config, inputs);
  auto stamp = setup.chain->make_stamp();
  setup.chain->apply(0, {}, stamp);
  return stamp;
}

Status status_of(const Cutouts& cutouts, const std::string& centre, bool by_magnitude) {
  return run(cutouts, centre, by_magnitude).status;
}

TEST(UnusableHosts, AGoodHostServesEveryKindOfRow) {
  for (const char* centre : {"geometric", "centroid"}) {
    for (const bool by_magnitude : {false, true}) {
      EXPECT_EQ(status_of({}, centre, by_magnitude), Status::ok);
    }
  }
}

TEST(UnusableHosts, APixelInTheStampSpoilsEveryRow) {
  Cutouts cutouts;
  cutouts.bad_pixel = inside_the_stamp;
  cutouts.has_invvar_ = true;

  const auto stamp = run(cutouts, "geometric", false);

  EXPECT_EQ(stamp.status, Status::bad_host);
  EXPECT_EQ(stamp.measurement.status, Status::bad_host);
  EXPECT_TRUE(std::isnan(stamp.images[0].positive(0, 0)));
  EXPECT_TRUE(std::isnan(stamp.measurement.arc_snr[0]));
}

TEST(UnusableHosts, APixelOutsideTheStampLosesNoRow) {
  Cutouts cutouts;
  cutouts.bad_pixel = outside_the_stamp;

  for (const bool has_invvar : {false, true}) {
    cutouts.has_invvar_ = has_invvar;
    for (const char* centre : {"geometric", "centroid"}) {
      for (const bool by_magnitude : {false, true}) {
        EXPECT_EQ(status_of(cutouts, centre, by_magnitude), Status::ok);
      }
    }
  }
}

TEST(UnusableHosts, WeightsThatSayNothingOfAnyPixelLeaveNoVariance) {
  Cutouts cutouts;
  cutouts.has_invvar_ = true;
  for (const float weight : {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN(),
                             std::numeric_limits<float>::infinity()}) {
    cutouts.weight = weight;

    EXPECT_EQ(status_of(cutouts, "geometric", false), Status::bad_host) << weight;
  }
}

TEST(UnusableHosts, OneValueInEveryPixelIsNoHost) {
  Cutouts cutouts;
  cutouts.constant = true;
  for (const bool has_invvar : {false, true}) {
    cutouts.has_invvar_ = has_invvar;

    EXPECT_EQ(status_of(cutouts, "geometric", false), Status::bad_host);
  }
}

TEST(LensPlace, IsWhereTheHostIs) {
  // Stamp pixel 31 is host pixel 34: offset 3. Half of (70 - 1) is 34.5.
  const auto geometric = run({}, "geometric", false).injection;
  const auto centroid = run({}, "centroid", false).injection;
  constexpr double pix = 0.262;
  // The little structure that the background has moves the centroid by less.
  constexpr double tolerance_arcsec = 0.02 * pix;

  EXPECT_DOUBLE_EQ(geometric.lens_x_arcsec, (34.5 - 3.0 - 31.5) * pix);
  EXPECT_NEAR(centroid.lens_x_arcsec, (36.0 - 3.0 - 31.5) * pix, tolerance_arcsec);
  EXPECT_NEAR(centroid.lens_y_arcsec, (33.0 - 3.0 - 31.5) * pix, tolerance_arcsec);
}

TEST(LensPlace, IsWhereAPriorSaysEvenOnOneAxis) {
  const auto by_x = run({}, "centroid", false, "  lens_x_arcsec: 1.0\n").injection;
  const auto by_y = run({}, "centroid", false, "  lens_y_arcsec: 1.0\n").injection;

  EXPECT_EQ(by_x.lens_x_arcsec, 1.0);
  EXPECT_EQ(by_x.lens_y_arcsec, 0.0);
  EXPECT_EQ(by_y.lens_x_arcsec, 0.0);
  EXPECT_EQ(by_y.lens_y_arcsec, 1.0);
}

}  // namespace
}  // namespace lensmill::stages
