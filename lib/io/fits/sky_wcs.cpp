#include "lib/io/fits/sky_wcs.hpp"

#include <fmt/format.h>
#include <wcslib/wcs.h>
#include <wcslib/wcsfix.h>
#include <wcslib/wcshdr.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "lib/core/errors.hpp"
#include "lib/core/units.hpp"

namespace lensmill::io::fits {
namespace {

[[noreturn]] void refuse(const std::string& place, const char* why) {
  throw DataError(
      fmt::format("{}: no usable celestial coordinates in its header ({}); give "
                  "positions in pixels "
                  "of a single image, or add WCS keywords",
                  place, why));
}

}  // namespace

void SkyWcs::Deleter::operator()(wcsprm* all) const noexcept {
  // Only the first representation is kept (see the constructor).
  wcsfree(all);
  std::free(all);
}

SkyWcs::SkyWcs(const ImageHdu& image) : place_(image.place()) {
  constexpr std::size_t card_length = 80;
  std::string header = image.header_cards();
  int rejected = 0;
  int count = 0;
  wcsprm* all = nullptr;
  const int status =
      wcspih(header.data(), static_cast<int>(header.size() / card_length), WCSHDR_all,
             0, &rejected, &count, &all);
  if (status != 0) refuse(place_, "WCSLIB could not parse it");
  if (count < 1) refuse(place_, "there are no WCS keywords");
  wcs_.reset(static_cast<wcsprm*>(std::malloc(sizeof(wcsprm))));
  if (!wcs_) throw IoError(place_ + ": out of memory");
  wcs_->flag = -1;
  const int copied = wcssub(1, all, nullptr, nullptr, wcs_.get());
  wcsvfree(&count, &all);
  if (copied != 0) refuse(place_, wcs_errmsg[copied]);
  std::array<int, NWCSFIX> fixes{};
  wcsfix(0, nullptr, wcs_.get(), fixes.data());  // old spellings of units and dates
  if (const int unusable = wcsset(wcs_.get()); unusable != 0) {
    refuse(place_, wcs_errmsg[unusable]);
  }
  if (wcs_->naxis != 2 || wcs_->lng < 0 || wcs_->lat < 0) {
    refuse(place_, "its two axes are not a longitude and a latitude");
  }
}

SkyPosition SkyWcs::sky_of(const FitsPixel& pixel) const {
  const std::array<double, 2> from{pixel.x, pixel.y};
  std::array<double, 2> between{};
  std::array<double, 2> world{};
  double phi = 0.0;
  double theta = 0.0;
  int bad = 0;
  const int status = wcsp2s(wcs_.get(), 1, 2, from.data(), between.data(), &phi, &theta,
                            world.data(), &bad);
  if (status != 0) {
    throw DataError(fmt::format("{}: pixel ({}, {}) has no sky position ({})", place_,
                                pixel.x, pixel.y, wcs_errmsg[status]));
  }
  return {.ra_deg = world[static_cast<std::size_t>(wcs_->lng)],
          .dec_deg = world[static_cast<std::size_t>(wcs_->lat)]};
}

std::optional<FitsPixel> SkyWcs::pixel_of(const SkyPosition& sky) const {
  if (!std::isfinite(sky.ra_deg) || !std::isfinite(sky.dec_deg)) return std::nullopt;
  std::array<double, 2> world{};
  world[static_cast<std::size_t>(wcs_->lng)] = sky.ra_deg;
  world[static_cast<std::size_t>(wcs_->lat)] = sky.dec_deg;
  std::array<double, 2> between{};
  std::array<double, 2> pixel{};
  double phi = 0.0;
  double theta = 0.0;
  int bad = 0;
  const int status = wcss2p(wcs_.get(), 1, 2, world.data(), &phi, &theta,
                            between.data(), pixel.data(), &bad);
  if (status != 0 || !std::isfinite(pixel[0]) || !std::isfinite(pixel[1])) {
    return std::nullopt;
  }
  return FitsPixel{.x = pixel[0], .y = pixel[1]};
}

SkyAxes sky_axes(const SkyWcs& wcs, const FitsPixel& pixel) {
  // On the plane that touches the sky at this pixel: x east, y north.
  const SkyPosition at = wcs.sky_of(pixel);
  const double dec0 = rad_from_deg(at.dec_deg);
  const auto east_north = [&](const FitsPixel& other) {
    const SkyPosition sky = wcs.sky_of(other);
    const double d_ra = rad_from_deg(sky.ra_deg - at.ra_deg);
    const double dec = rad_from_deg(sky.dec_deg);
    return std::array{std::cos(dec) * std::sin(d_ra),
                      std::cos(dec0) * std::sin(dec) -
                          std::sin(dec0) * std::cos(dec) * std::cos(d_ra)};
  };
  const auto right = east_north({pixel.x + 0.5, pixel.y});
  const auto left = east_north({pixel.x - 0.5, pixel.y});
  const auto up = east_north({pixel.x, pixel.y + 0.5});
  const auto down = east_north({pixel.x, pixel.y - 0.5});
  // The Jacobian d(east, north) / d(x, y); its inverse takes north onto the image.
  const double ex = right[0] - left[0];
  const double nx = right[1] - left[1];
  const double ey = up[0] - down[0];
  const double ny = up[1] - down[1];
  const double determinant = ex * ny - ey * nx;
  // (x, y) of a step north: the inverse's second column.
  return {.north_rad = std::atan2(ex / determinant, -ey / determinant),
          .east_is_anticlockwise = determinant < 0.0};
}

std::string wcslib_version() {
  std::array<int, 3> parts{};
  return ::wcslib_version(parts.data());
}

}  // namespace lensmill::io::fits
