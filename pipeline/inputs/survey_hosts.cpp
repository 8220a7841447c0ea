#include "pipeline/inputs/survey_hosts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"
#include "lib/imaging/host_image.hpp"
#include "lib/io/fits/file.hpp"
#include "pipeline/inputs/file_format.hpp"
#include "pipeline/inputs/survey_image.hpp"
#include "pipeline/inputs/survey_positions.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::FitsPixel;
using stages::HostPlace;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// Half up, like pixels: pixel n reaches from n - 0.5 to n + 0.5.
double nearest(double coordinate) { return std::floor(coordinate + 0.5); }

class SurveyHosts final : public stages::HostCutouts {
 public:
  SurveyHosts(const config::RunConfig& config, std::vector<std::string>& warnings)
      : sky_subtracted_(config.host.survey->sky_subtracted),
        half_(config.grid.stamp_size_pix / 2),
        positions_(read_positions(config.host.survey->positions)) {
    const auto& survey = *config.host.survey;
    const bool needs_wcs =
        survey.bands.size() > 1 || positions_.frame == config::PositionFrame::sky;
    for (const auto& band : survey.bands) {
      images_.push_back(std::make_unique<const SurveyImage>(band, needs_wcs));
    }
    if (needs_wcs) {
      warnings = check_geometry(images_, config.grid);
      check_scales(config);
    }
    for (const auto& warning : positions_.warnings) warnings.push_back(warning);
    for (std::size_t b = 0; b < images_.size(); ++b) {
      if (config.psf[b].position_offset_from_header) images_[b]->require_ltv();
    }
  }

  std::int64_t count() const override {
    return static_cast<std::int64_t>(positions_.first.size());
  }
  int ny() const override { return 2 * half_ + 1; }
  int nx() const override { return 2 * half_ + 1; }
  bool has_invvar() const override { return images_.front()->has_weight(); }
  bool is_survey() const override { return true; }

  bool knows_sky() const override { return images_.front()->has_wcs(); }
  stages::North north(std::int64_t host_index) const override {
    const HostPlace where = place(host_index, 0);
    if (!where.on_image) return {};  // a bad host
    const auto axes = images_.front()->sky_axes_at({where.x_pix, where.y_pix});
    return {.phi_rad = axes.north_rad,
            .east_is_anticlockwise = axes.east_is_anticlockwise};
  }

  HostPlace place(std::int64_t host_index, int band) const override {
    const auto host = static_cast<std::size_t>(host_index);
    const auto& image = *images_[static_cast<std::size_t>(band)];
    const FitsPixel given{positions_.first[host], positions_.second[host]};
    HostPlace place{.ra_deg = nan, .dec_deg = nan, .x_pix = nan, .y_pix = nan};
    std::optional<FitsPixel> first;
    if (positions_.frame == config::PositionFrame::sky) {
      place.ra_deg = given.x;
      place.dec_deg = given.y;
      first = images_.front()->pixel_of({given.x, given.y});
    } else if (std::isfinite(given.x) && std::isfinite(given.y)) {
      first = given;
      if (const auto sky = images_.front()->sky_of(given)) {
        place.ra_deg = sky->ra_deg;
        place.dec_deg = sky->dec_deg;
      }
    }
    const auto here = band == 0 ? first : image.pixel_of({place.ra_deg, place.dec_deg});
    if (!first || !here) return place;
    place.x_pix = here->x;
    place.y_pix = here->y;
    place.detector_offset_x_pix = image.detector_offset().x;
    place.detector_offset_y_pix = image.detector_offset().y;
    const FitsPixel middle = middle_of(*first, *here);
    place.cutout_x_pix = half_ + here->x - middle.x;
    place.cutout_y_pix = half_ + here->y - middle.y;
    place.on_image = image.holds(*here);
    return place;
  }

  void read(std::int64_t host_index, int band, Image<float>& nmgy,
            Image<float>& invvar) const override {
    Image<float> mask;
    read_with_mask(host_index, band, nmgy, invvar, mask);
  }

  void read_with_mask(std::int64_t host_index, int band, Image<float>& nmgy,
                      Image<float>& invvar, Image<float>& mask) const override {
    EXPECT(host_index >= 0 && host_index < count());
    const auto& image = *images_[static_cast<std::size_t>(band)];
    nmgy.assign(ny(), nx(), nan);
    mask.assign(ny(), nx(), 1.0F);
    if (has_invvar()) invvar.assign(ny(), nx(), 0.0F);
    const HostPlace where = place(host_index, band);
    if (!where.on_image) return;
    // Pixel (0, 0) of the cutout on the image, counted from 0.
    const auto x0 =
        static_cast<int>(nearest(where.x_pix - (where.cutout_x_pix - half_))) - 1 -
        half_;
    const auto y0 =
        static_cast<int>(nearest(where.y_pix - (where.cutout_y_pix - half_))) - 1 -
        half_;
    image.read(y0, x0, nmgy, has_invvar() ? &invvar : nullptr, mask);
    if (sky_subtracted_) return;
    const double sky =
        image.stated_sky_nmgy().value_or(imaging::frame_background(nmgy, mask));
    for (std::size_t k = 0; k < nmgy.size(); ++k) {
      nmgy.pixels()[k] = static_cast<float>(double{nmgy.pixels()[k]} - sky);
      // Without a background nothing is known of the pixel.
      if (std::isnan(sky)) mask.pixels()[k] = 1.0F;
    }
  }

 private:
  /// \throws DataError where the pixels at a host are not the grid's
  void check_scales(const config::RunConfig& config) const {
    const double wanted = config.grid.pixel_scale_arcsec;
    for (std::size_t band = 0; band < images_.size(); ++band) {
      std::int64_t off = 0;
      std::string example;
      double worst = 0.0;
      for (std::int64_t host = 0; host < count(); ++host) {
        const auto where = place(host, static_cast<int>(band));
        if (!where.on_image) continue;
        const auto scale = images_[band]->scale_at({where.x_pix, where.y_pix});
        if (!scale) continue;
        const double mismatch = std::abs(scale->mean / wanted - 1.0);
        const double stretch =
            std::max(scale->largest / wanted - 1.0, 1.0 - scale->least / wanted);
        if (mismatch <= largest_scale_mismatch && stretch <= largest_stretch) continue;
        ++off;
        if (std::max(mismatch, stretch) <= worst) continue;
        worst = std::max(mismatch, stretch);
        example = fmt::format(
            "host {} at pixel ({:.1f}, {:.1f}): {:.5f} arcsec, {:.5f} to {:.5f} by "
            "direction",
            host, where.x_pix, where.y_pix, scale->mean, scale->least, scale->largest);
      }
      if (off == 0) continue;
      throw DataError(fmt::format(
          "{}: at {} of {} hosts its pixels are by its WCS not the stamps' of {} "
          "arcsec "
          "(the worst is {}); images are not resampled, more than {:g} % (in one "
          "direction {:g} %) is refused; leave these hosts out, or set "
          "grid.pixel_scale_arcsec",
          images_[band]->place(), off, count(), wanted, example,
          100.0 * largest_scale_mismatch, 100.0 * largest_stretch));
    }
  }

  /// The image pixel in the middle of the cutout of a host that is on `first` in the
  /// first band and on `here` in this one.
  static FitsPixel middle_of(const FitsPixel& first, const FitsPixel& here) {
    return {nearest(here.x - (first.x - nearest(first.x))),
            nearest(here.y - (first.y - nearest(first.y)))};
  }

  bool sky_subtracted_;
  int half_;  ///< the middle pixel of a cutout
  HostPositions positions_;
  std::vector<std::unique_ptr<const SurveyImage>> images_;  ///< one per band
};

}  // namespace

std::shared_ptr<const stages::HostCutouts> open_survey_hosts(
    const config::RunConfig& config, std::vector<std::string>& warnings) {
  EXPECT(config.host.survey && config.host.survey->bands.size() == config.bands.size());
  return std::make_shared<const SurveyHosts>(config, warnings);
}

}  // namespace lensmill::pipeline
