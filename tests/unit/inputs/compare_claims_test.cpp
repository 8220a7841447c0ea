#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/io/fits/file.hpp"
#include "lib/io/fits/writer.hpp"
#include "pipeline/inputs/image_claims.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/temporary_folder.hpp"

/// \file
/// What an image says of itself against what it is taken for.

namespace lensmill::pipeline {
namespace {

using io::fits::Card;
using test_support::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

ImageUse used_as(const std::string& band, std::optional<double> zero_point_mag = {}) {
  return {.key = "host.survey." + band + ".image",
          .section = "host.survey",
          .band = band,
          .zero_point_mag = zero_point_mag,
          .pixel_scale_arcsec = 0.262};
}

ImageUse weight_of(ImageUse use) {
  use.is_weight = true;
  return use;
}

std::vector<std::string> problems(const ImageClaims& claims, const ImageUse& use) {
  ClaimFindings findings;
  compare_claims(claims, use, findings);
  return findings.problems;
}

std::vector<std::string> problems_of_unit(const std::string& unit,
                                          const ImageUse& use) {
  return problems({.place = "a.fits, HDU 0", .unit = unit}, use);
}

TEST(StatedUnit, OfAnotherZeroPointIsRefused) {
  EXPECT_THAT(problems_of_unit("nanomaggy", used_as("r")), IsEmpty());
  EXPECT_THAT(problems_of_unit(" NanoMaggies/pix ", used_as("r")), IsEmpty());
  EXPECT_THAT(problems_of_unit("nanomaggy", used_as("r", 22.5)), IsEmpty());
  EXPECT_THAT(problems_of_unit("nJy", used_as("r", 31.4)), IsEmpty());
  EXPECT_THAT(problems_of_unit("nJy", used_as("r", 31.409)), IsEmpty());
  EXPECT_THAT(problems_of_unit("nJy", used_as("r", 31.411)), SizeIs(1));
  EXPECT_THAT(problems_of_unit("uJy", used_as("r")),
              ElementsAre(AllOf(HasSubstr("a.fits, HDU 0: its unit is 'uJy'"),
                                HasSubstr("host.survey.r.image takes it for nmgy"),
                                HasSubstr("state zero_point_mag: 23.9"))));
  EXPECT_EQ(problems_of_unit("nanomaggy", used_as("r", 30.0)).size(), 1U);
  // Mega, not milli; and what no table knows.
  EXPECT_THAT(problems_of_unit("MJy", used_as("r")), IsEmpty());
  EXPECT_THAT(problems_of_unit("furlong", used_as("r")), IsEmpty());
}

TEST(StatedUnit, CountsAreNoNanomaggies) {
  for (const char* unit : {"adu", "ADU", "electrons/s", "DN", "e-", "MJy/sr"}) {
    EXPECT_EQ(problems_of_unit(unit, used_as("r")).size(), 1U) << unit;
    EXPECT_THAT(problems_of_unit(unit, used_as("r", 30.0)), IsEmpty()) << unit;
  }
}

TEST(StatedUnit, OfWhatIsNoFluxPerPixelIsRefused) {
  // However FITS headers write it, and whether or not the base's zero point is stated.
  for (const char* unit :
       {"nanomaggy/arcsec^2", "nanomaggy/arcsec**2", "nmgy/arcsec2",
        "nanomaggy arcsec-2", "nanomaggy*arcsec^-2", "nanomaggy.arcsec**(-2)",
        "nanomaggies/(arcsec^2)", "nMgy / sr", "nanomaggy/beam"}) {
    for (const auto& use : {used_as("r"), used_as("r", 22.5)}) {
      EXPECT_THAT(problems_of_unit(unit, use),
                  ElementsAre(HasSubstr("a surface brightness; multiply it by")))
          << unit;
    }
  }
  // 22.5 - 2.5 lg 0.262^2: of 1 nmgy per arcsec^2 in a pixel.
  EXPECT_THAT(problems_of_unit("nanomaggy/arcsec^2", used_as("r")),
              ElementsAre(HasSubstr("state zero_point_mag: 25.4085, that of one")));
  EXPECT_THAT(problems_of_unit("nanomaggy/arcsec^2", used_as("r", 25.4085)), IsEmpty());
  for (const char* unit :
       {"nMgy/s", "nanomaggy s-1", "nJy s^-1", "nanomaggy/pix/sec"}) {
    EXPECT_THAT(problems_of_unit(unit, used_as("r")),
                ElementsAre(HasSubstr("a rate; multiply it by the time")))
        << unit;
  }
  for (const char* unit : {"mag", "ABmag", "mag(AB)", "mag/arcsec2", "mag arcsec^-2"}) {
    EXPECT_THAT(problems_of_unit(unit, used_as("r", 30.0)),
                ElementsAre(HasSubstr("magnitudes cannot be added")))
        << unit;
  }
  for (const char* unit : {"nanomaggies/pixel", "nanomaggy pix-1", "nmgy / pix"}) {
    EXPECT_THAT(problems_of_unit(unit, used_as("r")), IsEmpty()) << unit;
  }
  EXPECT_THAT(problems_of_unit("(nanomaggy/s)^-2", weight_of(used_as("r"))), SizeIs(1));
}

TEST(StatedUnit, OfAWeightIsTheImagesToTheMinusTwo) {
  const auto nmgy = weight_of(used_as("r"));
  for (const char* unit :
       {"1/nanomaggy^2", "nanomaggy^-2", "nanomaggy**(-2)", "1/nmgy**2"}) {
    EXPECT_THAT(problems_of_unit(unit, nmgy), IsEmpty()) << unit;
    EXPECT_EQ(problems_of_unit(unit, weight_of(used_as("r", 30.0))).size(), 1U) << unit;
  }
  EXPECT_EQ(problems_of_unit("1/adu^2", nmgy).size(), 1U);
  // Weights inherit their image's header as it is (DECam's): it says nothing of them.
  EXPECT_THAT(problems_of_unit("adu", nmgy), IsEmpty());
}

TEST(StatedUnit, SaysWhatKindOfWeightItIs) {
  using config::WeightKind;
  const auto weight = [](WeightKind kind, std::optional<double> zero_point_mag = {}) {
    auto use = weight_of(used_as("r", zero_point_mag));
    use.weight_kind = kind;
    return use;
  };
  EXPECT_THAT(problems_of_unit("nanomaggy^2", weight(WeightKind::variance)), IsEmpty());
  EXPECT_THAT(problems_of_unit("nmgy", weight(WeightKind::rms)), IsEmpty());
  EXPECT_THAT(problems_of_unit("nJy", weight(WeightKind::rms, 31.4)), IsEmpty());
  EXPECT_THAT(problems_of_unit("nJy**2", weight(WeightKind::variance)), SizeIs(1));
  EXPECT_THAT(problems_of_unit("nanomaggy^2", weight(WeightKind::invvar)),
              ElementsAre(AllOf(HasSubstr("that of variances"),
                                HasSubstr("takes it for inverse variances"),
                                HasSubstr("weight: {kind: variance}"))));
  EXPECT_THAT(problems_of_unit("1/nmgy^2", weight(WeightKind::rms)),
              ElementsAre(HasSubstr("weight: {kind: invvar}")));
  // Perhaps the image's own, copied with its header: not without a word.
  const auto warnings = [&](bool is_own, WeightKind kind) {
    ClaimFindings findings;
    compare_claims(
        {.place = "w.fits, HDU 1", .unit = "nanomaggy", .unit_is_own = is_own},
        weight(kind), findings);
    EXPECT_THAT(findings.problems, IsEmpty());
    return findings.warnings;
  };
  for (const auto kind : {WeightKind::invvar, WeightKind::variance}) {
    EXPECT_THAT(
        warnings(true, kind),
        ElementsAre(AllOf(HasSubstr("that of an image or of standard deviations"),
                          HasSubstr("weight: {kind: rms}"))));
    EXPECT_THAT(warnings(false, kind), IsEmpty()) << "the primary HDU's";
  }
  EXPECT_THAT(warnings(true, WeightKind::rms), IsEmpty());
  // Weights taken for an image.
  EXPECT_THAT(problems_of_unit("1/nanomaggy^2", used_as("r")),
              ElementsAre(HasSubstr("that of inverse variances, but "
                                    "host.survey.r.image takes it for an image")));
}

TEST(StatedName, OfAnotherKindOfWeightIsRefused) {
  const auto found = [](const char* name, config::WeightKind kind) {
    auto use = weight_of(used_as("r"));
    use.weight_kind = kind;
    return problems({.place = "w.fits, HDU 1", .name = name}, use);
  };
  using config::WeightKind;
  EXPECT_THAT(found("RMS", WeightKind::invvar),
              ElementsAre(AllOf(HasSubstr("its name (EXTNAME) is 'RMS'"),
                                HasSubstr("weight: {kind: rms}"))));
  EXPECT_THAT(found("SIGMA_R", WeightKind::variance), SizeIs(1));
  EXPECT_THAT(found("VARIANCE", WeightKind::invvar), SizeIs(1));
  EXPECT_THAT(found("INVVAR", WeightKind::rms), SizeIs(1));
  EXPECT_THAT(found("INVVAR", WeightKind::invvar), IsEmpty());
  EXPECT_THAT(found("VARIANCE", WeightKind::variance), IsEmpty());
  EXPECT_THAT(found("ERR", WeightKind::rms), IsEmpty());
  for (const char* name : {"", "S10", "WHT", "COMPRESSED_IMAGE", "STDS", "VARSTAR"}) {
    EXPECT_THAT(found(name, WeightKind::invvar), IsEmpty()) << name;
  }
}

TEST(StatedZeroPoint, BeyondAMagnitudeIsRefusedAndBeyondAThirdNoticed) {
  const auto found = [](double mag) {
    ClaimFindings findings;
    const ImageClaims claims{.place = "a.fits, HDU 0",
                             .zero_point_mag = StatedNumber{"MAGZERO", mag}};
    compare_claims(claims, used_as("r", 30.0), findings);
    return std::pair{findings.problems.size(), findings.warnings.size()};
  };

  EXPECT_EQ(found(30.29), std::pair(0UL, 0UL));
  EXPECT_EQ(found(30.31), std::pair(0UL, 1UL));
  EXPECT_EQ(found(29.01), std::pair(0UL, 1UL));
  EXPECT_EQ(found(28.99), std::pair(1UL, 0UL));
  EXPECT_EQ(found(25.1), std::pair(1UL, 0UL));  // per second
}

TEST(StatedScale, MustBeTheAssumedOne) {
  const auto found = [](std::optional<double> wcs, std::optional<double> nominal) {
    ImageClaims claims{.place = "a.fits, HDU 0", .wcs_scale_arcsec = wcs};
    if (nominal) claims.scale_arcsec = StatedNumber{"PIXSCALE", *nominal};
    return problems(claims, used_as("r"));
  };

  EXPECT_THAT(found(0.262 * 1.0099, {}), IsEmpty());
  EXPECT_THAT(found(0.262 * 1.0101, {}), SizeIs(1));
  EXPECT_THAT(found(0.262 * 0.9899, {}), SizeIs(1));
  EXPECT_THAT(found({}, 0.262 * 1.0499), IsEmpty());
  EXPECT_THAT(found({}, 0.262 * 1.0501), SizeIs(1));
  EXPECT_THAT(found({}, 0.27), IsEmpty());    // a rounded keyword
  EXPECT_THAT(found(0.262, 0.4), IsEmpty());  // the WCS is nearer to the truth
  EXPECT_THAT(found(0.396, {}), ElementsAre(HasSubstr("0.39600 arcsec by its WCS")));
  EXPECT_THAT(found({}, 0.396), ElementsAre(HasSubstr("by its PIXSCALE")));
}

TEST(StatedScale, CountsDistortionAndTheShapeOfPixelsWhereTheHostIs) {
  const auto found = [](const LocalScale& local, bool whole = false) {
    auto use = used_as("r");
    use.is_whole_image = whole;
    return problems(
        {.place = "a.fits, HDU 0", .wcs_scale_arcsec = 0.262, .local_scale = local},
        use);
  };
  const LocalScale distorted{.mean = 0.266, .least = 0.265, .largest = 0.267};
  const LocalScale stretched{.mean = 0.262, .least = 0.25, .largest = 0.275};

  EXPECT_THAT(found({.mean = 0.263, .least = 0.26, .largest = 0.266}), IsEmpty());
  EXPECT_THAT(found(distorted), ElementsAre(HasSubstr("0.26600 arcsec by its WCS")));
  EXPECT_THAT(found(stretched), ElementsAre(HasSubstr("0.25000 to 0.27500")));
  EXPECT_THAT(found(stretched, true), IsEmpty()) << "looked at where the hosts are";
}

TEST(StatedFilter, IsRefusedWhereItIsAnotherBandForCertain) {
  const auto found = [](const std::string& filter, const std::string& band) {
    ClaimFindings findings;
    compare_claims({.place = "a.fits, HDU 0", .filters = {{"FILTER", filter}}},
                   used_as(band), findings);
    EXPECT_THAT(findings.warnings, IsEmpty());
    return findings.problems;
  };

  EXPECT_THAT(found("r DECam SDSS c0002 6415.0 1480.0", "r"), IsEmpty());
  EXPECT_THAT(found("HSC-R", "r"), IsEmpty());
  EXPECT_THAT(found("F814W", "i"), IsEmpty());
  EXPECT_THAT(found("Kp", "r"), IsEmpty());
  EXPECT_THAT(found("g DECam SDSS c0001 4720.0 1520.0", "r"),
              ElementsAre("a.fits, HDU 0: states FILTER = 'g DECam SDSS c0001 4720.0 "
                          "1520.0', another band than r, which host.survey.r.image "
                          "takes it for; name this band's file or HDU"));
  EXPECT_THAT(found("F606W", "f814w"), SizeIs(1));
  EXPECT_THAT(found("g", "f814w"), IsEmpty());
}

TEST(StatedKind, OfAnotherSortIsRefused) {
  const auto found = [](const std::string& type, bool weight) {
    ImageUse use = used_as("r");
    use.is_weight = weight;
    return problems({.place = "a.fits, HDU 0", .type = type}, use).size();
  };

  EXPECT_EQ(found("image", false), 0U);
  EXPECT_EQ(found("image", true), 0U);  // inherited
  EXPECT_EQ(found("wtmap", true), 0U);
  EXPECT_EQ(found("invvar", false), 1U);
  EXPECT_EQ(found("nexp", true), 1U);
  EXPECT_EQ(found("dqmask", true), 1U);
}

TEST(ImageClaims, AreReadFromTheImagesHeader) {
  const TemporaryFolder folder;
  io::fits::Writer writer;
  const Image<float> pixels(4, 5, 1.0F);
  const std::vector<Card> cards{{"BUNIT", std::string("adu"), ""},
                                {"MAGZERO", -99.0, ""},
                                {"ZP", 30.1, ""},
                                {"FILTER", std::string("g"), ""},
                                {"CTYPE1", std::string("RA---TAN"), ""},
                                {"CD1_1", 0.0, ""},
                                {"CD1_2", 0.262 / 3600.0, ""},
                                {"CD2_1", 0.262 / 3600.0, ""},
                                {"CD2_2", 0.0, ""}};
  writer.add_image("image", pixels.view(), cards);
  writer.save((folder / "a.fits").string());

  const auto claims =
      claims_of(io::fits::File::open((folder / "a.fits").string()).first_image());

  EXPECT_EQ(claims.unit, "adu");
  ASSERT_TRUE(claims.zero_point_mag);
  EXPECT_EQ(claims.zero_point_mag->keyword, "ZP");  // -99 is no zero point
  EXPECT_EQ(claims.zero_point_mag->value, 30.1);
  ASSERT_THAT(claims.filters, SizeIs(1));
  EXPECT_EQ(claims.filters[0].value, "g");
  EXPECT_NEAR(claims.wcs_scale_arcsec.value(), 0.262, 1.0e-9);
  EXPECT_FALSE(claims.type);
}

TEST(ImageClaims, ATrueCoaddContradictsNothingButAnotherUnit) {
  LENSMILL_NEEDS_DATA("legacysurvey-coadd/legacysurvey-0959p805-image-g.fits.fz");
  const auto open = [](const std::string& kind) {
    const auto path = test_support::data_path(
        "legacysurvey-coadd/legacysurvey-0959p805-" + kind + "-g.fits.fz");
    return claims_of(io::fits::File::open(path.string()).first_image());
  };

  EXPECT_THAT(problems(open("image"), used_as("g")), IsEmpty());
  EXPECT_THAT(problems(open("invvar"), weight_of(used_as("g"))), IsEmpty());
  EXPECT_EQ(problems(open("nexp"), weight_of(used_as("g"))).size(), 1U);
  // Its unit and its IMTYPE, both.
  EXPECT_EQ(problems(open("invvar"), used_as("g")).size(), 2U);
  // Its unit and its MAGZERO, both.
  EXPECT_EQ(problems(open("image"), used_as("g", 30.0)).size(), 2U);
}

}  // namespace
}  // namespace lensmill::pipeline
