#include "lib/canvas/correlated_field.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "lib/canvas/kernel_columns.hpp"
#include "lib/imaging/noise_spectrum.hpp"

namespace lensmill::canvas {
namespace {

/// Torus on which no two pixels of the image see each other around it.
int side_of_torus(int pixels, int lag_side) {
  return good_canvas_size(std::max(pixels + lag_side / 2, lag_side));
}

}  // namespace

double correlated_field_bytes(int lag_side, int ny_pix, int nx_pix, int ranks) {
  return 2.0 * SlabTransform::bytes_per_rank(side_of_torus(ny_pix, lag_side),
                                             side_of_torus(nx_pix, lag_side), ranks);
}

ImageSlab correlated_field(ImageView<const double> lags, int ny_pix, int nx_pix,
                           const std::function<void(int, std::span<float>)>& white,
                           const std::vector<Range>& image_rows,
                           const parallel::Communicator& ranks) {
  const int ny = side_of_torus(ny_pix, lags.ny());
  const int nx = side_of_torus(nx_pix, lags.nx());
  SlabTransform torus(ny, nx, ranks);
  for (int y = torus.rows().begin; y < torus.rows().end; ++y) white(y, torus.row(y));
  torus.forward();

  psf::LatticeKernel correlation;
  correlation.samples.assign(lags.ny(), lags.nx());
  std::ranges::copy(lags.pixels(), correlation.samples.pixels().begin());
  correlation.origin_y = lags.ny() / 2;
  correlation.origin_x = lags.nx() / 2;
  KernelColumns columns(correlation, ny, nx, DepositedBy::points);
  // Columns come divided by the number of points, as the inverse transform wants the
  // amplitude to be.
  const double points = static_cast<double>(ny) * nx;
  double added = 0.0;
  for (int u = torus.columns().begin; u < torus.columns().end; ++u) {
    const auto spectrum = columns.column(u);
    const auto values = torus.column(u);
    const double both_signs = u == 0 || 2 * u == nx ? 1.0 : 2.0;
    for (std::size_t v = 0; v < values.size(); ++v) {
      const double given = static_cast<double>(spectrum[v].real()) * points;
      const double power = std::max(given, imaging::spectrum_floor);
      added += both_signs * (power - given);
      values[v] *= static_cast<float>(std::sqrt(power) / points);
    }
  }
  // What the floor adds to the variance is taken away again.
  const double scale = 1.0 / std::sqrt(1.0 + ranks.sum(added) / points);
  torus.inverse();

  const CanvasGeometry geometry{
      .ny_pix = ny_pix, .nx_pix = nx_pix, .fft_ny = ny, .fft_nx = nx};
  const auto rows = image_rows_of_ranks(geometry, torus.rows_of_ranks());
  auto noise =
      take_image(torus, geometry, rows[static_cast<std::size_t>(ranks.rank())]);
  for (float& value : noise.pixels.pixels()) value *= static_cast<float>(scale);
  return deal_rows(noise, image_rows, ranks);
}

}  // namespace lensmill::canvas
