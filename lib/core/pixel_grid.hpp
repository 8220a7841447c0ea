#pragma once

namespace lensmill {

/// The stamp's square pixel grid. Pixel coordinates have integer *centres*, x with the
/// column and y with the row; arcsec coordinates have their origin on the stamp's
/// centre, (N-1)/2 (31.5 for 64 pixels).
struct PixelGrid {
  int stamp_size_pix = 64;
  double pixel_scale_arcsec = 0.262;

  double centre_pix() const { return 0.5 * (stamp_size_pix - 1); }
  double arcsec_from_pix(double pix) const {
    return (pix - centre_pix()) * pixel_scale_arcsec;
  }
  double pix_from_arcsec(double arcsec) const {
    return arcsec / pixel_scale_arcsec + centre_pix();
  }
  bool operator==(const PixelGrid&) const = default;
};

}  // namespace lensmill
