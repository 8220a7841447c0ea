#include "tests/support/plane_contract.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tests/support/chain_runner.hpp"
#include "tests/unit/stages/survey_host.hpp"

/// \file
/// Stages hand on nothing but declared planes, in the configurations that need no file
/// and in what they do not have: masks, maps, correlated noise, a target SNR.

namespace lensmill::stages {
namespace {

using test_support::edited;
using test_support::PlaneContract;
using test_support::shipped_config;
using ::testing::IsEmpty;

constexpr int rows = 3;

class PlaneContractOf : public ::testing::TestWithParam<const char*> {};

TEST_P(PlaneContractOf, AShippedConfiguration) {
  const test_support::ChainRunner runner(shipped_config(GetParam()));
  PlaneContract contract(runner.chain());

  for (int row = 0; row < rows; ++row) {
    const auto block = runner.rows().read(row, 1);
    contract.check_row(block.injection_id[0], block.row(0));
  }

  EXPECT_THAT(contract.problems(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(WithoutFiles, PlaneContractOf,
                         ::testing::Values("quickstart.yaml", "seed_gen5.yaml",
                                           "clumpy_sources.yaml", "point_sources.yaml",
                                           "mass_from_light.yaml", "parity_table.yaml",
                                           "experiment_a.yaml", "experiment_d.yaml",
                                           "survey/hsc_wide.yaml"));

void expect_kept(const Setup& setup) {
  PlaneContract contract(*setup.chain);

  for (int row = 0; row < rows; ++row) contract.check_row(row, {});

  EXPECT_GT(contract.rows_of(Status::ok), 0);
  EXPECT_THAT(contract.problems(), IsEmpty());
}

void expect_kept(const std::string& text,
                 std::shared_ptr<const InvvarMaps> maps = nullptr) {
  const auto inputs = std::make_shared<Inputs>();
  inputs->rows = std::make_shared<const catalogue::SampledRows>(rows);
  inputs->noise_maps = std::move(maps);
  expect_kept(
      make_setup(config::read_run_config_text(
                     text, "test.yaml", {}, test_support::source_folder() / "configs"),
                 inputs));
}

constexpr const char* correlation =
    "  correlation: {r: {lags: [[0, 0.2, 0.1], [0.3, 1, 0.3], [0.1, 0.2, 0]]}}\n";

TEST(PlaneContractOfNoise, CorrelatedWithATargetSnr) {
  expect_kept(edited(test_support::small_config, "src_flux_nmgy_r: 10.0",
                     "src_target_snr: 20.0") +
              correlation +
              "output: {products: [positive, negative, arc_intrinsic]}\n");
}

TEST(PlaneContractOfNoise, None) {
  expect_kept(
      edited(test_support::small_config,
             "noise:\n  sky_sigma_nmgy: {r: 0.01}\n  gain_e_per_nmgy: {r: 500}\n",
             "noise: none\n"));
}

class FlatMaps final : public InvvarMaps {
 public:
  int planes() const override { return 1; }
  int ny() const override { return 80; }
  int nx() const override { return 80; }
  void read(int, const MapPlace&, Image<float>& invvar) const override {
    std::ranges::fill(invvar.pixels(), 1.0e4F);
  }
};

TEST(PlaneContractOfNoise, ByMaps) {
  const auto text =
      edited(test_support::small_config, "  sky_sigma_nmgy: {r: 0.01}\n", "");
  expect_kept(text + "  invvar: {r: quickstart.yaml}\n",
              std::make_shared<const FlatMaps>());
}

SurveyHost masked_host() {
  SurveyHost host;
  host.box_y0 = host.box_x0 = 31;
  host.box_y1 = host.box_x1 = 40;
  return host;
}

TEST(PlaneContractOfHosts, OfASurveyWithMasks) {
  expect_kept(setup_of(masked_host(), survey_text()));
}

TEST(PlaneContractOfHosts, OfASurveyWithMasksAndCorrelatedNoise) {
  expect_kept(
      setup_of(masked_host(),
               edited(survey_text(), "  gain_e_per_nmgy: {r: 500}\n",
                      std::string("  gain_e_per_nmgy: {r: 500}\n") + correlation)));
}

/// A stage that does something with the stamp and declares something.
class ToyStage final : public Stage {
 public:
  ToyStage(Step step, std::vector<Plane> needs, std::vector<Plane> gives,
           std::function<void(Stamp&)> act)
      : step_(step),
        needs_(std::move(needs)),
        gives_(std::move(gives)),
        act_(std::move(act)) {}
  Step step() const override { return step_; }
  std::vector<Plane> needs() const override { return needs_; }
  std::vector<Plane> gives() const override { return gives_; }
  void apply(Stamp& stamp, const InjectionStreams&) const override { act_(stamp); }

 private:
  Step step_;
  std::vector<Plane> needs_, gives_;
  std::function<void(Stamp&)> act_;
};

TEST(PlaneContract, NamesStagesThatDoWhatTheyDoNotDeclare) {
  const auto config = config::read_run_config_text(test_support::small_config, "test");
  std::vector<std::unique_ptr<const Stage>> stages;
  stages.push_back(
      std::make_unique<ToyStage>(Step::lens, std::vector<Plane>{},
                                 std::vector{Plane::lattice_error}, [](Stamp& stamp) {
                                   stamp.lattice_error = 0.25;
                                   stamp.unit_arc_flux[0] = 2.0;
                                   stamp.buffers->unit_stamp.assign(1, 1, 3.0F);
                                 }));
  stages.push_back(std::make_unique<ToyStage>(
      Step::convolve, std::vector{Plane::lattice_error}, std::vector{Plane::aperture},
      [](Stamp& stamp) { stamp.aperture_x_pix = stamp.unit_arc_flux[0]; }));
  stages.push_back(std::make_unique<ToyStage>(
      Step::host, std::vector{Plane::lattice_error},
      std::vector{Plane::aperture, Plane::non_positive_mean_pixels}, [](Stamp& stamp) {
        stamp.aperture_y_pix =
            stamp.buffers->unit_stamp.size() > 0 ? stamp.lattice_error : 0.0;
      }));
  const Chain chain(std::move(stages), config, {}, catalogue::SourceFlux::given);
  PlaneContract contract(chain);

  contract.check_row(0, {});

  EXPECT_THAT(contract.problems(),
              ::testing::UnorderedElementsAre(
                  "lens writes unit_arc_flux", "convolve reads unit_arc_flux",
                  "host reads what another stage left in the buffers",
                  "host does not write non_positive_mean_pixels"));
}

TEST(PlaneTable, CoversEveryMemberOfTheStamp) {
  Stamp stamp;
  std::set<const void*> covered;
  int row = 0;
  visit_planes([&](Plane plane, auto&&...) {
    EXPECT_EQ(static_cast<int>(plane), row++);
    test_support::detail::each_member(
        plane, [&](auto& member) { EXPECT_TRUE(covered.insert(&member).second); },
        stamp);
  });

  // A new member does not compile here; it belongs into the table of planes.
  auto& [given, injection, lens, x_pix, y_pix, arc_planes, arc_fields, psf,
         lattice_error, unit_arc_flux, images, non_positive, measurement, status,
         buffers] = stamp;
  std::set<const void*> members{&injection,    &lens,          &x_pix,
                                &y_pix,        &arc_planes,    &arc_fields,
                                &psf,          &lattice_error, &unit_arc_flux,
                                &non_positive, &measurement};
  for (auto& band : images) {
    auto& [intrinsic, arc, counter, host, host_variance, negative, positive, variance,
           mask, any_masked, sky_variance, poisson_variance] = band;
    members.insert({&intrinsic, &arc, &counter, &host, &host_variance, &negative,
                    &positive, &variance, &mask, &any_masked, &sky_variance,
                    &poisson_variance});
  }
  EXPECT_EQ(covered, members);
  const std::set<const void*> of_the_chain{&given, &status, &buffers};
  EXPECT_EQ(of_the_chain.size(), 3U);
}

}  // namespace
}  // namespace lensmill::stages
