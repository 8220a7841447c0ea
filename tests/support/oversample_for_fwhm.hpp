#pragma once

#include "lib/psf/oversample.hpp"

namespace lensmill::test_support {

/// Lattice points per pixel (1, 2, 4, 8 or 16) with which psf::lattice_error is at most
/// `allowed`; 0 if none is enough.
inline int oversample_for_fwhm(double sharpest_fwhm_pix, double allowed) {
  for (const int oversample : {1, 2, 4, 8, 16}) {
    if (psf::lattice_error(sharpest_fwhm_pix * oversample) <= allowed) {
      return oversample;
    }
  }
  return 0;
}

}  // namespace lensmill::test_support
