#include <gtest/gtest.h>

#include <cmath>

#include "lib/analysis/counterfactual_sums.hpp"
#include "pipeline/rerender/coalitions.hpp"
#include "pipeline/rerender/row_variants.hpp"
#include "tests/unit/stages/survey_host.hpp"

/// \file
/// A host whose core is masked says nothing of the core: its fraction is undefined in
/// every render of the probe and of the counterfactuals, and enters no mean.

namespace lensmill::pipeline {
namespace {

constexpr PixelGrid grid{.stamp_size_pix = stages::survey_stamp,
                         .pixel_scale_arcsec = 0.262};

/// Every pixel of the core's 5 about the lens, and of the historical one about N/2.
stages::SurveyHost masked_core() {
  stages::SurveyHost host;
  host.box_y0 = host.box_x0 = 24;
  host.box_y1 = host.box_x1 = 41;
  return host;
}

TEST(MaskedCore, IsUndefinedInEveryVariantOfTheProbe) {
  const auto setup = stages::setup_of(masked_core(), stages::survey_text());
  VariantRenderer renderer(*setup.chain, nullptr, "not asked for",
                           {.shape = analysis::FeatureShape::for_stamp(64, 1, 5),
                            .leakage_band = 0,
                            .grid = grid});
  ProbedRow row;

  renderer.render(0, {}, nullptr, row);

  ASSERT_TRUE(row[analysis::Variant::baseline].valid);
  for (const auto variant : analysis::all_variants) {
    if (!row[variant].valid) continue;
    EXPECT_TRUE(std::isnan(row[variant].core_flux_fraction)) << to_string(variant);
    EXPECT_TRUE(std::isnan(row[variant].core_offset_nmgy_per_pix))
        << to_string(variant);
    for (const float feature : row[variant].features) {
      EXPECT_TRUE(std::isfinite(feature));
    }
  }
}

TEST(MaskedCore, IsLeftOutOfTheCounterfactuals) {
  const auto setup = stages::setup_of(masked_core(), stages::survey_text());
  CoalitionRenderer renderer(*setup.chain, nullptr,
                             {.band = 0, .radius = 1, .radius_pix = 5.0, .grid = grid});

  const auto row = renderer.render(0, {});

  ASSERT_TRUE(row);
  EXPECT_TRUE(std::isnan(row->value[analysis::correct_subset]));
  EXPECT_TRUE(std::isnan(row->value[0]));
  analysis::CounterfactualSums sums(analysis::Bins({0.5, 2.5}));
  EXPECT_FALSE(sums.add(*row));
}

}  // namespace
}  // namespace lensmill::pipeline
