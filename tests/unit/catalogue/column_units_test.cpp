#include "lib/catalogue/column_units.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numbers>

#include "lib/catalogue/quantities.hpp"

namespace lensmill::catalogue {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// Products of two rounded numbers.
constexpr double rounding = 1.0e-14;

double factor(const char* stated, const char* wanted) {
  const auto conversion = convert_unit(stated, wanted);
  EXPECT_THAT(conversion.problem, IsEmpty()) << stated << " as " << wanted;
  return conversion.factor;
}

TEST(ConvertUnit, ConvertsWhatIsExact) {
  constexpr double rad_per_deg = std::numbers::pi / 180.0;
  EXPECT_EQ(30.0 * factor("deg", "rad"), 30.0 * rad_per_deg);
  EXPECT_NEAR(factor("rad", "deg") * rad_per_deg, 1.0, rounding);
  EXPECT_NEAR(factor("arcmin", "rad") * 60.0, rad_per_deg, rounding);
  EXPECT_EQ(factor("deg", "arcsec"), 3600.0);
  EXPECT_EQ(factor("mas", "arcsec"), 1.0e-3);
  EXPECT_EQ(factor("uas", "arcsec"), 1.0e-6);
  EXPECT_EQ(factor("hourangle", "deg"), 15.0);
  EXPECT_EQ(factor("m/s", "km/s"), 1.0e-3);
  EXPECT_EQ(factor("mmag", "mag"), 1.0e-3);
  EXPECT_EQ(factor("maggy", "nmgy"), 1.0e9);
  EXPECT_EQ(factor("%", ""), 0.01);
}

TEST(ConvertUnit, KnowsTheSpellingsOfFitsAstropyAndPeople) {
  for (const char* arcsec : {"arcsec", "ARCSEC", "Arcseconds", " arcsec ", "\""}) {
    EXPECT_EQ(factor(arcsec, "arcsec"), 1.0);
  }
  for (const char* speed : {"km/s", "km s-1", "km.s**-1", "KM / S", "km s^-1"}) {
    EXPECT_EQ(factor(speed, "km/s"), 1.0);
  }
  for (const char* mag : {"mag", "MAG", "ABmag", "mag(AB)"}) {
    EXPECT_EQ(factor(mag, "mag"), 1.0);
  }
  EXPECT_EQ(factor("nanomaggy", "nmgy"), 1.0);
  EXPECT_EQ(factor("pixel", "pix"), 1.0);
  for (const char* none : {"", "  ", "1", "None", "dimensionless"}) {
    EXPECT_EQ(factor(none, ""), 1.0);
  }
}

TEST(ConvertUnit, AFileThatStatesNoneIsTakenAtItsName) {
  for (const auto& quantity : all_quantities()) {
    EXPECT_EQ(convert_unit("", quantity.unit).factor, 1.0);
  }
}

TEST(ConvertUnit, EveryQuantitysOwnUnitIsKnown) {
  for (const auto& quantity : all_quantities()) {
    const auto conversion = convert_unit(quantity.unit, quantity.unit);
    EXPECT_THAT(conversion.problem, IsEmpty()) << quantity.name;
    EXPECT_EQ(conversion.factor, 1.0) << quantity.name;
  }
}

TEST(ConvertUnit, RefusesOtherDimensionsAndUnknownUnitsWithTheFix) {
  EXPECT_THAT(convert_unit("deg", "").problem,
              HasSubstr("has the unit `deg`, which is no plain number: give the values "
                        "as a number without a unit"));
  EXPECT_THAT(convert_unit("arcsec", "pix").problem, HasSubstr("_arcsec"));
  EXPECT_THAT(convert_unit("1", "rad").problem, HasSubstr("give the values as `rad`"));
  EXPECT_THAT(
      convert_unit("mJy", "nmgy").problem,
      HasSubstr("has the unit `mJy`, which is not known here: give the values as "
                "`nmgy`"));
  EXPECT_THAT(convert_unit("mag(ST)", "mag").problem, HasSubstr("not known here"));
  EXPECT_THAT(convert_unit("furlong", "arcsec").problem,
              HasSubstr("take its unit away"));
}

}  // namespace
}  // namespace lensmill::catalogue
