#include "lib/config/suggest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lensmill::config {
namespace {

TEST(WithoutUnit, TakesOnlyOneKnownSuffixOff) {
  EXPECT_EQ(without_unit("theta_e_arcsec"), "theta_e");
  EXPECT_EQ(without_unit("theta_e_pix"), "theta_e");
  EXPECT_EQ(without_unit("gain_e_per_nmgy"), "gain");
  EXPECT_EQ(without_unit("host_mag_r"), "host_mag_r");
  EXPECT_EQ(without_unit("_rad"), "_rad");
}

TEST(SuggestKey, NamesTheRightUnitBeforeTheNearestSpelling) {
  const std::vector<std::string> known{"fwhm_arcsec", "fwhm_pix", "phi_rad"};

  EXPECT_EQ(suggest_key("fwhm_arcmin", known),
            "the unit is part of the name: write fwhm_arcsec or fwhm_pix");
  EXPECT_EQ(suggest_key("phi", known), "the unit is part of the name: write phi_rad");
  EXPECT_EQ(suggest_key("fwmh_arcsec", known), "did you mean fwhm_arcsec?");
  EXPECT_EQ(suggest_key("colour", known), "known here: fwhm_arcsec, fwhm_pix, phi_rad");
}

}  // namespace
}  // namespace lensmill::config
