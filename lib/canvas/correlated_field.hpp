#pragma once

#include <functional>
#include <span>
#include <vector>

#include "lib/canvas/image_slab.hpp"

namespace lensmill::canvas {

/// Stationary noise of unit variance with these correlations over a wide image: white
/// noise on a torus that is wider than the image by the lags, times the root of the
/// spectrum, by the distributed transform (as imaging::CorrelatedNoise does it for
/// stamps, with the same floor under the spectrum).
/// \param lags correlation function (lib/imaging/noise_spectrum.hpp), without a
///   correlation_problem()
/// \param white fills row y of the torus with white noise of unit variance; it is asked
///   for whole rows, so that the noise does not depend on the ranks but by roundings
/// \param image_rows those that every rank gets
/// \collective
ImageSlab correlated_field(ImageView<const double> lags, int ny_pix, int nx_pix,
                           const std::function<void(int, std::span<float>)>& white,
                           const std::vector<Range>& image_rows,
                           const parallel::Communicator& ranks);

/// Bytes that it takes beside its result.
double correlated_field_bytes(int lag_side, int ny_pix, int nx_pix, int ranks);

}  // namespace lensmill::canvas
