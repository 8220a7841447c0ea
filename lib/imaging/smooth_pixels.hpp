#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/core/pixel_grid.hpp"
#include "lib/imaging/planes.hpp"
#include "lib/imaging/ray_samples.hpp"

namespace lensmill::imaging {

/// Centre samples of every pixel of the stamp, its margin and one ring around it.
class CentreGrid {
 public:
  /// Shoot the centres. `pixels` is the side of stamp + margin.
  void shoot(const PixelGrid& grid, int margin_pix, const LensedSource& object);

  int side() const { return side_; }
  int margin() const { return margin_; }
  /// Index of the centre of stamp pixel (row, column); valid from -margin-1 to
  /// N+margin.
  std::size_t index(int row, int column) const {
    return std::size_t(row + margin_ + 1) * std::size_t(side_ + 2) +
           std::size_t(column + margin_ + 1);
  }
  std::size_t stride() const { return std::size_t(side_) + 2; }
  RaySamples& rays() { return rays_; }
  const RaySamples& rays() const { return rays_; }
  /// The brightest centre of each row of stamp and margin.
  std::span<const double> row_peaks() const { return row_peaks_; }

 private:
  RaySamples rays_;
  std::vector<double> row_peaks_;
  int side_ = 0;  ///< stamp + 2 margin
  int margin_ = 0;
};

/// What makes a pixel too rough for its centre sample.
struct RoughnessLimits {
  double variation = 0.02;  ///< of the peak, to any of the 8 neighbours
  double core_x_pix = 0.0, core_y_pix = 0.0, core_radius_pix = 5.0;
  double lens_x_pix = 0.0, lens_y_pix = 0.0;
  bool singular_lens = true;
  const light::Brightness* source = nullptr;
};

/// Class of a pixel: rough, or smooth and by its centre dark (0) or of a
/// lens::ImageKind.
using PixelClass = std::int8_t;
inline constexpr PixelClass rough_pixel = -1;

/// Classes of the pixels of stamp and margin, row-major; some elements of no meaning
/// follow.
void classify_pixels(const CentreGrid& centres, const RoughnessLimits& limits,
                     std::vector<PixelClass>& classes);

}  // namespace lensmill::imaging
