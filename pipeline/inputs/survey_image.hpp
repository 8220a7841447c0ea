#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/core/image.hpp"
#include "lib/core/pixel_grid.hpp"
#include "lib/io/fits/image_hdu.hpp"
#include "lib/io/fits/sky_wcs.hpp"
#include "pipeline/inputs/local_scale.hpp"
#include "pipeline/inputs/pixel_masks.hpp"
#include "stages/config/run_config.hpp"

namespace lensmill::pipeline {

/// One band's survey image with its weights, masks and world coordinates, open for
/// reading.
class SurveyImage {
 public:
  /// \throws as open_survey_hosts
  SurveyImage(const config::SurveyBand& band, bool needs_wcs);

  bool has_weight() const { return weight_.has_value(); }
  std::string place() const { return image_.place(); }
  int ny() const { return image_.ny(); }
  int nx() const { return image_.nx(); }
  /// Whether the pixel lies on the image.
  bool holds(const io::fits::FitsPixel& pixel) const;
  /// Through the WCS and the stated astrometric offset; nothing without a WCS or where
  /// there is no such pixel or sky.
  std::optional<io::fits::FitsPixel> pixel_of(const io::fits::SkyPosition& sky) const;
  std::optional<io::fits::SkyPosition> sky_of(const io::fits::FitsPixel& pixel) const;
  /// The image's pixel at a place by the WCS's Jacobian there; nothing without a WCS or
  /// sky.
  std::optional<LocalScale> scale_at(const io::fits::FitsPixel& pixel) const;
  bool has_wcs() const { return wcs_.has_value(); }
  /// \pre has_wcs() \throws DataError where there is no sky
  io::fits::SkyAxes sky_axes_at(const io::fits::FitsPixel& pixel) const {
    return io::fits::sky_axes(*wcs_, pixel);
  }
  std::optional<double> stated_sky_nmgy() const;
  /// (-LTV1, -LTV2) of the header, IRAF's offset of the image on the detector; 0
  /// without.
  io::fits::FitsPixel detector_offset() const { return detector_offset_; }
  /// \throws DataError unless the header has LTV1 and LTV2 (and no scale in LTM)
  void require_ltv() const;

  /// The pixels from (y0, x0) on (from 0, anywhere) that lie on the image, in nmgy and
  /// nmgy^-2; `mask` becomes 0 for the usable ones. All have one shape; what is not on
  /// the image is left as it is. \throws IoError
  void read(int y0, int x0, Image<float>& nmgy, Image<float>* invvar,
            Image<float>& mask) const;

 private:
  void require_shape(const io::fits::ImageHdu& other, const char* why) const;

  config::SurveyBand band_;
  io::fits::ImageHdu image_;
  std::optional<io::fits::ImageHdu> weight_;
  std::vector<std::pair<MaskRule, io::fits::ImageHdu>> masks_;
  std::optional<io::fits::SkyWcs> wcs_;
  double nmgy_per_unit_ = 1.0;
  io::fits::FitsPixel detector_offset_{0.0, 0.0};
};

/// The images' pixels must be the grid's, and all bands' the first band's but for a
/// shift: compared at the middle of each image, where a stamp's edge may be at most
/// `largest_misfit_pix` off. \return a sentence for each image whose pixel scale is
/// more than 0.1 % off the grid's. \throws DataError naming the image, scales 1 % off
/// too
std::vector<std::string> check_geometry(
    const std::vector<std::unique_ptr<const SurveyImage>>& images,
    const PixelGrid& grid);

inline constexpr double largest_misfit_pix = 1.0;

}  // namespace lensmill::pipeline
