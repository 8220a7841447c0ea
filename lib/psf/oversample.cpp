#include "lib/psf/oversample.hpp"

namespace lensmill::psf {

int oversample_for_fwhm(double sharpest_fwhm_pix) {
  constexpr double least_fwhm_steps = 3.4;  // lattice steps: see the header's table
  int oversample = 1;
  while (oversample < 8 && sharpest_fwhm_pix * oversample < least_fwhm_steps) {
    oversample *= 2;
  }
  return oversample;
}

}  // namespace lensmill::psf
