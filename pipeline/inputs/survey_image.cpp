#include "pipeline/inputs/survey_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"
#include "lib/io/fits/file.hpp"
#include "pipeline/inputs/file_format.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::FitsPixel;
using io::fits::ImageHdu;
using io::fits::SkyPosition;

constexpr double noticed_scale_mismatch = 0.001;

ImageHdu open_image(const std::string& path, int hdu) {
  refuse_large_gzip(path);
  const auto file = io::fits::File::open(path);
  ImageHdu image = hdu >= 0 ? file.image(hdu) : file.first_image();
  if (image.axes() != 2) {
    throw DataError(image.place() +
                    ": a survey image [y, x] is needed, this HDU is a cube");
  }
  return image;
}

/// How far one pixel's step in x and in y goes on the sky, at the image's middle.
struct Steps {
  std::array<double, 2> x_arcsec;  ///< [ra cos dec, dec]
  std::array<double, 2> y_arcsec;
};

Steps steps_of(const SurveyImage& image) {
  const FitsPixel middle{0.5 * (image.nx() + 1), 0.5 * (image.ny() + 1)};
  const auto at = image.sky_of(middle);
  const auto right = image.sky_of({middle.x + 1.0, middle.y});
  const auto up = image.sky_of({middle.x, middle.y + 1.0});
  if (!at || !right || !up) {
    throw DataError(image.place() + ": its middle has no position on the sky");
  }
  const double cosine = std::cos(rad_from_deg(at->dec_deg));
  const auto step = [&](const SkyPosition& to) {
    return std::array<double, 2>{
        std::remainder(to.ra_deg - at->ra_deg, 360.0) * cosine * arcsec_per_deg,
        (to.dec_deg - at->dec_deg) * arcsec_per_deg};
  };
  return {.x_arcsec = step(*right), .y_arcsec = step(*up)};
}

double length(const std::array<double, 2>& step) {
  return std::hypot(step[0], step[1]);
}
double distance(const std::array<double, 2>& a, const std::array<double, 2>& b) {
  return std::hypot(a[0] - b[0], a[1] - b[1]);
}

}  // namespace

SurveyImage::SurveyImage(const config::SurveyBand& band, bool needs_wcs)
    : band_(band), image_(open_image(band.image, band.hdu)) {
  if (band.zero_point_mag) nmgy_per_unit_ = nmgy_per_unit(*band.zero_point_mag);
  if (!band.weight.empty()) {
    weight_ = open_image(band.weight, band.weight_hdu);
    require_shape(*weight_, "every pixel needs its weight");
  }
  for (const auto& mask : band.masks) {
    ImageHdu image = open_image(mask.file, mask.hdu);
    if (mask.file == band.image && image.index() == image_.index()) {
      throw DataError(
          fmt::format("{}: {} is the image itself; name the mask's HDU by "
                      "{}.hdu",
                      image.place(), mask.key, mask.key));
    }
    require_shape(image, "a mask is of the same pixels");
    masks_.emplace_back(MaskRule(mask, named_bits(image), image.place()), image);
  }
  if (needs_wcs) wcs_.emplace(image_);
  detector_offset_ = {-image_.find_double("LTV1").value_or(0.0),
                      -image_.find_double("LTV2").value_or(0.0)};
}

void SurveyImage::require_shape(const ImageHdu& other, const char* why) const {
  if (other.ny() == image_.ny() && other.nx() == image_.nx()) return;
  throw DataError(fmt::format("{}: has {} x {} pixels, but {} has {} x {}; {}",
                              other.place(), other.ny(), other.nx(), image_.place(),
                              image_.ny(), image_.nx(), why));
}

bool SurveyImage::holds(const FitsPixel& pixel) const {
  return pixel.x >= 0.5 && pixel.x < nx() + 0.5 && pixel.y >= 0.5 &&
         pixel.y < ny() + 0.5;
}

std::optional<FitsPixel> SurveyImage::pixel_of(const SkyPosition& sky) const {
  if (!wcs_) return std::nullopt;
  const auto& [d_ra, d_dec] = band_.astrometric_offset_arcsec;
  const double cosine = std::cos(rad_from_deg(sky.dec_deg));
  return wcs_->pixel_of({.ra_deg = sky.ra_deg - d_ra / arcsec_per_deg / cosine,
                         .dec_deg = sky.dec_deg - d_dec / arcsec_per_deg});
}

std::optional<SkyPosition> SurveyImage::sky_of(const FitsPixel& pixel) const {
  if (!wcs_) return std::nullopt;
  const auto& [d_ra, d_dec] = band_.astrometric_offset_arcsec;
  const SkyPosition by_wcs = wcs_->sky_of(pixel);
  const double dec_deg = by_wcs.dec_deg + d_dec / arcsec_per_deg;
  return SkyPosition{
      .ra_deg = by_wcs.ra_deg + d_ra / arcsec_per_deg / std::cos(rad_from_deg(dec_deg)),
      .dec_deg = dec_deg};
}

std::optional<LocalScale> SurveyImage::scale_at(const FitsPixel& pixel) const {
  return wcs_ ? local_scale(*wcs_, pixel) : std::nullopt;
}

std::optional<double> SurveyImage::stated_sky_nmgy() const {
  if (!band_.sky) return std::nullopt;
  return *band_.sky * nmgy_per_unit_;
}

void SurveyImage::require_ltv() const {
  const bool has = image_.find_double("LTV1") && image_.find_double("LTV2");
  const bool scaled = image_.find_double("LTM1_1").value_or(1.0) != 1.0 ||
                      image_.find_double("LTM2_2").value_or(1.0) != 1.0;
  if (has && !scaled) return;
  throw DataError(fmt::format(
      "{}: {} (`position_offset_pix: header` takes the image's place on the detector "
      "from LTV1, LTV2); state the offset as [x, y] pixels",
      place(), has ? "LTM1_1 or LTM2_2 is not 1" : "no LTV1 and LTV2 in its header"));
}

void SurveyImage::read(int y0, int x0, Image<float>& nmgy, Image<float>* invvar,
                       Image<float>& mask) const {
  const int y_begin = std::max(0, y0);
  const int x_begin = std::max(0, x0);
  const int rows = std::min(ny(), y0 + nmgy.ny()) - y_begin;
  const int columns = std::min(nx(), x0 + nmgy.nx()) - x_begin;
  if (rows <= 0 || columns <= 0) return;
  const auto pixels = image_.read_cutout<float>(0, y_begin, x_begin, rows, columns);
  Image<float> weights;
  if (weight_) {
    weights = weight_->read_cutout<float>(0, y_begin, x_begin, rows, columns);
    to_invvar(band_.weight_kind, nmgy_per_unit_, weights);
  }
  Image<float> hidden;
  mask_useless(pixels, weight_ ? &weights : nullptr, hidden);
  for (const auto& [rule, masks] : masks_) {
    const auto& image = masks;
    rule.apply(
        image.read_cutout<double>(0, y_begin, x_begin, rows, columns),
        [&] { return image.read_integers(0, y_begin, x_begin, rows, columns); },
        hidden);
  }
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) {
      const int to_y = y + y_begin - y0;
      const int to_x = x + x_begin - x0;
      nmgy(to_y, to_x) = static_cast<float>(nmgy_per_unit_ * double{pixels(y, x)});
      mask(to_y, to_x) = hidden(y, x);
      if (invvar != nullptr) {
        (*invvar)(to_y, to_x) = hidden(y, x) == 0.0F ? weights(y, x) : 0.0F;
      }
    }
  }
}

std::vector<std::string> check_geometry(
    const std::vector<std::unique_ptr<const SurveyImage>>& images,
    const PixelGrid& grid) {
  const Steps first = steps_of(*images.front());
  std::vector<std::string> warnings;
  for (const auto& image : images) {
    const Steps steps = steps_of(*image);
    const double scale = std::sqrt(length(steps.x_arcsec) * length(steps.y_arcsec));
    const double mismatch = scale / grid.pixel_scale_arcsec - 1.0;
    if (std::abs(mismatch) > largest_scale_mismatch) {
      throw DataError(fmt::format(
          "{}: its pixels are {:.5f} arcsec by its WCS, the stamps' {} arcsec ({:+.2f} "
          "%); images are not resampled, more than 1 % is refused; set "
          "grid.pixel_scale_arcsec",
          image->place(), scale, grid.pixel_scale_arcsec, 100.0 * mismatch));
    }
    if (std::abs(mismatch) > noticed_scale_mismatch) {
      warnings.push_back(fmt::format(
          "host.survey: {}: its pixels are {:.5f} arcsec by its WCS, the stamps' {} "
          "arcsec ({:+.2f} %): images are not resampled",
          image->place(), scale, grid.pixel_scale_arcsec, 100.0 * mismatch));
    }
    const double half_pix = 0.5 * grid.stamp_size_pix;
    const double misfit_pix = half_pix *
                              (distance(steps.x_arcsec, first.x_arcsec) +
                               distance(steps.y_arcsec, first.y_arcsec)) /
                              grid.pixel_scale_arcsec;
    if (misfit_pix > largest_misfit_pix) {
      throw DataError(fmt::format(
          "{}: is turned, mirrored or scaled against {} (at a stamp's edge they are "
          "{:.2f} pix apart); bands are aligned by shifts of whole pixels only, use "
          "images of one orientation",
          image->place(), images.front()->place(), misfit_pix));
    }
  }
  return warnings;
}

}  // namespace lensmill::pipeline
