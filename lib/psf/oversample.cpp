#include "lib/psf/oversample.hpp"

namespace lensmill::psf {

int oversample_for_fwhm(double sharpest_fwhm_pix) {
  if (sharpest_fwhm_pix >= 4.6) return 1;
  if (sharpest_fwhm_pix >= 2.1) return 2;
  if (sharpest_fwhm_pix >= 0.95) return 4;
  return 8;
}

}  // namespace lensmill::psf
