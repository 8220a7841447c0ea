#include "lib/psf/turned_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "lib/core/contracts.hpp"

namespace lensmill::psf {

void turn_kernel(const LatticeKernel& kernel, const PlaneTurn& turn,
                 LatticeKernel& turned) {
  EXPECT(turn.quarter_turns >= 0 && turn.quarter_turns < 4);
  EXPECT(&kernel != &turned);
  const int ny = kernel.samples.ny();
  const int nx = kernel.samples.nx();
  // Where index (y, x) of an array [ny, nx] goes.
  const auto place = [&](int y, int x) {
    int rows = ny;
    int columns = nx;
    if (turn.mirrored) x = columns - 1 - x;
    for (int k = 0; k < turn.quarter_turns; ++k) {
      // Anticlockwise with y upwards: (x, y) -> (rows - 1 - y, x).
      x = rows - 1 - std::exchange(y, x);
      std::swap(rows, columns);
    }
    return std::pair{y, x};
  };
  const bool swapped = turn.quarter_turns % 2 == 1;
  turned.samples.assign(swapped ? nx : ny, swapped ? ny : nx);
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      const auto [to_y, to_x] = place(y, x);
      turned.samples(to_y, to_x) = kernel.samples(y, x);
    }
  }
  std::tie(turned.origin_y, turned.origin_x) = place(kernel.origin_y, kernel.origin_x);
  turned.oversample = kernel.oversample;
  turned.sum = kernel.sum;
  turned.point_flux = kernel.point_flux;
  double centroid_x = turn.mirrored ? -kernel.centroid_x_pix : kernel.centroid_x_pix;
  double centroid_y = kernel.centroid_y_pix;
  for (int k = 0; k < turn.quarter_turns; ++k) {
    centroid_x = -std::exchange(centroid_y, centroid_x);
  }
  turned.centroid_x_pix = centroid_x;
  turned.centroid_y_pix = centroid_y;
}

bool is_turn_invariant(ImageView<const double> samples) {
  const int n = samples.ny();
  if (samples.nx() != n || n % 2 == 0) return false;
  double greatest = 0.0;
  for (const double value : samples.pixels()) {
    greatest = std::max(greatest, std::abs(value));
  }
  const double tolerance = round_tolerance * greatest;
  // A mirror image in x and one in the diagonal make all the others.
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      const double here = samples(y, x);
      if (!(std::abs(here - samples(y, n - 1 - x)) <= tolerance)) return false;
      if (!(std::abs(here - samples(x, y)) <= tolerance)) return false;
    }
  }
  return true;
}

}  // namespace lensmill::psf
