#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/core/image.hpp"

namespace lensmill::analysis {

/// Where a classifier may look.
enum class Region {
  core,     ///< pixels with r < core_radius_pix
  annulus,  ///< rings around the core
  full,     ///< both
};
inline constexpr int region_count = 3;
std::string_view to_string(Region region);

/// Extents of the features, the same for every stamp of a run.
struct FeatureShape {
  int bands = 1;
  int core_radius_pix = 5;    ///< the box has 2 of these per side
  int outer_radius_pix = 20;  ///< rings of 1 pix from core_radius_pix to this

  int rings() const { return outer_radius_pix - core_radius_pix; }
  std::size_t core_count() const {
    const auto side = 2 * static_cast<std::size_t>(core_radius_pix);
    return side * side * static_cast<std::size_t>(bands);
  }
  /// Per ring and band: mean, standard deviation, amplitude of cos and sin(phi).
  std::size_t annulus_count() const {
    return 3 * static_cast<std::size_t>(rings()) * static_cast<std::size_t>(bands);
  }
  std::size_t count() const { return core_count() + annulus_count(); }
  /// First feature and number of features of a region.
  struct Range {
    std::size_t first = 0;
    std::size_t count = 0;
  };
  Range range(Region region) const;
  /// The shape for stamps of n pixels: outer radius 4 core radii, as far as it fits.
  static FeatureShape for_stamp(int stamp_size_pix, int bands, int core_radius_pix);
};

/// One band's stamp.
struct BandStamp {
  ImageView<const float> image;      ///< nmgy per pixel
  double noise_sigma_nmgy = 1.0;     ///< > 0; pixels are divided by it
  ImageView<const float> mask = {};  ///< pixels that are not 0 are masked
};

/// Features of one stamp: v = asinh(pixel / sigma), [band][y][x] of the box of
/// 2 core_radius_pix pixels per side about the centre (pixel floor(c - radius) + 1
/// first on each axis: 27 to 36 for a centre at 31.5), 0 where a pixel's centre is not
/// strictly nearer than core_radius_pix; then [band][ring][3]: over the pixels whose
/// centres are in the ring, the mean of v, its standard deviation, and
/// |mean(v exp(i phi))|, which a host that is symmetric about its centre does not have
/// and an arc on one side does. No pixel is in both. Masked and undefined pixels and
/// those outside the stamp: 0 in the box, left out in rings.
class FeatureExtractor {
 public:
  explicit FeatureExtractor(const FeatureShape& shape) : shape_(shape) {}
  const FeatureShape& shape() const { return shape_; }
  /// \param out shape().count() values
  void extract(std::span<const BandStamp> bands, double x_pix, double y_pix,
               std::span<float> out);

 private:
  void find_ring_pixels(int ny, int nx, double x_pix, double y_pix);
  void fill_core(const BandStamp& band, double x_pix, double y_pix,
                 std::span<float> out) const;
  void fill_annulus(const BandStamp& band, std::span<float> out);

  /// A pixel of a ring, and its direction from the centre.
  struct RingPixel {
    int ring = 0;
    int y = 0;
    int x = 0;
    float cos_phi = 1.0F;
    float sin_phi = 0.0F;
  };
  struct RingSums {
    double count = 0.0, sum = 0.0, squares = 0.0, along_x = 0.0, along_y = 0.0;
  };
  FeatureShape shape_;
  std::vector<RingPixel> ring_pixels_;
  std::vector<RingSums> sums_;
  double x_pix_ = 0.0, y_pix_ = 0.0;
  int ny_ = 0, nx_ = 0;
};

}  // namespace lensmill::analysis
