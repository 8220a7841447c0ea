#include "pipeline/rerender/coalitions.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "pipeline/rerender/row_variants.hpp"
#include "tests/support/chain_runner.hpp"

namespace lensmill::pipeline {
namespace {

using namespace analysis;
using test_support::ChainRunner;

// Apertures on single-precision images against adjoint apertures: the convention's
// 5e-6, absolute. Without counter-image it is over what is left, a third at the least.
constexpr double split_tolerance = 5.0e-6;
constexpr double remainder_tolerance = 3.0 * split_tolerance;
constexpr std::size_t extent = 1, counter_bit = 2, psf = 4, op = 8;

class CoalitionRendererTest : public testing::Test {
 protected:
  static ChainRunner runner(const std::vector<std::string>& overrides = {}) {
    std::vector<std::string> all{"catalogue.sampled.count=12"};
    all.insert(all.end(), overrides.begin(), overrides.end());
    return ChainRunner(test_support::shipped_config("seed_gen5.yaml", all));
  }
  static CoreSettings settings() {
    return {.band = 1,
            .radius = 1,
            .radius_pix = 5.0,
            .grid = {.stamp_size_pix = 64, .pixel_scale_arcsec = 0.262}};
  }

  ChainRunner run_ = runner();
  ChainRunner legacy_ =
      runner({"convolve.operator=legacy_ifftshift", "convolve.oversample=1"});
  CoalitionRenderer renderer_{run_.chain(), &legacy_.chain(), settings()};
};

TEST_F(CoalitionRendererTest, SubsetsAreTheProbesVariants) {
  VariantRenderer variants(run_.chain(), &legacy_.chain(), "",
                           {.shape = FeatureShape::for_stamp(64, 3, 5),
                            .leakage_band = 1,
                            .grid = settings().grid});
  ProbedRow probed;
  for (std::int64_t row = 0; row < run_.count(); ++row) {
    variants.render(row, {}, nullptr, probed);

    const auto found = renderer_.render(row, {});

    ASSERT_TRUE(found) << row;
    const auto& v = found->value;
    const auto same = [&](Variant variant, std::size_t subset, double tolerance) {
      EXPECT_NEAR(v[subset], probed[variant].core_flux_fraction, tolerance)
          << row << " " << to_string(variant);
    };
    same(Variant::baseline, extent | counter_bit | psf, split_tolerance);
    same(Variant::compact_source, counter_bit | psf, split_tolerance);
    same(Variant::no_counter_image, extent | psf, remainder_tolerance);
    same(Variant::no_psf, extent | counter_bit, split_tolerance);
    same(Variant::legacy_psf, extent | counter_bit | psf | op, split_tolerance);
  }
}

TEST_F(CoalitionRendererTest, SplitIsTheRunsAndAddsUp) {
  auto stamp = run_.make_stamp();
  for (std::int64_t row = 0; row < run_.count(); ++row) {
    run_.apply(row, stamp);
    const auto& m = stamp.measurement;

    const auto found = renderer_.render(row, {});

    ASSERT_TRUE(found);
    EXPECT_EQ(found->split[counter_image],
              m.core_flux_fraction_saddle_intrinsic[m.at(1, 1)]);
    EXPECT_NEAR(std::accumulate(found->split.begin(), found->split.end(), 0.0),
                found->value[correct_subset], split_tolerance);
    EXPECT_EQ(found->theta_e_arcsec, stamp.injection.theta_e_arcsec);
  }
}

TEST_F(CoalitionRendererTest, WithoutPsfItsOperatorChangesNothing) {
  const auto found = renderer_.render(2, {});

  ASSERT_TRUE(found);
  for (const std::size_t subset :
       {std::size_t{0}, extent, counter_bit, extent | counter_bit}) {
    EXPECT_EQ(found->value[subset], found->value[subset | op]);
    EXPECT_NE(found->value[subset | psf], found->value[subset | psf | op]);
  }
}

TEST_F(CoalitionRendererTest, WithoutLegacyOperatorItsSubsetsHaveNoValue) {
  CoalitionRenderer renderer(run_.chain(), nullptr, settings());

  const auto found = renderer.render(2, {});

  ASSERT_TRUE(found);
  EXPECT_TRUE(std::isnan(found->value[legacy_subset]));
  EXPECT_EQ(found->value[correct_subset],
            renderer_.render(2, {})->value[correct_subset]);
}

}  // namespace
}  // namespace lensmill::pipeline
