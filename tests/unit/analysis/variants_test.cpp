#include "lib/analysis/variants.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

namespace lensmill::analysis {
namespace {

constexpr double single = 1.0e-6;

TEST(Variants, HaveDistinctNamesAndWords) {
  std::set<std::string_view> names, words;
  for (std::size_t v = 0; v < variant_count; ++v) {
    EXPECT_EQ(static_cast<std::size_t>(all_variants[v]), v);
    names.insert(to_string(all_variants[v]));
    words.insert(description_of(all_variants[v]));
  }

  EXPECT_EQ(names.size(), variant_count);
  EXPECT_EQ(words.size(), variant_count);
  EXPECT_FALSE(is_ranked(Variant::baseline));
  EXPECT_FALSE(is_ranked(Variant::stored));
  // A bug is no mitigation, however dark it leaves the core.
  EXPECT_FALSE(is_ranked(Variant::legacy_psf));
  EXPECT_TRUE(is_ranked(Variant::core_mask));
}

TEST(MaskCore, TakesPixelsStrictlyInside) {
  Image<float> image(9, 9, 1.0F);

  mask_core(4.0, 4.0, 2.0, image);

  EXPECT_EQ(image(4, 4), 0.0F);
  EXPECT_EQ(image(5, 5), 0.0F);
  EXPECT_EQ(image(4, 6), 1.0F);  // at r = 2
  float sum = 0.0F;
  for (const float v : image.pixels()) sum += v;
  EXPECT_EQ(sum, 81.0F - 9.0F);  // r < 2: the 3 x 3 about the centre
}

TEST(TaperArc, FadesTheArcAndKeepsTheRest) {
  Image<float> negative(21, 21, 5.0F);
  Image<float> positive(21, 21, 7.0F);
  Image<float> arc(21, 21, 2.0F);

  taper_arc(negative, 10.0, 10.0, 5.0, positive);
  taper_image(10.0, 10.0, 5.0, arc);

  EXPECT_NEAR(positive(10, 15), 6.0, single);  // one half at r = k
  EXPECT_NEAR(positive(10, 10), 5.0 + 2.0 * 0.5 * (1.0 - std::tanh(5.0 / 1.5)),
              10.0 * single);
  EXPECT_NEAR(positive(10, 20), 7.0, 0.01);
  for (std::size_t k = 0; k < arc.size(); ++k) {
    EXPECT_NEAR(positive.pixels()[k] - 5.0F, arc.pixels()[k], 10.0 * single);
  }
}

TEST(RankVariants, PutsThoseThatHarmTheAnnulusLast) {
  const auto change = [](double value, double half) {
    return Estimate{value, half / confidence_quantile, value - half, value + half};
  };
  std::vector<RankedVariant> variants{
      {.variant = Variant::core_mask, .core_auc = 0.60, .annulus_change = change(0, 0)},
      {.variant = Variant::source_outside,
       .core_auc = 0.50,
       .annulus_change = change(-0.1, 0.03)},
      // Small, and not significant: no harm.
      {.variant = Variant::tanh_taper,
       .core_auc = 0.55,
       .annulus_change = change(-0.01, 0.001)},
      {.variant = Variant::no_psf,
       .core_auc = 0.58,
       .annulus_change = change(-0.05, 0.06)}};

  rank_variants(variants);

  EXPECT_EQ(variants[0].variant, Variant::tanh_taper);
  EXPECT_EQ(variants[1].variant, Variant::no_psf);
  EXPECT_EQ(variants[2].variant, Variant::core_mask);
  EXPECT_EQ(variants[3].variant, Variant::source_outside);
  EXPECT_TRUE(variants[3].annulus_harmed);
  EXPECT_FALSE(variants[1].annulus_harmed);
  EXPECT_EQ(variants[3].rank, 4);
}

TEST(RankVariants, HarmBeginsAtTwoPercentOfTheAnnulus) {
  for (const double change : {-0.019, -0.021}) {
    const Estimate estimate{change, 0.0, change, change};
    std::vector<RankedVariant> variants{
        {.variant = Variant::core_mask, .core_auc = 0.6, .annulus_change = estimate}};

    rank_variants(variants);

    EXPECT_EQ(variants[0].annulus_harmed, change < -0.02) << change;
  }
}

}  // namespace
}  // namespace lensmill::analysis
