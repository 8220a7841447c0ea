#include "lib/measure/ring_in_gaussian.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lensmill::measure {
namespace {

/// The reference fractions are given to about 15 digits, computed by another code.
constexpr double reference_tolerance = 1.0e-12;

TEST(RingInGaussian, MeetsIndependentValues) {
  struct Reference {
    double fwhm_pix, ring_pix, fraction;
  };
  // scipy.stats.ncx2.cdf((5 / sigma)^2, 2, (ring / sigma)^2)
  const Reference references[] = {
      {4.0, 2.3854961832061066, 0.901230063195956},
      {4.0, 9.541984732824426, 0.0025863295146028786},
      {5.0, 4.770992366412213, 0.45336005712965455},
      {5.0, 7.633587786259541, 0.07858323571945677},
      {5.72, 6.679389312977099, 0.18195556241033847},
      {5.72, 9.541984732824426, 0.02034105705858725},
  };
  for (const auto& [fwhm, ring, fraction] : references) {
    const double sigma = fwhm / std::sqrt(8.0 * std::log(2.0));

    EXPECT_NEAR(ring_in_gaussian_fraction(ring, 5.0, sigma), fraction,
                reference_tolerance);
  }
}

TEST(RingInGaussian, LimitsArePointAndNothingAndEverything) {
  EXPECT_NEAR(ring_in_gaussian_fraction(0.0, 5.0, 2.0), -std::expm1(-25.0 / 8.0),
              reference_tolerance);
  EXPECT_EQ(ring_in_gaussian_fraction(3.0, 0.0, 2.0), 0.0);
  EXPECT_NEAR(ring_in_gaussian_fraction(3.0, 40.0, 2.0), 1.0, reference_tolerance);
  EXPECT_NEAR(ring_in_gaussian_fraction(80.0, 5.0, 1.0), 0.0, reference_tolerance);
  // Far from the centre a ring is a straight line through the aperture's edge.
  EXPECT_NEAR(ring_in_gaussian_fraction(40.0, 40.0, 0.05), 0.5, 1.0e-3);
}

}  // namespace
}  // namespace lensmill::measure
