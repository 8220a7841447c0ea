#pragma once

#include <string>
#include <string_view>

namespace lensmill::catalogue {

/// How a column whose file states a unit becomes one in the unit that its quantity has.
struct UnitConversion {
  double factor = 1.0;  ///< wanted value = factor * value in the file
  std::string problem;  ///< why it cannot be converted, and what to do; "": it can be
};

/// Angles (rad, mrad, deg, arcmin, arcsec, mas, uas, hourangle), fluxes (nmgy,
/// maggies, Jy, uJy, nJy), magnitudes (AB; mmag), velocities (km/s, m/s), pixels and
/// fractions (percent) are converted where that is exact; anything else is a problem.
/// Spellings of FITS, astropy and the VO are known, whatever their case. \param stated
/// the file's unit; "" (none is stated) fits everything \param wanted a quantity's unit
/// (quantities.hpp)
UnitConversion convert_unit(std::string_view stated, std::string_view wanted);

}  // namespace lensmill::catalogue
