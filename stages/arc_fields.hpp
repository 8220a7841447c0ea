#pragma once

#include <array>
#include <span>

#include "lib/imaging/convolver.hpp"
#include "lib/imaging/planes.hpp"

namespace lensmill::stages {

/// The arc on the convolution lattice as it meets the PSF of each band.
struct ArcFields {
  Image<double> total;  ///< all kinds together
  /// Transforms of ArcViews::planes(), as many as were needed so far.
  imaging::ImageSpectra spectra;

  /// Those of a new row.
  void set(const imaging::ArcPlanes& arc);
};

/// The planes that meet the PSF: first all kinds together, second the saddles, third
/// the maxima. The minimum is the rest. As many as have light; a second without is
/// there if there is a third.
class ArcViews {
 public:
  /// \pre both outlive this, and are of the same row
  ArcViews(const ArcFields& fields, const imaging::ArcPlanes& arc);

  std::span<const ImageView<const double>> planes() const {
    return std::span(planes_).first(count_);
  }
  /// One value per image kind (index with lens::kind_index) from one per plane, where
  /// values are linear in the planes; 0 for kinds without light.
  std::array<double, lens::kind_count> by_kind(std::span<const double> values) const;

 private:
  std::array<ImageView<const double>, lens::kind_count> planes_;
  std::size_t count_ = 1;
  std::array<bool, lens::kind_count> present_;
};

/// The arc before the PSF of a source of this flux, integrated over the pixels of
/// `out`, which has the stamp's shape.
void arc_before_psf(const imaging::ArcPlanes& arc, double src_flux_nmgy,
                    Image<float>& out);

}  // namespace lensmill::stages
