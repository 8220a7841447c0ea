#include "lib/canvas/geometry.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::canvas {
namespace {

// Rows of complex numbers are counted in bytes by ints inside MPI.
constexpr std::int64_t largest_side = 1 << 18;

int checked_side(std::int64_t points, const char* axis) {
  if (points > largest_side) {
    throw ConfigError(fmt::format(
        "field: {} lattice points along {} are more than {}; make smaller fields, or "
        "use pixels that need fewer lattice points (convolve.oversample)",
        points, axis, largest_side));
  }
  return good_canvas_size(static_cast<int>(points));
}

}  // namespace

int good_canvas_size(int n) {
  EXPECT(n >= 1);
  for (int size = n + n % 2;; size += 2) {
    int rest = size;
    for (const int prime : {2, 3, 5, 7}) {
      while (rest % prime == 0) rest /= prime;
    }
    if (rest == 1) return size;
  }
}

CanvasGeometry make_geometry(int ny_pix, int nx_pix, int oversample, int reach) {
  EXPECT(ny_pix >= 1 && nx_pix >= 1 && oversample >= 1 && reach >= 0);
  CanvasGeometry geometry{.ny_pix = ny_pix,
                          .nx_pix = nx_pix,
                          .oversample = oversample,
                          .rim = reach + coefficient_tail};
  const auto points = [&](int pixels) {
    return (std::int64_t{pixels} - 1) * oversample + 1 + 2 * std::int64_t{geometry.rim};
  };
  geometry.fft_ny = checked_side(points(ny_pix), "y");
  geometry.fft_nx = checked_side(points(nx_pix), "x");
  return geometry;
}

}  // namespace lensmill::canvas
