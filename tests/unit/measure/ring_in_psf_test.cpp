#include "lib/measure/ring_in_psf.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "lib/core/units.hpp"
#include "lib/measure/ring_in_gaussian.hpp"
#include "lib/psf/gaussian.hpp"
#include "lib/psf/moffat.hpp"

namespace lensmill::measure {
namespace {

/// The same by brute force: the PSF's density on a fine lattice, each offset taking the
/// share of the shifted ring that lies in the circle.
double by_lattice(double ring, double aperture, const psf::PsfFunction& psf,
                  double reach, double step) {
  double sum = 0.0;
  const auto half = static_cast<int>(reach / step);
  std::vector<double> x, y, density(static_cast<std::size_t>(2 * half));
  for (int j = -half; j < half; ++j) {
    x.clear();
    y.clear();
    for (int i = -half; i < half; ++i) {
      x.push_back((i + 0.5) * step);
      y.push_back((j + 0.5) * step);
    }
    psf.evaluate(x, y, density);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double d = std::hypot(x[i], y[i]);
      const double c = (ring * ring + d * d - aperture * aperture) / (2.0 * ring * d);
      const double inside = c <= -1.0  ? 1.0
                            : c >= 1.0 ? 0.0
                                       : std::acos(c) / std::numbers::pi;
      sum += density[i] * step * step * inside;
    }
  }
  return sum;
}

TEST(RingInPsf, OfARoundGaussianIsTheClosedForm) {
  constexpr double accuracy = 1e-5, on_the_edge = 1e-3;
  const psf::Gaussian psf({.fwhm_pix = 5.2});
  const double sigma = 5.2 / fwhm_per_sigma;
  for (const double ring : {0.0, 0.5, 2.0, 4.9, 5.1, 7.6, 9.5, 20.0}) {
    EXPECT_NEAR(ring_in_psf_fraction(ring, 5.0, psf),
                ring_in_gaussian_fraction(ring, 5.0, sigma), accuracy)
        << ring;
  }
  EXPECT_NEAR(ring_in_psf_fraction(5.0, 5.0, psf),
              ring_in_gaussian_fraction(5.0, 5.0, sigma), on_the_edge);
}

TEST(RingInPsf, OfOtherPsfsIsWhatALatticeGives) {
  // Of the lattice: its step, and what lies beyond its reach, which brings light to the
  // core only from farther than the ring.
  constexpr double of_lattice = 3e-4;
  const psf::Moffat round({.fwhm_pix = 5.2}, 3.5);
  const psf::Moffat long_one({.fwhm_pix = 5.2, .q = 0.6, .phi_rad = 0.4}, 3.5);
  const psf::Gaussian gaussian({.fwhm_pix = 4.0, .q = 0.7, .phi_rad = 1.0});
  for (const psf::EllipticalPsf* psf :
       {static_cast<const psf::EllipticalPsf*>(&round),
        static_cast<const psf::EllipticalPsf*>(&long_one),
        static_cast<const psf::EllipticalPsf*>(&gaussian)}) {
    for (const double ring : {2.0, 4.5, 7.6, 9.5}) {
      EXPECT_NEAR(ring_in_psf_fraction(ring, 5.0, *psf),
                  by_lattice(ring, 5.0, *psf, 40.0, 0.1), of_lattice)
          << ring << ", q " << psf->shape().q;
    }
  }
}

TEST(RingInPsf, OfAMoffatIsMoreThanOfAGaussianOfItsWidth) {
  // theta_E = 2.25", FWHM 1.35", pixels of 0.262": wings bring half as much again.
  const double ring = 2.25 / 0.262, fwhm = 1.35 / 0.262;
  const double gaussian = ring_in_gaussian_fraction(ring, 5.0, fwhm / fwhm_per_sigma);

  const double moffat =
      ring_in_psf_fraction(ring, 5.0, psf::Moffat({.fwhm_pix = fwhm}, 3.5));

  EXPECT_GT(moffat, 1.5 * gaussian);
}

}  // namespace
}  // namespace lensmill::measure
