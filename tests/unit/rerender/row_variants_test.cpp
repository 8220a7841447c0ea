#include "pipeline/rerender/row_variants.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lib/lens/point_images.hpp"
#include "stages/arc_fields.hpp"
#include "stages/lens_of.hpp"
#include "tests/support/chain_runner.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::Variant;
using test_support::ChainRunner;

// The run measures the core by adjoint apertures, the probe by an aperture on the
// single-precision image: the convention's 5e-6, absolute.
constexpr double split_tolerance = 5.0e-6;
// The same source from a configuration and from a change of the row's value.
constexpr double same_image = 1.0e-6;
constexpr std::size_t radius_5 = 1;

// Set before a test's own overrides, of which the last counts.
std::vector<std::string> with(const std::vector<std::string>& overrides) {
  std::vector<std::string> all{"catalogue.sampled.count=12",
                               "priors.src_reff_arcsec=0.2"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  return all;
}

class VariantRendererTest : public testing::Test {
 protected:
  static ChainRunner runner(const std::vector<std::string>& overrides = {}) {
    return ChainRunner(test_support::shipped_config("seed_gen5.yaml", with(overrides)));
  }
  static ChainRunner legacy_runner() {
    return runner({"convolve.operator=legacy_ifftshift", "convolve.oversample=1"});
  }
  static VariantSettings settings() {
    return {.shape = analysis::FeatureShape::for_stamp(64, 3, 5),
            .leakage_band = 1,
            .grid = {.stamp_size_pix = 64, .pixel_scale_arcsec = 0.262}};
  }
  ProbedRow render(std::int64_t row, const StoredPair* stored = nullptr) {
    ProbedRow probed;
    renderer_.render(row, {}, stored, probed);
    return probed;
  }
  static std::span<const float> negative(const VariantRow& row) {
    return std::span(row.features).last(row.features.size() / 2);
  }

  ChainRunner run_ = runner();
  ChainRunner legacy_ = legacy_runner();
  VariantRenderer renderer_{run_.chain(), &legacy_.chain(), "", settings()};
};

TEST_F(VariantRendererTest, BaselineIsWhatTheRunMeasures) {
  auto stamp = run_.make_stamp();
  for (std::int64_t row = 0; row < run_.count(); ++row) {
    run_.apply(row, stamp);
    const auto& m = stamp.measurement;

    auto probed = render(row);

    const auto& baseline = probed[Variant::baseline];
    ASSERT_TRUE(baseline.valid) << row;
    EXPECT_NEAR(baseline.core_flux_fraction, m.core_flux_fraction[m.at(1, radius_5)],
                split_tolerance);
    EXPECT_EQ(baseline.core_offset_nmgy_per_pix, m.core_offset[m.at(1, radius_5)]);
    EXPECT_EQ(probed.host, row);
    EXPECT_EQ(probed.split, stamp.injection.split);
    EXPECT_EQ(probed.counter_image_snr, std::ranges::max(m.counter_image_snr));
  }
}

TEST_F(VariantRendererTest, EveryVariantHasThePairsOwnNegative) {
  auto probed = render(3);

  for (const Variant variant :
       {Variant::compact_source, Variant::source_outside, Variant::no_counter_image,
        Variant::no_psf, Variant::legacy_psf, Variant::saddle_removed,
        Variant::tanh_taper}) {
    ASSERT_TRUE(probed[variant].valid) << to_string(variant);
    EXPECT_TRUE(std::ranges::equal(negative(probed[variant]),
                                   negative(probed[Variant::baseline])))
        << to_string(variant);
    EXPECT_NE(probed[variant].features, probed[Variant::baseline].features)
        << to_string(variant);
  }
}

TEST_F(VariantRendererTest, CompactSourceIsThatOfASmallerPrior) {
  const auto compact = runner({"priors.src_reff_arcsec=0.02"});
  auto stamp = compact.make_stamp();
  for (std::int64_t row = 0; row < 4; ++row) {
    compact.apply(row, stamp);

    auto probed = render(row);

    EXPECT_NEAR(probed[Variant::compact_source].core_flux_fraction,
                stamp.measurement.core_flux_fraction[stamp.measurement.at(1, radius_5)],
                split_tolerance);
  }
}

TEST_F(VariantRendererTest, WithoutPsfTheFractionIsThatOfTheIntrinsicArc) {
  auto stamp = run_.make_stamp();
  for (std::int64_t row = 0; row < run_.count(); ++row) {
    run_.apply(row, stamp);

    auto probed = render(row);

    EXPECT_NEAR(probed[Variant::no_psf].core_flux_fraction,
                stamp.measurement.core_flux_fraction_without_psf[radius_5],
                split_tolerance);
  }
}

TEST_F(VariantRendererTest, LegacyArcIsThatOfTheLegacyOperator) {
  auto stamp = legacy_.make_stamp();
  for (std::int64_t row = 0; row < 4; ++row) {
    legacy_.apply(row, stamp);

    auto probed = render(row);

    EXPECT_NEAR(probed[Variant::legacy_psf].core_flux_fraction,
                stamp.measurement.core_flux_fraction[stamp.measurement.at(1, radius_5)],
                split_tolerance);
    EXPECT_GT(std::abs(probed[Variant::legacy_psf].core_flux_fraction -
                       probed[Variant::baseline].core_flux_fraction),
              0.01);
  }
}

TEST_F(VariantRendererTest, WithoutCounterImageTheOuterImageIsLeft) {
  auto stamp = run_.make_stamp();
  for (std::int64_t row = 0; row < run_.count(); ++row) {
    run_.apply(row, stamp);
    const auto& m = stamp.measurement;
    const std::size_t at = m.at(1, radius_5);
    const auto& images = stamp.images[1];
    const auto sum = [](const Image<float>& image) {
      return std::accumulate(image.pixels().begin(), image.pixels().end(), 0.0);
    };
    const double share = 1.0 - sum(images.counter_image) / sum(images.arc);
    const double outer = (m.core_flux_fraction_minimum_intrinsic[at] +
                          m.core_flux_fraction_minimum_psf[at] +
                          m.core_flux_fraction_maximum_intrinsic[at] +
                          m.core_flux_fraction_maximum_psf[at]) /
                         share;

    auto probed = render(row);

    // Both by another route: single-precision images over their own flux.
    EXPECT_NEAR(probed[Variant::no_counter_image].core_flux_fraction, outer,
                2.0 * split_tolerance / share);
    EXPECT_NEAR(probed[Variant::saddle_removed].core_flux_fraction, outer,
                2.0 * split_tolerance / share);
    EXPECT_LE(probed[Variant::saddle_removed].core_offset_nmgy_per_pix,
              probed[Variant::baseline].core_offset_nmgy_per_pix);
  }
}

TEST_F(VariantRendererTest, MaskAndTaperEmptyTheCore) {
  auto probed = render(0);

  const auto& mask = probed[Variant::core_mask];
  const auto middle_of_box = std::size_t{5 * 10 + 5};
  EXPECT_EQ(mask.features[middle_of_box], 0.0F);
  EXPECT_EQ(negative(mask)[middle_of_box], 0.0F);
  // Rings are outside the mask.
  EXPECT_EQ(mask.features.at(300), probed[Variant::baseline].features.at(300));
  EXPECT_LT(mask.core_flux_fraction, probed[Variant::baseline].core_flux_fraction);
  EXPECT_LT(probed[Variant::tanh_taper].core_flux_fraction,
            probed[Variant::baseline].core_flux_fraction);
  EXPECT_NEAR(probed[Variant::tanh_taper].features[middle_of_box],
              negative(probed[Variant::tanh_taper])[middle_of_box], 0.02);
}

TEST_F(VariantRendererTest, ArcZeroedKeepsTheHostInTheCore) {
  auto probed = render(0);

  const auto& zeroed = probed[Variant::arc_zeroed];
  const auto core = settings().shape.core_count();
  const auto positive = std::span(zeroed.features).first(core);
  EXPECT_TRUE(std::ranges::equal(positive, negative(zeroed).first(core)));
  EXPECT_NE(positive[std::size_t{5 * 10 + 5}], 0.0F);
  EXPECT_EQ(zeroed.features.at(core), probed[Variant::baseline].features.at(core));
  EXPECT_TRUE(
      std::ranges::equal(negative(zeroed), negative(probed[Variant::baseline])));
}

// By another route: the arc before the PSF in pixels, without those inside the radius,
// pixel by pixel through the kernel. Pixels that the circle cuts are whole here and
// points of the lattice there.
TEST_F(VariantRendererTest, TransportIsTheLightThatThePsfBringsFromOutside) {
  constexpr double of_light_on_the_circle = 0.15;
  const double middle = 31.5;
  const auto aperture = measure::pixel_overlap_weights(
      64, {.x_pix = middle, .y_pix = middle, .radius_pix = 5.0});
  auto stamp = run_.make_stamp();
  for (std::int64_t row = 0; row < 4; ++row) {
    run_.apply(row, stamp);
    Image<float> before(64, 64);
    stages::arc_before_psf(stamp.arc_planes, stamp.injection.src_flux_nmgy[1], before);
    const auto& kernel = *stamp.psf[1].kernel;
    const auto& arc = stamp.images[1].arc.pixels();
    const double total = std::accumulate(arc.begin(), arc.end(), 0.0);
    double brought = 0.0;      // to pixels inside the radius
    double in_aperture = 0.0;  // of it, in the parts of them that the aperture has
    for (int y = 0; y < 64; ++y) {
      for (int x = 0; x < 64; ++x) {
        if (std::hypot(x - middle, y - middle) < 5.0) continue;
        for (int v = 26; v < 38; ++v) {
          for (int u = 26; u < 38; ++u) {
            if (!(std::hypot(u - middle, v - middle) < 5.0)) continue;
            const int i = kernel.origin_x + kernel.oversample * (u - x);
            const int j = kernel.origin_y + kernel.oversample * (v - y);
            if (i < 0 || j < 0 || i >= kernel.samples.nx() ||
                j >= kernel.samples.ny()) {
              continue;
            }
            const double light = double{before(y, x)} * kernel.samples(j, i);
            brought += light;
            in_aperture += light * double{aperture.weight(v, u)};
          }
        }
      }
    }

    auto probed = render(row);

    const auto& baseline = probed[Variant::baseline];
    const auto& removed = probed[Variant::transport_removed];
    ASSERT_TRUE(removed.valid);
    // Fractions are of the arc's flux that is left.
    const double kept = removed.core_flux_fraction * (total - brought) / total;
    EXPECT_NEAR(baseline.core_flux_fraction - kept, in_aperture / total,
                of_light_on_the_circle * in_aperture / total)
        << row;
    const auto core = settings().shape.core_count();
    for (std::size_t f = core; f < settings().shape.count(); ++f) {
      ASSERT_EQ(removed.features[f], baseline.features[f]);
    }
  }
}

TEST_F(VariantRendererTest, DropoutMasksAShareOfTheRowsThatTrainAndNoOther) {
  int masked = 0;
  for (std::int64_t row = 0; row < run_.count(); ++row) {
    auto probed = render(row);
    const bool as_masked =
        probed[Variant::core_dropout].features == probed[Variant::core_mask].features;
    const bool as_it_was =
        probed[Variant::core_dropout].features == probed[Variant::baseline].features;
    EXPECT_TRUE(as_masked != as_it_was);
    EXPECT_TRUE(as_it_was || probed.split != catalogue::Split::test);
    masked += as_masked ? 1 : 0;
  }

  EXPECT_GT(masked, 0);
  EXPECT_LT(masked, static_cast<int>(run_.count()));
}

TEST_F(VariantRendererTest, ShuffledArcsHaveThePositiveAndTheRingMeansOfIt) {
  auto probed = render(0);

  const auto& shuffled = probed[Variant::shuffled_arc];
  const auto& baseline = probed[Variant::baseline];
  const auto count = settings().shape.count();
  EXPECT_TRUE(std::ranges::equal(std::span(shuffled.features).first(count),
                                 std::span(baseline.features).first(count)));
  // What the circle cuts apart: rings of whole pixels, an aperture of parts of them.
  EXPECT_LT(std::abs(shuffled.core_offset_nmgy_per_pix),
            0.1 * std::abs(baseline.core_offset_nmgy_per_pix));
}

TEST_F(VariantRendererTest, FainterArcsAreThoseOfAFainterSource) {
  auto fainter = settings();
  fainter.flux_factor = 0.1;
  VariantRenderer renderer(run_.chain(), &legacy_.chain(), "", fainter);
  for (std::int64_t row = 0; row < 4; ++row) {
    const auto bright = render(row);
    ProbedRow faint;
    renderer.render(row, {}, nullptr, faint);

    // Flux fractions do not depend on the flux.
    for (const Variant variant : {Variant::baseline, Variant::no_psf,
                                  Variant::legacy_psf, Variant::transport_removed}) {
      const auto v = static_cast<std::size_t>(variant);
      EXPECT_NEAR(faint.variants[v].core_flux_fraction,
                  bright.variants[v].core_flux_fraction, split_tolerance);
    }
    EXPECT_LT(faint.arc_snr, 0.2 * bright.arc_snr);
    EXPECT_GT(faint.arc_snr, 0.05 * bright.arc_snr);
  }
}

TEST_F(VariantRendererTest, ShiftedMaskMeasuresTheSameImagesElsewhere) {
  auto probed = render(0);

  const auto& shifted = probed[Variant::shifted_mask];
  const auto& baseline = probed[Variant::baseline];
  EXPECT_NE(shifted.core_flux_fraction, baseline.core_flux_fraction);
  // Its box begins one pixel up and right: (3, 3) is (4, 4) of the baseline's.
  EXPECT_EQ(shifted.features[33], baseline.features[44]);
}

TEST_F(VariantRendererTest, StoredStampsAreComparedWithTheirRendering) {
  auto stamp = run_.make_stamp();
  run_.apply(2, stamp);
  StoredPair stored;
  const auto product = [&](auto member) {
    ProductImage image;
    image.bands = 3;
    image.ny = 64;
    image.nx = 64;
    for (std::size_t b = 0; b < 3; ++b) {
      const auto& pixels = (stamp.images[b].*member).pixels();
      image.pixels.insert(image.pixels.end(), pixels.begin(), pixels.end());
    }
    return image;
  };
  stored.positive = product(&stages::BandImages::positive);
  stored.negative = product(&stages::BandImages::negative);

  auto same = render(2, &stored);
  for (float& pixel : stored.positive.pixels) pixel += 1.0e-3F;
  auto planted = render(2, &stored);

  EXPECT_EQ(same.stored_deviation, 0.0);
  EXPECT_EQ(same[Variant::stored].features, same[Variant::baseline].features);
  // 1e-3 nmgy is a sixth of the g band's sky.
  EXPECT_GT(planted.stored_deviation, 0.1);
  EXPECT_FALSE(render(2)[Variant::stored].valid);
}

TEST_F(VariantRendererTest, SaysWhyThereIsNoLegacyArc) {
  VariantRenderer without(run_.chain(), nullptr, "no such thing", settings());
  ProbedRow probed;

  without.render(0, {}, nullptr, probed);

  EXPECT_FALSE(probed[Variant::legacy_psf].valid);
  EXPECT_EQ(probed[Variant::legacy_psf].reason, "no such thing");
  EXPECT_TRUE(probed[Variant::baseline].valid);
}

TEST(MoveOutsideCaustics, LeavesNoCounterImage) {
  const ChainRunner run(
      test_support::shipped_config("seed_gen5.yaml", {"catalogue.sampled.count=200"}));
  int moved = 0;
  for (std::int64_t row = 0; row < run.count(); ++row) {
    auto injection = run.setup().sampler->sample(row);
    const double before = std::hypot(injection.src_x_arcsec, injection.src_y_arcsec);

    ASSERT_EQ(move_outside_caustics(injection), "");

    const double after = std::hypot(injection.src_x_arcsec, injection.src_y_arcsec);
    EXPECT_GE(after, before * (1.0 - 1.0e-12));
    EXPECT_LT(after, 2.5 * injection.theta_e_arcsec);
    const auto images = lens::find_point_images(
        stages::lens_of(injection), {injection.src_x_arcsec, injection.src_y_arcsec});
    EXPECT_EQ(images.count, 1) << row;
    EXPECT_EQ(images.count_of(lens::ImageKind::saddle), 0) << row;
    if (after > before) ++moved;
  }
  // All sources of this population are within 0.8 theta_E.
  EXPECT_GT(moved, 190);
}

TEST(MoveOutsideCaustics, SaysWhereThereIsNoOutside) {
  catalogue::Injection injection;
  injection.theta_e_arcsec = 1.0;
  injection.lens_gamma = 2.2;

  EXPECT_NE(move_outside_caustics(injection), "");
  injection.theta_e_arcsec = 0.0;
  EXPECT_EQ(move_outside_caustics(injection), "no lens");
}

}  // namespace
}  // namespace lensmill::pipeline
