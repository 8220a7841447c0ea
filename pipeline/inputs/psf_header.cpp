#include "pipeline/inputs/psf_header.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "lib/core/errors.hpp"
#include "pipeline/inputs/band_of_header.hpp"
#include "pipeline/inputs/local_scale.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::File;
using io::fits::Hdu;

constexpr double largest_mismatch = 0.01;  // as for cutouts: nothing is resampled

/// The number that a card begins with, whether it is stored as a number or as text.
std::optional<double> number_of(const Hdu& hdu, const std::string& card) {
  auto text = hdu.find_string(card);
  if (!text) return std::nullopt;
  // FITS writes exponents of doubles with a D, too.
  std::ranges::replace(*text, 'D', 'E');
  char* end = nullptr;
  const double value = std::strtod(text->c_str(), &end);
  if (end == text->c_str() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool near(double a, double b) { return std::abs(a / b - 1.0) <= largest_mismatch; }

/// A scale that a header states, in every unit that it may be meant in.
struct StatedScale {
  std::string text;
  std::vector<double> arcsec;
};

/// The scale of an image's WCS, CD or CDELT, where it has one.
std::optional<StatedScale> wcs_scale(const Hdu& hdu) {
  const auto card = [&](const char* name) { return number_of(hdu, name); };
  double value = 0.0;
  std::string text;
  if (const auto cd11 = card("CD1_1"); cd11) {
    const double determinant =
        *cd11 * card("CD2_2").value_or(*cd11) -
        card("CD1_2").value_or(0.0) * card("CD2_1").value_or(0.0);
    value = std::sqrt(std::abs(determinant));
    text = fmt::format("CD (a scale of {:.6g})", value);
  } else if (const auto delta = card("CDELT1"); delta) {
    value = std::abs(*delta);
    text = fmt::format("CDELT1 {:.6g}", *delta);
  }
  if (value == 0.0) return std::nullopt;
  const auto unit = hdu.find_string("CUNIT1").value_or("");
  const auto type = hdu.find_string("CTYPE1").value_or("");
  const bool sky = type.starts_with("RA") || type.starts_with("DEC") ||
                   type.find("LON") != std::string::npos ||
                   type.find("LAT") != std::string::npos;
  if (unit.starts_with("arcsec")) return StatedScale{text + " arcsec", {value}};
  if (unit.starts_with("deg") || sky) {
    return StatedScale{text + " deg", {value * arcsec_per_deg}};
  }
  // 1 is what a header without a WCS has.
  if (value == 1.0 || !unit.empty()) return std::nullopt;
  return StatedScale{text, {value, value * arcsec_per_deg}};
}

std::vector<StatedScale> stated_scales(const Hdu& hdu) {
  std::vector<StatedScale> scales;
  for (const char* card : {"PIXSCALE", "PIXSCAL1", "PIXELSCL", "PIXSCL"}) {
    const auto value = number_of(hdu, card);
    if (!value || *value == 0.0) continue;
    scales.push_back({fmt::format("{} {:.6g}", card, *value), {std::abs(*value)}});
  }
  if (auto wcs = wcs_scale(hdu)) scales.push_back(std::move(*wcs));
  return scales;
}

bool any_near(const StatedScale& scale, double arcsec) {
  return std::ranges::any_of(scale.arcsec,
                             [&](double value) { return near(value, arcsec); });
}

/// How to say a whole number of samples per pixel, where that is what is wrong.
std::string remedy(double pixel_arcsec, double sample_arcsec) {
  const double samples = pixel_arcsec / sample_arcsec;
  const double whole = std::round(samples);
  if (whole >= 1.0 && near(samples, whole)) {
    return fmt::format("state samples_per_pixel: {:.0f} if it was made for this pixel",
                       whole);
  }
  return "kernels are not resampled: use one made for this pixel scale";
}

void check_stated_scale(const std::string& place, const StatedScale& scale,
                        const PsfQuestion& question, int samples_per_pixel,
                        std::vector<std::string>& warnings) {
  const double pixel = question.pixel_scale_arcsec;
  const double sample = pixel / samples_per_pixel;
  if (any_near(scale, sample)) return;
  if (any_near(scale, pixel)) {
    warnings.push_back(fmt::format(
        "{}: {} states {}, the scale of the stamps' pixels, and samples_per_pixel is "
        "{}: right only if the file means the detector's pixels, not its samples",
        question.where(), place, scale.text, samples_per_pixel));
    return;
  }
  throw ConfigError(fmt::format(
      "{}: {} states {}, but its samples are taken to be {:.6g} arcsec apart "
      "(grid.pixel_scale_arcsec {:g}, samples_per_pixel {}); {}",
      question.where(), place, scale.text, sample, pixel, samples_per_pixel,
      remedy(pixel, scale.arcsec.front())));
}

void check_sampling(const Hdu& hdu, const PsfQuestion& question) {
  const auto sampling = number_of(hdu, "PSF_SAMP");
  const int stated = question.section.samples_per_pixel;
  if (!sampling || *sampling <= 0.0 || near(*sampling * stated, 1.0)) return;
  throw ConfigError(fmt::format(
      "{}.samples_per_pixel: {} against PSF_SAMP {:g} (pixels per sample) "
      "of {}; {}",
      question.where(), stated, *sampling, hdu.place(), remedy(1.0, *sampling)));
}

}  // namespace

void check_band(const std::string& place, const std::string& card,
                const std::string& value, const PsfQuestion& question,
                std::vector<std::string>& warnings) {
  switch (compare_bands(value, question.wanted())) {
    case BandMatch::same: return;
    case BandMatch::other:
      throw ConfigError(fmt::format(
          "{}.file: {} states {} = '{}', another band than {}; name this band's file "
          "or HDU, or say `file_band: {}` if that band's PSF is meant to stand for it",
          question.where(), place, card, value, question.wanted(), value));
    case BandMatch::unknown:
      warnings.push_back(fmt::format(
          "{}.file: {} states {} = '{}', and whether that is band {} cannot be told; "
          "say `file_band` to name the file's band",
          question.where(), place, card, value, question.wanted()));
  }
}

void check_band(const File& file, int hdu, const PsfQuestion& question,
                std::vector<std::string>& warnings) {
  const Hdu own(file.hdu(hdu));
  auto stated = stated_bands(own);
  std::string place = own.place();
  if (stated.empty() && hdu != 0) {
    const Hdu primary(file.hdu(0));
    stated = stated_bands(primary);
    place = primary.place();
  }
  for (const auto& [card, value] : stated) {
    check_band(place, card, value, question, warnings);
  }
}

void check_scale(const File& file, int hdu, bool psfex, const PsfQuestion& question,
                 std::vector<std::string>& warnings) {
  const Hdu own(file.hdu(hdu));
  if (!psfex) check_sampling(own, question);
  if (question.pixel_scale_arcsec <= 0.0) return;
  auto scales = stated_scales(own);
  std::string place = own.place();
  if (scales.empty() && hdu != 0) {
    const Hdu primary(file.hdu(0));
    scales = stated_scales(primary);
    place = primary.place();
  }
  const int samples = psfex ? 1 : question.section.samples_per_pixel;
  for (const auto& scale : scales) {
    check_stated_scale(place, scale, question, samples, warnings);
  }
}

void check_planes(const io::fits::ImageHdu& image, const PsfQuestion& question) {
  const auto& section = question.section;
  if (section.plane >= 0 || section.plane_all_stated || image.planes() < 2) return;
  auto bands = image.find_string("BANDS").value_or("");
  std::erase_if(bands, [](char c) { return c == ' ' || c == ',' || c == ';'; });
  if (static_cast<int>(bands.size()) != image.planes()) return;
  throw ConfigError(fmt::format(
      "{}.plane: required, since the {} planes of {} are the bands '{}' by its header "
      "(BANDS), not a list of kernels; name this band's plane (from 0), or say "
      "`plane: all` if they are kernels",
      question.where(), image.planes(), image.place(), bands));
}

}  // namespace lensmill::pipeline
