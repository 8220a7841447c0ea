#include "lib/catalogue/column_units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numbers>

#include "lib/core/text.hpp"
#include "lib/core/units.hpp"

namespace lensmill::catalogue {
namespace {

enum class Dimension { angle, flux, magnitude, velocity, pixel, number };

struct KnownUnit {
  std::string_view name;  ///< lower case, without blanks
  Dimension dimension;
  double size;  ///< in the dimension's own unit: arcsec, nmgy, mag, km/s, pixel, 1
};

constexpr double arcsec_per_rad = 180.0 * 3600.0 / std::numbers::pi;

constexpr double nmgy_per_jy = 1.0e9 / 3631.0;

constexpr std::array known_units{
    KnownUnit{"arcsec", Dimension::angle, 1.0},
    KnownUnit{"arcsecs", Dimension::angle, 1.0},
    KnownUnit{"arcsecond", Dimension::angle, 1.0},
    KnownUnit{"arcseconds", Dimension::angle, 1.0},
    KnownUnit{"asec", Dimension::angle, 1.0},
    KnownUnit{"\"", Dimension::angle, 1.0},
    KnownUnit{"mas", Dimension::angle, 1.0e-3},
    KnownUnit{"marcsec", Dimension::angle, 1.0e-3},
    KnownUnit{"milliarcsec", Dimension::angle, 1.0e-3},
    KnownUnit{"uas", Dimension::angle, 1.0e-6},
    KnownUnit{"uarcsec", Dimension::angle, 1.0e-6},
    KnownUnit{"arcmin", Dimension::angle, 60.0},
    KnownUnit{"arcmins", Dimension::angle, 60.0},
    KnownUnit{"arcminute", Dimension::angle, 60.0},
    KnownUnit{"arcminutes", Dimension::angle, 60.0},
    KnownUnit{"amin", Dimension::angle, 60.0},
    KnownUnit{"deg", Dimension::angle, 3600.0},
    KnownUnit{"degs", Dimension::angle, 3600.0},
    KnownUnit{"degree", Dimension::angle, 3600.0},
    KnownUnit{"degrees", Dimension::angle, 3600.0},
    KnownUnit{"hourangle", Dimension::angle, 54000.0},
    KnownUnit{"rad", Dimension::angle, arcsec_per_rad},
    KnownUnit{"rads", Dimension::angle, arcsec_per_rad},
    KnownUnit{"radian", Dimension::angle, arcsec_per_rad},
    KnownUnit{"radians", Dimension::angle, arcsec_per_rad},
    KnownUnit{"mrad", Dimension::angle, 1.0e-3 * arcsec_per_rad},
    KnownUnit{"nmgy", Dimension::flux, 1.0},
    KnownUnit{"nanomaggy", Dimension::flux, 1.0},
    KnownUnit{"nanomaggie", Dimension::flux, 1.0},
    KnownUnit{"nanomaggies", Dimension::flux, 1.0},
    KnownUnit{"mgy", Dimension::flux, 1.0e9},
    KnownUnit{"maggy", Dimension::flux, 1.0e9},
    KnownUnit{"maggie", Dimension::flux, 1.0e9},
    KnownUnit{"maggies", Dimension::flux, 1.0e9},
    // AB magnitude 0 is 3631 Jy. No mJy and MJy: they differ by their case alone.
    KnownUnit{"jy", Dimension::flux, nmgy_per_jy},
    KnownUnit{"ujy", Dimension::flux, 1.0e-6 * nmgy_per_jy},
    KnownUnit{"microjy", Dimension::flux, 1.0e-6 * nmgy_per_jy},
    KnownUnit{"njy", Dimension::flux, 1.0e-9 * nmgy_per_jy},
    KnownUnit{"mag", Dimension::magnitude, 1.0},
    KnownUnit{"mags", Dimension::magnitude, 1.0},
    KnownUnit{"magnitude", Dimension::magnitude, 1.0},
    KnownUnit{"abmag", Dimension::magnitude, 1.0},
    KnownUnit{"mag(ab)", Dimension::magnitude, 1.0},
    KnownUnit{"magab", Dimension::magnitude, 1.0},
    KnownUnit{"mmag", Dimension::magnitude, 1.0e-3},
    KnownUnit{"km/s", Dimension::velocity, 1.0},
    KnownUnit{"kms-1", Dimension::velocity, 1.0},
    KnownUnit{"km.s-1", Dimension::velocity, 1.0},
    KnownUnit{"kms^-1", Dimension::velocity, 1.0},
    KnownUnit{"km*s^-1", Dimension::velocity, 1.0},
    KnownUnit{"kms**-1", Dimension::velocity, 1.0},
    KnownUnit{"km.s**-1", Dimension::velocity, 1.0},
    KnownUnit{"m/s", Dimension::velocity, 1.0e-3},
    KnownUnit{"ms-1", Dimension::velocity, 1.0e-3},
    KnownUnit{"m.s-1", Dimension::velocity, 1.0e-3},
    KnownUnit{"ms**-1", Dimension::velocity, 1.0e-3},
    KnownUnit{"pix", Dimension::pixel, 1.0},
    KnownUnit{"pixel", Dimension::pixel, 1.0},
    KnownUnit{"pixels", Dimension::pixel, 1.0},
    KnownUnit{"px", Dimension::pixel, 1.0},
    KnownUnit{"1", Dimension::number, 1.0},
    KnownUnit{"-", Dimension::number, 1.0},
    KnownUnit{"none", Dimension::number, 1.0},
    KnownUnit{"dimensionless", Dimension::number, 1.0},
    KnownUnit{"unitless", Dimension::number, 1.0},
    KnownUnit{"%", Dimension::number, 0.01},
    KnownUnit{"percent", Dimension::number, 0.01},
};

const KnownUnit* find_unit(std::string_view text) {
  std::string name = lower_case(text);
  std::erase_if(name, [](char c) { return c == ' ' || c == '\t'; });
  const auto* const found = std::ranges::find(known_units, name, &KnownUnit::name);
  return found == known_units.end() ? nullptr : found;
}

/// "`arcsec`", or how a number without a unit is said.
std::string shown(std::string_view unit) {
  return unit.empty() ? "a number without a unit" : fmt::format("`{}`", unit);
}

/// Between degrees and radians to the last bit, as the configuration's `_deg` keys.
double factor_of(const KnownUnit& from, const KnownUnit& to) {
  if (from.size == to.size) return 1.0;
  if (from.size == 3600.0 && to.size == arcsec_per_rad) return rad_from_deg(1.0);
  return from.size / to.size;
}

}  // namespace

UnitConversion convert_unit(std::string_view stated, std::string_view wanted) {
  const auto* const from = find_unit(stated);
  // Blanks alone state nothing.
  if (stated.find_first_not_of(" \t") == std::string_view::npos) return {};
  const auto* const to = find_unit(wanted.empty() ? "1" : wanted);
  if (from == nullptr) {
    return {.factor = 1.0,
            .problem = fmt::format(
                "has the unit `{}`, which is not known here: give the values as {} and "
                "say so in the file, or take its unit away",
                stated, shown(wanted))};
  }
  if (to == nullptr || from->dimension != to->dimension) {
    const bool from_sky = from->dimension == Dimension::angle && wanted == "pix";
    return {
        .factor = 1.0,
        .problem = fmt::format(
            "has the unit `{}`, which is no {}: give the values as {}{}, or correct "
            "the file's unit",
            stated, wanted.empty() ? "plain number" : std::string(wanted),
            shown(wanted),
            from_sky ? " (or in a column whose name ends in _arcsec)" : "")};
  }
  return {.factor = factor_of(*from, *to), .problem = {}};
}

}  // namespace lensmill::catalogue
