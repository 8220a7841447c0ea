#pragma once

#include "lib/catalogue/injection.hpp"
#include "lib/core/bands.hpp"
#include "lib/core/image.hpp"
#include "lib/core/status.hpp"
#include "lib/imaging/planes.hpp"

namespace lensmill::stages {

/// The images of one injection in one band, [y, x] over the stamp, nmgy per pixel.
struct BandImages {
  Image<float> arc_intrinsic;  ///< before the PSF
  Image<float> arc;            ///< after the PSF, noise-free
  Image<float> counter_image;  ///< saddle light after the PSF, noise-free
  Image<float> host;           ///< noise-free (synthetic) or as cut out (real)
  Image<float> negative;       ///< host with noise
  Image<float> positive;       ///< negative + arc + arc noise
  Image<float> variance;       ///< of `positive`, nmgy^2
};

/// One rank's workspace for the injection in hand: buffers are reused, nothing is
/// allocated in the loop once every buffer has grown to its size.
struct Stamp {
  catalogue::Injection injection;
  imaging::ArcPlanes arc_planes;
  PerBand<BandImages> images;
  Status status = Status::ok;
};

}  // namespace lensmill::stages
