#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lib/catalogue/injection.hpp"
#include "lib/core/bands.hpp"
#include "lib/core/image.hpp"
#include "lib/core/status.hpp"
#include "lib/imaging/arc_renderer.hpp"
#include "lib/imaging/convolver.hpp"
#include "lib/imaging/planes.hpp"
#include "lib/lens/lens_model.hpp"
#include "lib/measure/measurement.hpp"
#include "lib/psf/lattice_kernel.hpp"
#include "stages/arc_fields.hpp"

namespace lensmill::stages {

/// The images of one injection in one band, [y, x] over the stamp, nmgy per pixel.
struct BandImages {
  Image<float> arc_intrinsic;  ///< before the PSF
  Image<float> arc;            ///< after the PSF, noise-free
  Image<float> counter_image;  ///< saddle light after the PSF, noise-free
  Image<float> host;           ///< noise-free (synthetic) or as cut out (real)
  Image<float> host_variance;  ///< of a real host, nmgy^2
  Image<float> negative;       ///< host with noise
  Image<float> positive;       ///< negative + arc + arc noise
  Image<float> variance;       ///< of `positive`, nmgy^2
  /// Hosts cut from survey images: 1 where a pixel is masked, 0 elsewhere. Empty
  /// for all others.
  Image<float> mask;
  bool any_masked = false;  ///< whether a pixel of `mask` is 1
  // Only where the noise is correlated or follows a map, nmgy^2:
  Image<float> sky_variance;      ///< of the noise without sources; a real host's own
  Image<float> poisson_variance;  ///< of the sources' noise, which is white
};

/// This row's PSF in one band, ready to use. Points either to what the run shares (a
/// fixed PSF) or to the stamp's own buffers (a PSF of this row alone).
struct PsfInUse {
  const psf::LatticeKernel* kernel = nullptr;
  const imaging::PreparedKernel* prepared = nullptr;
  /// Without the pixel response; only for `aperture_mask: circle`.
  const imaging::PreparedKernel* prepared_without_pixel = nullptr;
};

/// One rank's workspace for the injection in hand. What stages hand to each other is in
/// its members, the planes (stages/planes.hpp). Made by Chain::make_stamp.
struct Stamp {
  std::span<const double> given;  ///< this row's values of the catalogue file or grid
  catalogue::Injection injection;
  lens::LensModel lens;
  double aperture_x_pix = 0.0;  ///< centre of the apertures, stamp coordinates
  double aperture_y_pix = 0.0;
  imaging::ArcPlanes arc_planes;
  ArcFields arc_fields;
  PerBand<PsfInUse> psf;
  /// Error of the PSF on the convolution lattice, of the peak, largest of the bands.
  double lattice_error = 0.0;
  PerBand<double> unit_arc_flux{};  ///< of the convolved arc, for unit source flux
  PerBand<BandImages> images;
  PerBand<std::int32_t> non_positive_mean_pixels{};  ///< got no Poisson noise
  measure::Measurement measurement;
  Status status = Status::ok;

  struct Buffers;  ///< what no stage hands to another (stages/buffers.hpp)
  std::shared_ptr<Buffers> buffers;
};

}  // namespace lensmill::stages
