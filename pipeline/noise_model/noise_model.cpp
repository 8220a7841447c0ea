#include "pipeline/noise_model/noise_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/sha256.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::ImageHdu;

// Cells are no larger than this, so that sky that varies is not taken for noise, nor so
// small that the lags do not fit.
constexpr int cell_side_pix = 64;
constexpr int cells_per_side = 4;
constexpr int cell_over_lag = 4;

ImageHdu open_image(const std::string& path, const std::optional<int>& hdu) {
  const auto file = io::fits::File::open(path);
  ImageHdu image = hdu ? file.image(*hdu) : file.first_image();
  if (image.planes() == 1) return image;
  throw DataError(fmt::format("{}: is a cube of {} planes; give an image [y, x]",
                              image.place(), image.planes()));
}

/// The inverse variance; in the image's HDU if there is an image, else the first one.
ImageHdu open_invvar(const std::string& path, const std::optional<int>& hdu,
                     const ImageHdu& image) {
  ImageHdu invvar = open_image(path, hdu);
  if (invvar.ny() == image.ny() && invvar.nx() == image.nx()) return invvar;
  throw DataError(fmt::format(
      "{}: has {} x {} pixels, but {} has {} x {}; every pixel needs its inverse "
      "variance",
      invvar.place(), invvar.ny(), invvar.nx(), image.place(), image.ny(), image.nx()));
}

bool usable_pixel(float value) { return std::isfinite(value) && value != 0.0F; }

void mark_usable(const Image<float>& pixels, Image<std::uint8_t>& usable) {
  usable.assign(pixels.ny(), pixels.nx());
  std::ranges::transform(
      pixels.pixels(), usable.pixels().begin(),
      [](float value) -> std::uint8_t { return usable_pixel(value) ? 1 : 0; });
}

/// (image - sky) * sqrt(invvar), 0 where it is of no use.
Image<float> in_units_of_sigma(const NoiseModel& model, const Image<float>& invvar) {
  // The sky first, or its level times the steps of the inverse variance would be there.
  Image<std::uint8_t> blank = model.usable;
  imaging::keep_blank_pixels(model.pixels, {.cell_pix = model.cell_pix}, blank);
  Image<float> scaled = model.pixels;
  imaging::subtract_cell_means(blank, model.cell_pix, scaled);
  for (std::size_t k = 0; k < scaled.size(); ++k) {
    float& value = scaled.pixels()[k];  // may be NaN where it is of no use
    value =
        model.usable.pixels()[k] != 0 ? value * std::sqrt(invvar.pixels()[k]) : 0.0F;
  }
  return scaled;
}

int cell_side(const ImageHdu& image, int max_lag_pix) {
  const int least = cell_over_lag * max_lag_pix;
  return std::clamp(std::min(image.ny(), image.nx()) / cells_per_side, least,
                    std::max(least, cell_side_pix));
}

std::int64_t count(const Image<std::uint8_t>& mask) {
  return std::ranges::count(mask.pixels(), std::uint8_t{1});
}

}  // namespace

std::int64_t NoiseModel::usable_pixels() const { return count(usable); }
std::int64_t NoiseModel::blank_pixels() const { return count(blank); }

double NoiseModel::largest_change() const {
  double largest = 0.0;
  for (std::size_t k = 0; k < lags.size(); ++k) {
    largest = std::max(largest,
                       std::abs(lags.pixels()[k] - measured.correlation.pixels()[k]));
  }
  return largest;
}

NoiseModel measure_noise_model(const NoiseModelRequest& request) {
  NoiseModel model;
  model.request = request;
  const ImageHdu hdu = open_image(request.image, request.hdu);
  model.hdu = hdu.index();
  model.unit = hdu.find_string("BUNIT").value_or("");
  model.cell_pix = cell_side(hdu, request.max_lag_pix);
  model.image_sha256 = io::sha256_of_file(request.image);
  model.pixels = hdu.read_plane<float>(0);
  mark_usable(model.pixels, model.usable);
  Image<float> scaled;
  if (request.invvar) {
    model.invvar_sha256 = io::sha256_of_file(*request.invvar);
    const auto invvar =
        open_invvar(*request.invvar, request.hdu, hdu).read_plane<float>(0);
    for (std::size_t k = 0; k < invvar.size(); ++k) {
      const float weight = invvar.pixels()[k];
      if (!(weight > 0.0F) || !std::isfinite(weight)) model.usable.pixels()[k] = 0;
    }
    scaled = in_units_of_sigma(model, invvar);
  }
  const Image<float>& analysed = request.invvar ? scaled : model.pixels;
  model.blank = model.usable;
  imaging::keep_blank_pixels(analysed, {.cell_pix = model.cell_pix}, model.blank);
  try {
    model.measured = imaging::measure_correlation(analysed, model.blank,
                                                  request.max_lag_pix, model.cell_pix);
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {} ({} of its {} x {} pixels are usable)",
                                hdu.place(), error.what(), model.usable_pixels(),
                                hdu.ny(), hdu.nx()));
  }
  model.sigma = imaging::blank_scatter(model.pixels, model.blank, model.cell_pix);
  if (request.invvar) {
    const auto scatter = imaging::blank_scatter(analysed, model.blank, model.cell_pix);
    model.variance_times_invvar = model.measured.variance;
    model.variance_times_invvar_mad = scatter.mad * scatter.mad;
  }
  model.lags = imaging::positive_definite(model.measured.correlation);
  return model;
}

}  // namespace lensmill::pipeline
