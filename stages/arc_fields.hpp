#pragma once

#include <array>
#include <span>
#include <vector>

#include "lib/imaging/convolver.hpp"
#include "lib/imaging/planes.hpp"

namespace lensmill::stages {

/// The arc's planes that meet the PSF in each band, and their transforms: first all
/// kinds together, second the saddles, third the maxima. The minimum is the rest. As
/// many as have light; a second without is there if there is a third.
class ArcFields {
 public:
  /// The planes of a new row; they must stay where they are.
  void set(const imaging::ArcPlanes& arc);

  const Image<double>& total() const { return total_; }
  std::span<const ImageView<const double>> planes() const { return planes_; }
  imaging::ImageSpectra& spectra() { return spectra_; }
  /// One value per image kind (index with lens::kind_index) from one per plane, where
  /// values are linear in the planes; 0 for kinds without light.
  std::array<double, lens::kind_count> by_kind(std::span<const double> values) const;

 private:
  Image<double> total_;
  std::vector<ImageView<const double>> planes_;
  std::array<bool, lens::kind_count> present_{};
  imaging::ImageSpectra spectra_;
};

}  // namespace lensmill::stages
