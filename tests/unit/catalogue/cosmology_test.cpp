#include "lib/catalogue/cosmology.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace lensmill::catalogue {
namespace {

constexpr double speed_of_light_km_s = 299792.458;

// What the header promises for distances; astropy's own quadrature is better than that,
// and its values below are written with 13 or more digits.
constexpr double quadrature = 1.0e-12;

/// FlatLambdaCDM(H0=70, Om0=omega_m, Tcmb0=0) of astropy 5.2.1 (scipy 1.10.1, numpy
/// 1.24.2): comoving_distance(lens), luminosity_distance(src) in Mpc, distmod(lens) in
/// mag, and angular_diameter_distance_z1z2(lens, src) / angular_diameter_distance(src).
struct Reference {
  double omega_m, lens, src;
  double comoving_mpc, luminosity_mpc, distance_modulus, ls_over_s;
};
constexpr Reference references[] = {
    {0.3, 0.1, 0.5, 418.454487627705, 2832.938093900130, 38.315204574391,
     0.778434363675974},
    {0.3, 0.3, 1.0, 1194.396869715230, 6607.657611774941, 40.955460044114,
     0.638481004951952},
    {0.3, 0.5, 2.0, 1888.625395933420, 15539.586223228129, 42.261185421541,
     0.635390794425976},
    {0.3, 0.7, 6.0, 2505.706724406862, 57728.440197714925, 43.146895799270,
     0.696164541935046},
    {0.3, 1.5, 20.0, 4363.855766233609, 225588.226993987773, 45.189051982818,
     0.593768822460101},
    {0.05, 0.1, 0.5, 426.572998454799, 3133.562536807158, 38.356930234180,
     0.795804458929305},
    {0.05, 0.3, 1.0, 1267.749087091320, 8054.352635299662, 41.084883293953,
     0.685201494273995},
    {0.05, 0.5, 2.0, 2089.041691204772, 21846.901712976178, 42.480191831895,
     0.713134376858028},
    {0.05, 0.7, 6.0, 2885.951061415234, 98651.600406763333, 43.453689418195,
     0.795222202715308},
    {0.05, 1.5, 20.0, 5763.693194000609, 423308.142691837682, 45.793204317933,
     0.714067496305814},
    {0.7, 0.1, 0.5, 406.654499873036, 2521.992106721945, 38.253091337734,
     0.758134948882770},
    {0.7, 0.3, 1.0, 1105.352546582096, 5512.319370653712, 40.787220842210,
     0.598951921230569},
    {0.7, 0.5, 2.0, 1681.328071147963, 12192.334218582691, 42.008718614967,
     0.586298724836774},
    {0.7, 0.7, 6.0, 2163.510434218067, 42693.387850347142, 42.828039577208,
     0.645271228120555},
    {0.7, 1.5, 20.0, 3505.846859932578, 162417.357416214829, 44.713664751409,
     0.546706181963566},
    {1.0, 0.1, 0.5, 398.616135971987, 2357.697473789190, 38.209737800546,
     0.746394857438167},
    {1.0, 0.3, 1.0, 1053.059388095265, 5017.553028549529, 40.681981082774,
     0.580249822133048},
    {1.0, 0.5, 2.0, 1571.798315859460, 10860.617286229754, 41.862440390791,
     0.565826248793698},
    {1.0, 0.7, 6.0, 1996.061108385836, 37296.311919977823, 42.653113771178,
     0.625367039275095},
    {1.0, 1.5, 20.0, 3148.201699312188, 140623.428183946613, 44.480012788371,
     0.529863291349462},
};

TEST(Cosmology, DistancesAreAstropys) {
  for (const auto& r : references) {
    const Cosmology cosmology{.h0_km_s_mpc = 70.0, .omega_m = r.omega_m};
    SCOPED_TRACE(testing::Message() << r.omega_m << " " << r.lens << " " << r.src);

    EXPECT_NEAR(comoving_distance_mpc(cosmology, 0.0, r.lens) / r.comoving_mpc, 1.0,
                quadrature);
    EXPECT_NEAR(luminosity_distance_mpc(cosmology, r.src) / r.luminosity_mpc, 1.0,
                quadrature);
    EXPECT_NEAR(distance_modulus_mag(cosmology, r.lens), r.distance_modulus,
                5.0 * quadrature * r.distance_modulus);
    EXPECT_NEAR(distance_ratio(cosmology, r.lens, r.src) / r.ls_over_s, 1.0,
                5.0 * quadrature);
  }
}

TEST(Cosmology, EinsteinDeSitterHasItsClosedForm) {
  const Cosmology cosmology{.h0_km_s_mpc = 50.0, .omega_m = 1.0};
  // The integrand is constant: only rounding is left.
  constexpr double rounding = 1.0e-14;
  for (const double z : {0.01, 0.5, 3.0, 20.0}) {
    const double expected =
        2.0 * speed_of_light_km_s / 50.0 * (1.0 - 1.0 / std::sqrt(1.0 + z));

    EXPECT_NEAR(comoving_distance_mpc(cosmology, 0.0, z) / expected, 1.0,
                rounding / z);  // 1 - 1/sqrt(1+z) cancels at small z
  }
}

TEST(Cosmology, DistancesAddUpAtTheSmallestMatterDensity) {
  const Cosmology cosmology{.h0_km_s_mpc = 70.0, .omega_m = 0.01};

  const double whole = comoving_distance_mpc(cosmology, 0.0, 20.0);
  double sum = 0.0;  // 40 times finer panels
  for (int i = 0; i < 40; ++i) {
    sum += comoving_distance_mpc(cosmology, 0.5 * i, 0.5 * (i + 1));
  }

  EXPECT_NEAR(whole / sum, 1.0, quadrature);
}

TEST(IsothermalThetaE, IsTheClosedForm) {
  // 4 pi (220/299792.458)^2 rad for a source at infinity behind a near lens: 1.39585".
  const double theta_e = isothermal_theta_e_arcsec(220.0, 1.0);

  constexpr double printed_digits = 5.0e-6;
  EXPECT_NEAR(theta_e, 1.39585, printed_digits);
  EXPECT_DOUBLE_EQ(isothermal_theta_e_arcsec(440.0, 0.25), theta_e);
}

}  // namespace
}  // namespace lensmill::catalogue
