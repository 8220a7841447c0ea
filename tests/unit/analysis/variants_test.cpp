#include "lib/analysis/variants.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

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

TEST(ZeroArc, LeavesTheHostInsideAndTheArcOutside) {
  const Image<float> negative(9, 9, 5.0F);
  Image<float> positive(9, 9, 7.0F);

  zero_arc(negative, 4.0, 4.0, 2.0, positive);

  EXPECT_EQ(positive(4, 4), 5.0F);
  EXPECT_EQ(positive(5, 5), 5.0F);
  EXPECT_EQ(positive(4, 6), 7.0F);  // at r = 2
}

TEST(SubtractInCore, TakesNothingOutside) {
  const Image<float> light(9, 9, 3.0F);
  Image<float> image(9, 9, 7.0F);

  subtract_in_core(light, 4.0, 4.0, 2.0, image);

  EXPECT_EQ(image(4, 4), 4.0F);
  EXPECT_EQ(image(4, 6), 7.0F);
}

TEST(ShuffledRings, ArePermutationsWithinTheirRing) {
  constexpr int n = 21;
  const double x_pix = 9.7, y_pix = 10.2;
  RandomStream stream(1, 2, StreamTag::self_test), again(1, 2, StreamTag::self_test);

  const auto order = shuffled_rings(n, n, x_pix, y_pix, stream);

  std::set<std::size_t> used;
  std::size_t moved = 0;
  const auto ring = [&](std::size_t i) {
    return std::floor(std::hypot(static_cast<double>(i % n) - x_pix,
                                 static_cast<double>(i / n) - y_pix));
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ(ring(order[i]), ring(i));
    used.insert(order[i]);
    moved += order[i] != i ? 1U : 0U;
  }
  EXPECT_EQ(used.size(), order.size());
  // Of a ring of m pixels one stays, on average.
  EXPECT_GT(moved, order.size() * 9 / 10);
  EXPECT_EQ(shuffled_rings(n, n, x_pix, y_pix, again), order);
}

TEST(AddShuffled, KeepsTheSumAndSkipsWhatIsNotFinite) {
  const std::vector<float> difference{1.0F, 2.0F, std::nanf("")};
  const std::vector<std::size_t> order{1, 2, 0};
  std::vector<float> image{10.0F, 10.0F, 10.0F};

  add_shuffled(difference, order, image);

  EXPECT_EQ(image, (std::vector<float>{12.0F, 10.0F, 11.0F}));
}

TEST(ByConstruction, NeedsAMaskThatCoversTheCoreOrSparesTheAnnulus) {
  EXPECT_EQ(by_construction(Variant::arc_zeroed, Region::core, 5.0, 5.0), "0.5");
  EXPECT_EQ(by_construction(Variant::core_mask, Region::core, 5.0, 3.0), "");
  EXPECT_EQ(by_construction(Variant::core_mask, Region::annulus, 5.0, 7.0), "");
  EXPECT_EQ(by_construction(Variant::transport_removed, Region::annulus, 5.0, 5.0),
            "the baseline's");
  EXPECT_EQ(by_construction(Variant::transport_removed, Region::core, 5.0, 5.0), "");
  EXPECT_EQ(by_construction(Variant::saddle_removed, Region::annulus, 5.0, 5.0), "");
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
