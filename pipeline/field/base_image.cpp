#include "pipeline/field/base_image.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "lib/core/units.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/fits/sky_wcs.hpp"
#include "pipeline/inputs/pixel_masks.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::ImageHdu;

ImageHdu open_image(const std::string& path) {
  auto image = io::fits::File::open(path).first_image();
  if (image.planes() != 1) {
    throw DataError(
        fmt::format("{}: a cube of {} planes; a field needs one image per "
                    "file",
                    image.place(), image.planes()));
  }
  return image;
}

std::vector<std::string> cards_of(const ImageHdu& image) {
  constexpr std::size_t length = 80;
  const std::string all = image.header_cards();
  std::vector<std::string> cards;
  for (std::size_t at = 0; at + length <= all.size(); at += length) {
    cards.push_back(all.substr(at, length));
  }
  return cards;
}

void check_unit(const ImageHdu& image) {
  const auto unit = image.find_string("BUNIT");
  const auto is_nmgy = [](std::string text) {
    text = lower_case(text);
    return text.find("nanomagg") != text.npos || text.find("nmgy") != text.npos;
  };
  if (unit && !is_nmgy(*unit)) {
    throw DataError(fmt::format(
        "{}: BUNIT is '{}', and injections are in nanomaggies; convert the image, or "
        "say `field.base.accept_header_mismatch: true`",
        image.place(), *unit));
  }
  constexpr double nmgy_zero_point = 22.5;
  const auto zero = image.find_double("MAGZERO");
  constexpr double rounding = 1.0e-6;
  if (zero && std::abs(*zero - nmgy_zero_point) > rounding) {
    throw DataError(fmt::format(
        "{}: MAGZERO is {:g}, nanomaggies have 22.5; convert the image, or say "
        "`field.base.accept_header_mismatch: true`",
        image.place(), *zero));
  }
}

void check_scale(const io::fits::SkyWcs& wcs, const ImageHdu& image,
                 double pixel_scale_arcsec) {
  const double x = 0.5 * (image.nx() + 1);
  const double y = 0.5 * (image.ny() + 1);
  const auto from = wcs.sky_of({x, y});
  const auto to = wcs.sky_of({x, y + 1.0});
  const double degree = std::numbers::pi / 180.0;
  const double north = to.dec_deg - from.dec_deg;
  const double east =
      std::remainder(to.ra_deg - from.ra_deg, 360.0) * std::cos(from.dec_deg * degree);
  const double scale = 3600.0 * std::hypot(north, east);
  constexpr double largest_mismatch = 0.01;
  if (std::abs(scale / pixel_scale_arcsec - 1.0) > largest_mismatch) {
    throw DataError(fmt::format(
        "{}: its pixels are {:.5g} arcsec by the WCS, grid.pixel_scale_arcsec is {:g}; "
        "state the image's, or say `field.base.accept_header_mismatch: true`",
        image.place(), scale, pixel_scale_arcsec));
  }
}

void check_shape(const ImageHdu& image, const BaseGeometry& geometry,
                 const std::string& first) {
  if (image.ny() == geometry.ny_pix && image.nx() == geometry.nx_pix) return;
  throw DataError(fmt::format(
      "{}: {} x {} pixels, and {} has {} x {}; all images of a "
      "field are of one shape",
      image.place(), image.nx(), image.ny(), first, geometry.nx_pix, geometry.ny_pix));
}

/// Masked pixels lose their weight and get the mask's bit.
void apply_mask(const config::PixelMask& mask, std::size_t bit, BaseSlab& slab) {
  const auto image = open_image(mask.file);
  const MaskRule rule(mask, named_bits(image), image.place());
  const auto [begin, end] = slab.invvar.rows;
  if (begin == end) return;
  const int nx = slab.invvar.pixels.nx();
  Image<float> masked(end - begin, nx);
  rule.apply(
      image.read_cutout<double>(0, begin, 0, end - begin, nx),
      [&, first = begin, last = end] {
        return image.read_integers(0, first, 0, last - first, nx);
      },
      masked);
  const auto weights = slab.invvar.pixels.pixels();
  const auto bits = slab.masks.pixels.pixels();
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (masked.pixels()[k] == 0.0F) continue;
    weights[k] = 0.0F;
    bits[k] += static_cast<float>(1 << bit);
  }
}

}  // namespace

BaseGeometry look_at_base(const FieldConfig& config) {
  const auto& base = config.field.base;
  const auto first = open_image(base.front().image);
  BaseGeometry geometry{.nx_pix = first.nx(),
                        .ny_pix = first.ny(),
                        .header = cards_of(first),
                        .has_wcs = first.find_string("CTYPE1").has_value()};
  for (const auto& band : base) {
    const auto image = open_image(band.image);
    check_shape(image, geometry, first.place());
    check_shape(open_image(band.invvar), geometry, first.place());
    if (!band.exposures.empty()) {
      check_shape(open_image(band.exposures), geometry, first.place());
    }
    for (const auto& mask : band.masks) {
      check_shape(open_image(mask.file), geometry, first.place());
    }
    if (config.field.accept_header_mismatch) continue;
    check_unit(image);
    if (!geometry.has_wcs) continue;
    check_scale(io::fits::SkyWcs(image), image, config.run.grid.pixel_scale_arcsec);
  }
  return geometry;
}

canvas::ImageSlab read_rows(const std::string& path, canvas::Range rows) {
  const auto image = open_image(path);
  canvas::ImageSlab slab{.rows = rows, .pixels = {}};
  slab.pixels.reshape(rows.count(), image.nx());
  if (rows.count() > 0) image.read_cutout_into(slab.pixels.view(), 0, rows.begin, 0);
  return slab;
}

std::vector<std::string> mask_names(const BaseBand& band) {
  std::vector<std::string> names;
  for (const auto& mask : band.masks) {
    names.push_back(mask.key.substr(mask.key.rfind('.') + 1));
  }
  return names;
}

void check_shape_of(const std::string& path, int ny_pix, int nx_pix) {
  check_shape(open_image(path), {.nx_pix = nx_pix, .ny_pix = ny_pix, .header = {}},
              "the field");
}

BaseSlab read_base(const BaseBand& band, canvas::Range rows) {
  BaseSlab slab{.image = read_rows(band.image, rows),
                .invvar = read_rows(band.invvar, rows),
                .exposures = {},
                .masks = {}};
  if (!band.exposures.empty()) slab.exposures = read_rows(band.exposures, rows);
  // What either file says nothing of has no data.
  const auto image = slab.image.pixels.pixels();
  const auto invvar = slab.invvar.pixels.pixels();
  for (std::size_t k = 0; k < image.size(); ++k) {
    const bool usable =
        std::isfinite(image[k]) && std::isfinite(invvar[k]) && invvar[k] > 0.0F;
    if (!usable) invvar[k] = 0.0F;
  }
  if (band.masks.empty()) return slab;
  slab.masks = {.rows = rows, .pixels = {}};
  slab.masks.pixels.assign(rows.count(), slab.image.pixels.nx());
  for (std::size_t bit = 0; bit < band.masks.size(); ++bit) {
    apply_mask(band.masks[bit], bit, slab);
  }
  return slab;
}

std::vector<std::string> tan_cards(int nx_pix, int ny_pix, double pixel_scale_arcsec,
                                   std::array<double, 2> centre_deg) {
  const auto number = [](const char* keyword, double value) {
    return fmt::format("{:<8}= {:>20.13G}", keyword, value);
  };
  const auto text = [](const char* keyword, const char* value) {
    return fmt::format("{:<8}= '{:<8}'", keyword, value);
  };
  const double scale_deg = pixel_scale_arcsec / 3600.0;
  return {text("CTYPE1", "RA---TAN"),
          text("CTYPE2", "DEC--TAN"),
          number("CRVAL1", centre_deg[0]),
          number("CRVAL2", centre_deg[1]),
          number("CRPIX1", 0.5 * (nx_pix + 1)),
          number("CRPIX2", 0.5 * (ny_pix + 1)),
          number("CD1_1", -scale_deg),
          number("CD1_2", 0.0),
          number("CD2_1", 0.0),
          number("CD2_2", scale_deg),
          text("CUNIT1", "deg"),
          text("CUNIT2", "deg"),
          text("RADESYS", "ICRS")};
}

}  // namespace lensmill::pipeline
