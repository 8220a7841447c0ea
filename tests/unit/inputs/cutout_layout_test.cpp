#include "pipeline/inputs/cutout_layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "lib/core/errors.hpp"
#include "lib/io/fits/writer.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::Card;
using io::fits::File;
using test_support::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int side = 4;
const BandNames bands{"g", "r"};

/// An HDU of `planes` planes (0: an image [y, x]) with cards.
struct TestHdu {
  int planes = 0;
  std::string name;
  std::vector<Card> cards;
};

Card text(const std::string& keyword, const std::string& value) {
  return {keyword, value, ""};
}

File written(const TemporaryFolder& folder, const std::vector<TestHdu>& hdus) {
  const auto path = (folder / "host.fits").string();
  io::fits::Writer writer;
  for (const auto& [planes, name, cards] : hdus) {
    const std::vector<float> pixels(
        static_cast<std::size_t>(std::max(1, planes) * side * side), 1.0F);
    if (planes == 0) {
      writer.add_image(name, ImageView<const float>(pixels.data(), side, side), cards);
    } else {
      writer.add_cube(name, pixels, planes, side, side, cards);
    }
  }
  writer.save(path);
  return File::open(path);
}

const TestHdu viewer_image{
    3,
    "",
    {text("BANDS", "grz"), text("BAND0", "g"), text("BAND1", "r"), text("BAND2", "z"),
     text("IMAGETYP", "IMAGE")}};

TEST(CutoutLayout, OfTheViewer) {
  const TemporaryFolder folder;
  const auto file = written(folder, {viewer_image,
                                     {0, "", {text("IMAGETYP", "MASKBITS")}},
                                     {3, "", {text("IMAGETYP", "INVVAR")}}});

  const auto images = find_planes(file, {.bands = {"z", "g"}});
  const auto weights =
      find_planes(file, {.bands = {"z", "g"}, .extension = "invvar"}, &images);
  const auto mask = find_planes(
      file, {.bands = {"z", "g"}, .extension = "MASKBITS", .one_for_all = true},
      &images);

  EXPECT_THAT(images.of_band, ElementsAre(PlanePlace{0, 2}, PlanePlace{0, 0}));
  EXPECT_THAT(weights.of_band, ElementsAre(PlanePlace{2, 2}, PlanePlace{2, 0}));
  EXPECT_THAT(mask.of_band, ElementsAre(PlanePlace{1, 0}, PlanePlace{1, 0}));
}

TEST(CutoutLayout, OneBandGivesAnImage) {
  const TemporaryFolder folder;
  const auto file =
      written(folder, {{0, "", {text("BANDS", "r"), text("IMAGETYP", "IMAGE")}},
                       {0, "", {text("IMAGETYP", "INVVAR")}}});

  const auto images = find_planes(file, {.bands = {"r"}});

  EXPECT_THAT(images.of_band, ElementsAre(PlanePlace{0, 0}));
  EXPECT_THAT(
      find_planes(file, {.bands = {"r"}, .extension = "INVVAR"}, &images).of_band,
      ElementsAre(PlanePlace{1, 0}));
}

TEST(CutoutLayout, AnHduPerBandSaysItByBandOrByItsName) {
  const TemporaryFolder folder;
  // As the viewer's PSFs: the first HDU also lists all bands.
  const auto by_card = written(folder, {{0,
                                         "",
                                         {text("BAND", "r"), text("BANDS", "rg"),
                                          text("BAND0", "r"), text("BAND1", "g")}},
                                        {0, "", {text("BAND", "g")}}});
  EXPECT_THAT(find_planes(by_card, {.bands = bands}).of_band,
              ElementsAre(PlanePlace{1, 0}, PlanePlace{0, 0}));

  const auto by_name = written(folder, {{0, "IMAGE_g", {}},
                                        {0, "INVVAR_g", {}},
                                        {0, "IMAGE_r", {}},
                                        {0, "INVVAR_r", {}}});
  const auto images = find_planes(by_name, {.bands = bands});
  EXPECT_THAT(images.of_band, ElementsAre(PlanePlace{0, 0}, PlanePlace{2, 0}));
  EXPECT_THAT(
      find_planes(by_name, {.bands = bands, .extension = "INVVAR"}, &images).of_band,
      ElementsAre(PlanePlace{1, 0}, PlanePlace{3, 0}));
}

TEST(CutoutLayout, TheImagesHdusMayBeNamed) {
  const TemporaryFolder folder;
  const auto file = written(
      folder, {{2, "MODEL", {text("BANDS", "gr")}}, {2, "SCI", {text("BANDS", "gr")}}});

  EXPECT_THAT(
      [&] { find_planes(file, {.bands = bands}); },
      ThrowsMessage<DataError>(
          AllOf(HasSubstr("contains band g twice (HDU 0, plane 0 and HDU 1, plane 0)"),
                HasSubstr("host.cutouts.extension"))));
  EXPECT_THAT(find_planes(file, {.bands = bands, .extension = "sci"}).of_band,
              ElementsAre(PlanePlace{1, 0}, PlanePlace{1, 1}));
}

TEST(CutoutLayout, WithoutCardsTheOrderMustBeStated) {
  const TemporaryFolder folder;
  const auto file = written(folder, {{2, "", {}}, {2, "IVAR", {}}});

  EXPECT_THAT([&] { find_planes(file, {.bands = bands}); },
              ThrowsMessage<DataError>(
                  AllOf(HasSubstr("does not say which band its 2 planes are"),
                        HasSubstr("state host.cutouts.band_order"))));
  const auto images = find_planes(file, {.bands = bands, .band_order = {"r", "g"}});
  EXPECT_THAT(images.of_band, ElementsAre(PlanePlace{0, 1}, PlanePlace{0, 0}));
  // Weights without cards are in the images' order.
  EXPECT_THAT(find_planes(file, {.bands = bands, .extension = "IVAR"}, &images).of_band,
              ElementsAre(PlanePlace{1, 1}, PlanePlace{1, 0}));
}

TEST(CutoutLayout, AnOrderThatTheHeaderContradictsIsRefusedUnlessAccepted) {
  const TemporaryFolder folder;
  const auto file = written(folder, {viewer_image});
  PlaneQuery query{.bands = bands, .band_order = {"r", "g", "z"}};

  EXPECT_THAT(
      [&] { find_planes(file, query); },
      ThrowsMessage<DataError>(HasSubstr(
          "plane 0: is band 'g' by its header, but host.cutouts.band_order says "
          "r")));
  query.accept_other_bands = true;
  const auto images = find_planes(file, query);
  EXPECT_THAT(images.of_band, ElementsAre(PlanePlace{0, 1}, PlanePlace{0, 0}));
  // Weights have the images' cards, wrong ones included.
  auto weight = viewer_image;
  weight.name = "IVAR";
  weight.cards.back() = text("IMAGETYP", "INVVAR");
  const auto with_weights = written(folder, {viewer_image, weight});
  EXPECT_THAT(
      find_planes(with_weights, {.bands = bands, .extension = "INVVAR"}, &images)
          .of_band,
      ElementsAre(PlanePlace{1, 1}, PlanePlace{1, 0}));
  query.band_order = {"g", "r"};
  EXPECT_THAT([&] { find_planes(file, query); },
              ThrowsMessage<DataError>(HasSubstr("contains 3 planes, but "
                                                 "host.cutouts.band_order names 2")));
}

TEST(CutoutLayout, AnHduThatNamesTwoBandsIsRefused) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::vector<TestHdu>& hdus, const std::string& why) {
    const auto file = written(folder, hdus);
    EXPECT_THAT([&] { find_planes(file, {.bands = bands}); },
                ThrowsMessage<DataError>(AllOf(HasSubstr("host.fits"),
                                               HasSubstr("its header says " + why))));
  };
  auto cube = viewer_image;
  cube.cards[0] = text("BANDS", "zrg");
  refused({cube}, "BANDS = 'zrg', but BAND0, ... = g, r, z");
  refused({{0, "", {text("FILTER", "g DECam"), text("BAND", "z")}}},
          "BAND = 'z', but FILTER = 'g DECam'");
  refused({{0, "", {text("BAND", "g"), text("BANDS", "r")}}},
          "BAND = 'g', but BANDS = 'r'");
  refused({{0, "IMAGE_z", {text("FILTER", "g DECam")}}},
          "FILTER = 'g DECam', but EXTNAME = 'IMAGE_z'");
  // One name for a filter beside another, a detector, and what is no filter.
  const auto file =
      written(folder, {{0, "H2", {text("FILTER", "g.00000"), text("BAND", "HSC-G")}},
                       {0, "r_SCI", {text("FILTER", "clear"), text("BAND", "r")}}});
  EXPECT_THAT(find_planes(file, {.bands = bands}).of_band,
              ElementsAre(PlanePlace{0, 0}, PlanePlace{1, 0}));
  // Which of the two is meant is stated.
  const auto known = written(folder, {cube});
  PlaneQuery query{.bands = bands, .band_order = {"g", "r", "z"}};
  EXPECT_THROW(find_planes(known, query), DataError);
  query.accept_other_bands = true;
  EXPECT_THAT(find_planes(known, query).of_band,
              ElementsAre(PlanePlace{0, 0}, PlanePlace{0, 1}));
}

TEST(CutoutLayout, WhatTheConfigurationCallsAWeightIsNoImage) {
  const TemporaryFolder folder;
  const auto file = written(
      folder, {{2, "", {text("BANDS", "gr")}}, {2, "STD", {text("BANDS", "gr")}}});

  EXPECT_THAT([&] { find_planes(file, {.bands = bands}); },
              ThrowsMessage<DataError>(HasSubstr("contains band g twice")));
  EXPECT_THAT(find_planes(file, {.bands = bands, .beside = {"STD"}}).of_band,
              ElementsAre(PlanePlace{0, 0}, PlanePlace{0, 1}));
}

TEST(CutoutLayout, WhatIsMissingOrThereTwiceIsNamed) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::vector<TestHdu>& hdus,
                           const std::string& extension, const std::string& why) {
    const auto file = written(folder, hdus);
    EXPECT_THAT(
        [&] { find_planes(file, {.bands = bands, .extension = extension}); },
        ThrowsMessage<DataError>(AllOf(HasSubstr("host.fits"), HasSubstr(why))));
  };
  refused({{2, "", {text("BANDS", "gz")}}}, "", "has no band r (it has g, z)");
  refused({{3, "", {text("BANDS", "gz")}}}, "", "has 3 planes, but its header names 2");
  refused({viewer_image}, "INVVAR", "has no HDU whose IMAGETYP or EXTNAME is INVVAR");
  refused({{0, "INVVAR", {}}}, "", "has no image of the sky (it has HDU 0 (INVVAR))");
  // Not resampled cutouts across two bricks.
  refused({{0, "", {text("BAND", "g"), text("IMAGETYP", "image")}},
           {0, "", {text("BAND", "r"), text("IMAGETYP", "image")}},
           {0, "", {text("BAND", "g"), text("IMAGETYP", "image")}}},
          "", "contains band g twice (HDU 0, plane 0 and HDU 2, plane 0)");
}

}  // namespace
}  // namespace lensmill::pipeline
