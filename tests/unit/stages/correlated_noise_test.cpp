#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/image_matchers.hpp"

/// \file
/// Correlated noise, and noise that follows a map, in the chain.

namespace lensmill::stages {
namespace {

using test_support::edited;
using test_support::images_identical;

constexpr int side = 20;
constexpr const char* lags =
    "[[0.02, 0.10, 0.05], [0.30, 1, 0.30], [0.05, 0.10, 0.02]]";

std::string text(const std::string& noise_keys = {}) {
  const auto small = edited(test_support::small_config, "stamp_size_pix: 64",
                            "stamp_size_pix: " + std::to_string(side));
  return noise_keys.empty() ? small : small + "  " + noise_keys + "\n";
}

std::string correlated() {
  return text(std::string("correlation: {r: {lags: ") + lags + "}}");
}

/// Maps of which only a corner is of use: pixels [6, 40) of 40.
class CornerMaps final : public InvvarMaps {
 public:
  explicit CornerMaps(bool covered = true) : covered_(covered) {}
  int planes() const override { return 2; }
  int ny() const override { return 40; }
  int nx() const override { return 40; }
  void read(int, const MapPlace& place, Image<float>& invvar) const override {
    for (int y = 0; y < invvar.ny(); ++y) {
      for (int x = 0; x < invvar.nx(); ++x) {
        const bool use = covered_ && place.y + y >= 6 && place.x + x >= 6;
        // Depth grows with the column.
        invvar(y, x) = use ? static_cast<float>(place.x + x) * 1.0e3F : 0.0F;
      }
    }
  }

 private:
  bool covered_;
};

Setup setup_of(const std::string& config_text,
               std::shared_ptr<const InvvarMaps> maps = nullptr) {
  const auto inputs = std::make_shared<Inputs>();
  inputs->rows = std::make_shared<const catalogue::SampledRows>(10);
  inputs->noise_maps = std::move(maps);
  return make_setup(config::read_run_config_text(config_text, "test.yaml"), inputs);
}

Stamp row_of(const Setup& setup, std::int64_t id) {
  auto stamp = setup.chain->make_stamp();
  setup.chain->apply(id, {}, stamp);
  return stamp;
}

std::set<std::string> columns_of(const Setup& setup) {
  std::set<std::string> names;
  for (const auto& info : setup.chain->schema().columns()) names.insert(info.name);
  return names;
}

TEST(CorrelatedNoiseInTheChain, AddsItsColumnsAndChangesNoOther) {
  // Faint: the Poisson noise of a bright arc is white.
  const auto faint = [](const std::string& config_text) {
    return edited(config_text, "src_flux_nmgy_r: 10.0", "src_flux_nmgy_r: 0.3");
  };
  const auto white = setup_of(faint(text()));
  const auto with = setup_of(faint(correlated()));

  auto expected = columns_of(white);
  expected.insert({"arc_snr_correlated", "counter_image_snr_correlated",
                   "arc_snr_aperture_correlated"});
  EXPECT_EQ(columns_of(with), expected);
  const auto a = row_of(white, 3);
  const auto b = row_of(with, 3);
  EXPECT_EQ(a.measurement.arc_snr, b.measurement.arc_snr);
  EXPECT_EQ(a.measurement.counter_image_snr, b.measurement.counter_image_snr);
  EXPECT_EQ(a.measurement.arc_snr_aperture, b.measurement.arc_snr_aperture);
  EXPECT_TRUE(images_identical(a.images[0].arc, b.images[0].arc));
  EXPECT_TRUE(images_identical(a.images[0].variance, b.images[0].variance));
  // Neighbours that agree make smooth arcs harder to see.
  EXPECT_LT(b.measurement.arc_snr_correlated[0], 0.9 * a.measurement.arc_snr[0]);
  EXPECT_LT(b.measurement.arc_snr_aperture_correlated[0],
            0.9 * a.measurement.arc_snr_aperture[0]);
  EXPECT_GT(b.measurement.counter_image_snr_correlated[0], 0.0);
}

TEST(CorrelatedNoiseInTheChain, OfNoCorrelationGivesTheWhiteNumbers) {
  const auto stamp = row_of(setup_of(text("correlation: {r: {lags: [[1]]}}")), 3);

  const auto& m = stamp.measurement;
  // Sums in single precision.
  constexpr double tolerance = 1.0e-5;
  EXPECT_NEAR(m.arc_snr_correlated[0] / m.arc_snr[0], 1.0, tolerance);
  EXPECT_NEAR(m.counter_image_snr_correlated[0] / m.counter_image_snr[0], 1.0,
              tolerance);
  EXPECT_NEAR(m.arc_snr_aperture_correlated[1] / m.arc_snr_aperture[1], 1.0, tolerance);
}

TEST(CorrelatedNoiseInTheChain, RowsDoNotDependOnTheirOrder) {
  const auto setup = setup_of(correlated());
  auto stamp = setup.chain->make_stamp();
  for (const std::int64_t id : {5, 1, 8}) setup.chain->apply(id, {}, stamp);
  setup.chain->apply(3, {}, stamp);

  const auto alone = row_of(setup, 3);

  EXPECT_TRUE(images_identical(stamp.images[0].positive, alone.images[0].positive));
  EXPECT_TRUE(images_identical(stamp.images[0].negative, alone.images[0].negative));
  EXPECT_EQ(stamp.measurement.arc_snr_correlated, alone.measurement.arc_snr_correlated);
}

TEST(CorrelatedNoiseInTheChain, TheTargetIsForTheCovariance) {
  const auto target = [](std::string config_text) {
    config_text = edited(config_text, "src_flux_nmgy_r: 10.0", "src_target_snr: 12");
    return row_of(setup_of(config_text), 3).measurement;
  };

  const auto white = target(text());
  const auto with = target(correlated());

  EXPECT_NEAR(white.arc_snr[0], 12.0, 1.0e-5);
  EXPECT_NEAR(with.arc_snr_correlated[0], 12.0, 12.0e-3);  // as it is promised
  EXPECT_GT(with.arc_snr[0], 13.0);
}

TEST(NoiseMaps, GiveTheVarianceOfACoveredPlace) {
  const auto config_text =
      edited(text("invvar: {r: test.yaml}"), "  sky_sigma_nmgy: {r: 0.01}\n", "");
  const auto read_place = [](const Stamp& stamp) {
    const auto& sky = stamp.images[0].sky_variance;
    return std::lround(1.0e-3 / double{sky(0, 0)});
  };
  const auto inputs_file = edited(config_text, "test.yaml", "quickstart.yaml");
  const auto inputs = std::make_shared<Inputs>();
  inputs->rows = std::make_shared<const catalogue::SampledRows>(10);
  inputs->noise_maps = std::make_shared<const CornerMaps>();
  const auto setup = make_setup(
      config::read_run_config_text(inputs_file, "test", {},
                                   test_support::source_folder() / "configs"),
      inputs);

  std::set<long> places;
  for (int id = 0; id < 10; ++id) {
    const auto stamp = row_of(setup, id);
    ASSERT_EQ(stamp.status, Status::ok);
    const long x = read_place(stamp);
    EXPECT_GE(x, 6);
    EXPECT_LE(x, 40 - side);
    EXPECT_NEAR(
        double{stamp.images[0].sky_variance(3, 9)} * 1.0e3 * static_cast<double>(x + 9),
        1.0, 1.0e-6);
    EXPECT_GT(stamp.images[0].variance(3, 9), stamp.images[0].sky_variance(3, 9));
    places.insert(x);
  }
  EXPECT_GT(places.size(), 3u);

  // A stamp that finds no place is given up.
  inputs->noise_maps = std::make_shared<const CornerMaps>(false);
  const auto none = make_setup(
      config::read_run_config_text(inputs_file, "test", {},
                                   test_support::source_folder() / "configs"),
      inputs);
  const auto stamp = row_of(none, 0);
  EXPECT_EQ(stamp.status, Status::no_coverage);
  EXPECT_EQ(stamp.measurement.status, Status::no_coverage);
  EXPECT_TRUE(std::isnan(stamp.images[0].positive(0, 0)));
}

}  // namespace
}  // namespace lensmill::stages
