#include "pipeline/inputs/image_claims.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <initializer_list>
#include <string_view>

#include "lib/core/errors.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::Hdu;
using io::fits::ImageHdu;

constexpr std::size_t most_bands = 26;
// Zero points beyond these are placeholders, such as 0 or -99.
constexpr double least_zero_point_mag = 1.0;
constexpr double greatest_zero_point_mag = 60.0;

/// A card's value; nothing where it is of another type.
std::optional<double> number_card(const Hdu& hdu, const std::string& keyword) {
  try {
    return hdu.find_double(keyword);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<std::string> text_card(const Hdu& hdu, const std::string& keyword) {
  try {
    auto text = hdu.find_string(keyword);
    if (!text) return std::nullopt;
    const auto end = text->find_last_not_of(' ');
    if (end == std::string::npos) return std::nullopt;
    text->erase(end + 1);
    return text;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<std::string> first_text(const ImageHdu& image, const Hdu& primary,
                                      std::initializer_list<const char*> keywords) {
  for (const Hdu* hdu : {static_cast<const Hdu*>(&image), &primary}) {
    for (const char* keyword : keywords) {
      if (auto text = text_card(*hdu, keyword)) return text;
    }
  }
  return std::nullopt;
}

template <class Usable>
std::optional<StatedNumber> first_number(const ImageHdu& image, const Hdu& primary,
                                         std::initializer_list<const char*> keywords,
                                         Usable usable) {
  for (const Hdu* hdu : {static_cast<const Hdu*>(&image), &primary}) {
    for (const char* keyword : keywords) {
      const auto value = number_card(*hdu, keyword);
      if (value && usable(*value)) return StatedNumber{keyword, *value};
    }
  }
  return std::nullopt;
}

bool is_zero_point(double mag) {
  return mag >= least_zero_point_mag && mag <= greatest_zero_point_mag;
}

std::optional<StatedNumber> zero_point_of(const ImageHdu& image, const Hdu& primary) {
  if (auto stated =
          first_number(image, primary, {"MAGZERO", "MAGZP", "ZP", "ZEROPNT", "PHOTZP"},
                       is_zero_point)) {
    return stated;
  }
  // Counts of magnitude 0.
  auto counts =
      first_number(image, primary, {"FLUXMAG0"}, [](double n) { return n > 1.0; });
  if (counts) counts->value = 2.5 * std::log10(counts->value);
  return counts;
}

std::vector<std::string> bands_of(const ImageHdu& image, const Hdu& primary) {
  for (const Hdu* hdu : {static_cast<const Hdu*>(&image), &primary}) {
    auto [numbered, letters] = plane_bands_of(*hdu);
    if (!numbered.empty()) return numbered;
    if (!letters.empty()) return letters;
  }
  return {};
}

/// What the image itself says comes before what all HDUs of the file share.
std::vector<StatedBand> filters_of(const ImageHdu& image, const Hdu& primary) {
  auto stated = stated_bands(image);
  if (!stated.empty()) return stated;
  if (const auto name = text_card(image, "EXTNAME")) {
    stated.push_back({"EXTNAME", *name});
  }
  if (image.index() != 0) {
    for (auto& shared : stated_bands(primary)) stated.push_back(std::move(shared));
  }
  return stated;
}

std::optional<LocalScale> scale_in_the_middle(const ImageHdu& image) {
  if (!wcs_scale_arcsec(image)) return std::nullopt;
  try {
    return local_scale(io::fits::SkyWcs(image),
                       {0.5 * (image.nx() + 1), 0.5 * (image.ny() + 1)});
  } catch (const DataError&) {
    return std::nullopt;  // no coordinates that could be used
  }
}

}  // namespace

PlaneBands plane_bands_of(const Hdu& hdu) {
  PlaneBands bands;
  for (std::size_t k = 0; k < most_bands; ++k) {
    auto band = text_card(hdu, fmt::format("BAND{}", k));
    if (!band) break;
    bands.numbered.push_back(std::move(*band));
  }
  for (const char letter : text_card(hdu, "BANDS").value_or("")) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) {
      bands.letters.emplace_back(1, letter);
    }
  }
  return bands;
}

std::optional<double> wcs_scale_arcsec(const Hdu& hdu) {
  const auto type = text_card(hdu, "CTYPE1");
  const auto unit = text_card(hdu, "CUNIT1");
  // Celestial types are "RA---TAN", "DEC--TPV", "GLON-CAR", ...
  if (!type || type->find('-') == std::string::npos) return std::nullopt;
  if (unit && *unit != "deg") return std::nullopt;
  const auto element = [&](const char* keyword, double without) {
    return number_card(hdu, keyword).value_or(without);
  };
  const bool has_cd = number_card(hdu, "CD1_1") || number_card(hdu, "CD1_2");
  const double determinant = has_cd
                                 ? element("CD1_1", 0.0) * element("CD2_2", 0.0) -
                                       element("CD1_2", 0.0) * element("CD2_1", 0.0)
                                 : element("CDELT1", 0.0) * element("CDELT2", 0.0) *
                                       (element("PC1_1", 1.0) * element("PC2_2", 1.0) -
                                        element("PC1_2", 0.0) * element("PC2_1", 0.0));
  if (!(std::abs(determinant) > 0.0)) return std::nullopt;
  return std::sqrt(std::abs(determinant)) * arcsec_per_deg;
}

ImageClaims claims_of(const ImageHdu& image) {
  const Hdu primary = image.primary();
  return {.place = image.place(),
          .unit = first_text(image, primary, {"BUNIT"}),
          .unit_is_own = text_card(image, "BUNIT").has_value(),
          .name = text_card(image, "EXTNAME").value_or(""),
          .zero_point_mag = zero_point_of(image, primary),
          .wcs_scale_arcsec = wcs_scale_arcsec(image),
          .local_scale = scale_in_the_middle(image),
          .scale_arcsec = first_number(image, primary,
                                       {"PIXSCALE", "PIXSCAL1", "SECPIX", "SECPIX1"},
                                       [](double arcsec) { return arcsec > 0.0; }),
          .filters = filters_of(image, primary),
          .type = first_text(image, primary, {"IMTYPE", "PRODTYPE"}),
          .bands = bands_of(image, primary),
          .planes = image.planes(),
          .axes = image.axes()};
}

ImageClaims claims_of(const io::hdf5::Dataset& dataset) {
  ImageClaims claims;
  claims.place = fmt::format("{}: {}", dataset.file_path(), dataset.path());
  claims.axes = static_cast<int>(dataset.shape().size());
  for (const char* name : {"unit", "units", "BUNIT"}) {
    if (claims.unit || !dataset.has_attribute(name)) continue;
    try {
      claims.unit = dataset.read_string_attribute(name);
    } catch (const DataError&) {
      continue;  // of another kind: no claim
    }
  }
  return claims;
}

}  // namespace lensmill::pipeline
