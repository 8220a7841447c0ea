#include "pipeline/inputs/pixel_masks.hpp"

#include <fitsio.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/fits/writer.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using config::WeightKind;
using io::fits::Card;
using test_support::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::string header_file(const TemporaryFolder& folder, const std::vector<Card>& cards) {
  const auto path = (folder / "mask.fits").string();
  const Image<float> image(2, 2);
  io::fits::Writer writer;
  writer.add_image("MASKBITS", image.view(), cards);
  writer.save(path);
  return path;
}

std::map<std::string, int> bits_of(const TemporaryFolder& folder,
                                   const std::vector<Card>& cards) {
  return named_bits(io::fits::File::open(header_file(folder, cards)).hdu(0));
}

config::PixelMask mask_of(const std::string& key, std::vector<std::string> bits = {},
                          bool zero_masks = false) {
  config::PixelMask mask;
  mask.key = key;
  mask.bits = std::move(bits);
  mask.zero_masks = zero_masks;
  return mask;
}

TEST(ToInvvar, EveryKindOfTheSameNoiseGivesTheSame) {
  // A noise of 0.5 units where a unit is 0.1 nmgy: 0.05 nmgy, 400 nmgy^-2.
  constexpr double unit_nmgy = 0.1;
  const std::pair<WeightKind, float> same[] = {{WeightKind::invvar, 4.0F},
                                               {WeightKind::variance, 0.25F},
                                               {WeightKind::rms, 0.5F}};
  for (const auto& [kind, value] : same) {
    Image<float> weight(1, 1, value);

    to_invvar(kind, unit_nmgy, weight);

    EXPECT_FLOAT_EQ(weight(0, 0), 400.0F);
  }
}

TEST(ToInvvar, WhatSaysNothingIsZero) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  for (const auto kind : {WeightKind::invvar, WeightKind::variance, WeightKind::rms}) {
    // 1e-30 is a standard deviation whose inverse square no float represents.
    for (const float value : {0.0F, -0.3F, static_cast<float>(nan), inf}) {
      Image<float> weight(1, 1, value);

      to_invvar(kind, 1.0, weight);

      EXPECT_EQ(weight(0, 0), 0.0F) << value;
    }
  }
  Image<float> tiny(1, 1, 1.0e-30F);
  to_invvar(WeightKind::rms, 1.0, tiny);
  EXPECT_EQ(tiny(0, 0), 0.0F);
}

TEST(NamedBits, OfTheLegacySurveysByValueAndByNumber) {
  const TemporaryFolder folder;

  const auto bits = bits_of(folder, {{"MB_BRIGH", std::int64_t{2}, "touches a star"},
                                     {"MBIT_0", std::string("NPRIMARY"), "x / y"},
                                     {"MBIT_1", std::string("BRIGH"), ""},
                                     {"MB_NPRIMARY", std::int64_t{1}, ""},
                                     {"NMASK", std::int64_t{7}, ""}});

  EXPECT_THAT(bits, ElementsAre(Pair("BRIGH", 1), Pair("NPRIMARY", 0)));
}

TEST(NamedBits, OfLsstByNumber) {
  const TemporaryFolder folder;

  const auto bits = bits_of(folder, {{"MP_BAD", std::int64_t{0}, ""},
                                     {"MP_CR", std::int64_t{3}, ""},
                                     {"MP_NO_DATA", std::int64_t{8}, ""}});

  EXPECT_THAT(bits, ElementsAre(Pair("BAD", 0), Pair("CR", 3), Pair("NO_DATA", 8)));
}

TEST(NamedBits, ContradictionsAndValuesOfSeveralBitsAreRefused) {
  const TemporaryFolder folder;

  EXPECT_THAT(
      [&] {
        bits_of(folder,
                {{"MB_BAD", std::int64_t{4}, ""}, {"MBIT_1", std::string("BAD"), ""}});
      },
      ThrowsMessage<DataError>(HasSubstr("put the bit `BAD` at both")));
  EXPECT_THAT(
      [&] {
        bits_of(folder, {{"MB_BAD", std::int64_t{6}, ""}});
      },
      ThrowsMessage<DataError>(HasSubstr("is not the value of one bit")));
}

TEST(MaskRule, MasksByAnyOfItsBits) {
  const MaskRule rule(mask_of("m", {"sat", "5"}), {{"SAT", 1}, {"CR", 3}}, "f");

  EXPECT_TRUE(rule.masks(2.0));
  EXPECT_TRUE(rule.masks(32.0 + 1.0));
  EXPECT_FALSE(rule.masks(8.0 + 1.0));
  EXPECT_FALSE(rule.masks(0.0));
  EXPECT_TRUE(rule.masks(nan));
  EXPECT_TRUE(rule.masks(0.5));  // no bits at all
}

TEST(MaskRule, ANegativeNumberHasItsHighestBitSet) {
  const MaskRule sign(mask_of("m", {"31"}), {}, "f");
  const MaskRule first(mask_of("m", {"0"}), {}, "f");

  EXPECT_TRUE(sign.masks(-2147483648.0));  // int32 with bit 31 alone
  EXPECT_FALSE(first.masks(-2147483648.0));
}

TEST(MaskRule, BitsThatNoDoubleHoldsAreToldApart) {
  const MaskRule rule(mask_of("m", {"2"}), {}, "f");
  constexpr std::uint64_t high = std::uint64_t{1} << 63;
  const std::vector<std::uint64_t> bits{0,        4,        high,
                                        high | 4, high | 8, ~std::uint64_t{4}};
  Image<double> values(1, 6);
  std::ranges::copy(bits, values.pixels().begin());
  Image<float> mask(1, 6);
  rule.apply(
      values, [&] { return bits; }, mask);
  EXPECT_THAT(mask.pixels(), ElementsAre(0, 1, 0, 1, 0, 0));
}

TEST(ImageHdu, GivesIntegersOf64BitsAsTheyAre) {
  const TemporaryFolder folder;
  constexpr std::uint64_t high = std::uint64_t{1} << 63;
  for (const int type : {LONGLONG_IMG, ULONGLONG_IMG, FLOAT_IMG}) {
    const auto path = (folder / fmt::format("{}.fits", type)).string();
    fitsfile* fits = nullptr;
    int status = 0;
    long size[] = {3, 1};
    fits_create_diskfile(&fits, path.c_str(), &status);
    fits_create_img(fits, type, 2, size, &status);
    std::vector<std::uint64_t> bits{high | 5, 7, 0};
    if (type == ULONGLONG_IMG) {
      fits_write_img(fits, TULONGLONG, 1, 3, bits.data(), &status);
    } else if (type == LONGLONG_IMG) {
      fits_write_img(fits, TLONGLONG, 1, 3, bits.data(), &status);
    }
    fits_close_file(fits, &status);
    ASSERT_EQ(status, 0);
    const auto image = io::fits::File::open(path).first_image();
    if (type == FLOAT_IMG) {
      EXPECT_TRUE(image.read_integers(0, 0, 0, 1, 3).empty());
    } else {
      EXPECT_EQ(image.read_integers(0, 0, 0, 1, 3), bits);
      EXPECT_THAT(image.read_integers(0, 0, 1, 1, 2), ElementsAre(7, 0));
    }
  }
}

TEST(MaskRule, WithoutBitsZeroOrEverythingElseMasks) {
  const MaskRule nonzero(mask_of("m"), {}, "f");
  const MaskRule zero(mask_of("m", {}, true), {}, "f");

  EXPECT_TRUE(nonzero.masks(1.0));
  EXPECT_FALSE(nonzero.masks(0.0));
  EXPECT_TRUE(zero.masks(0.0));
  EXPECT_FALSE(zero.masks(1.0));
}

TEST(MaskRule, AnUnknownNameIsRefusedWithThoseThatThereAre) {
  EXPECT_THAT(
      [] {
        MaskRule(mask_of("host.m", {"CRS"}), {{"SAT", 1}, {"CR", 3}}, "f");
      },
      ThrowsMessage<DataError>(AllOf(HasSubstr("f: host.m.bits"), HasSubstr("`CRS`"),
                                     HasSubstr("it names CR, SAT"))));
  EXPECT_THAT([] { MaskRule(mask_of("m", {"CR"}), {}, "f"); },
              ThrowsMessage<DataError>(HasSubstr("give the bit's number")));
}

}  // namespace
}  // namespace lensmill::pipeline
