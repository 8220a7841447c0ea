#include "pipeline/inputs/cutout_layout.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ranges>

#include "lib/core/errors.hpp"
#include "pipeline/inputs/image_claims.hpp"
#include "pipeline/inputs/image_kind.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::File;
using io::fits::ImageHdu;

/// The HDUs that are looked for.
std::vector<ImageHdu> hdus_of(const File& file, const PlaneQuery& query) {
  const auto& extension = query.extension;
  std::vector<ImageHdu> found;
  std::vector<std::string> others;
  for (const int index : file.image_hdus()) {
    ImageHdu hdu = file.image(index);
    const bool stated_beside = std::ranges::any_of(
        query.beside, [&](const auto& name) { return is_named(hdu, name); });
    const bool wanted = query.any_image ||
                        (extension.empty() ? !stated_beside && !is_beside_an_image(hdu)
                                           : is_named(hdu, extension));
    if (wanted) {
      found.push_back(std::move(hdu));
    } else {
      others.push_back(described(hdu));
    }
  }
  if (!found.empty()) return found;
  throw DataError(
      fmt::format("{}: has no {} (it has {})", file.path(),
                  extension.empty() ? std::string("image of the sky")
                                    : "HDU whose IMAGETYP or EXTNAME is " + extension,
                  others.empty() ? std::string("no images")
                                 : fmt::format("{}", fmt::join(others, ", "))));
}

/// The bands that a cube's header gives its planes; empty where it says nothing.
std::vector<std::string> bands_of_cube(const ImageHdu& cube) {
  const auto claims = claims_of(cube);
  auto bands = claims.bands;
  if (bands.empty() && cube.planes() == 1 && !claims.filters.empty() &&
      claims.filters.front().card != "EXTNAME") {
    bands.push_back(claims.filters.front().value);
  }
  if (bands.empty() || bands.size() == static_cast<std::size_t>(cube.planes())) {
    return bands;
  }
  throw DataError(fmt::format("{}: has {} planes, but its header names {} bands ({})",
                              cube.place(), cube.planes(), bands.size(),
                              fmt::join(bands, ", ")));
}

/// The band of an image [y, x]; "" where nothing says it. What the HDU says itself
/// comes before what the primary says of all; the name of an extension counts where it
/// is that of a band of the run.
std::string band_of_image(const ImageHdu& image, const BandNames& bands) {
  const auto own = stated_bands(image);
  if (!own.empty()) return own.front().value;
  const auto claims = claims_of(image);
  if (claims.bands.size() == 1) return claims.bands.front();
  for (const auto& [card, value] : claims.filters) {
    const bool names_one = std::ranges::any_of(bands, [&](const auto& band) {
      return compare_bands(value, band) == BandMatch::same;
    });
    if (card != "EXTNAME" || names_one) return value;
  }
  return "";
}

/// Whether the name of an extension is that of a band: of the run, or a filter's letter
/// alone (with a digit, it may be a detector).
bool names_band(const std::string& name, const BandNames& bands) {
  const auto is = [&](const std::string& text) {
    return [&text](const auto& band) {
      return compare_bands(text, band) == BandMatch::same;
    };
  };
  if (std::ranges::any_of(bands, is(name))) return true;
  constexpr std::array letters{"u", "g", "r", "i", "z", "y", "J", "H", "K"};
  std::string without_digits = name;
  std::ranges::replace_if(
      without_digits, [](unsigned char c) { return std::isdigit(c) != 0; }, 'x');
  return std::ranges::any_of(letters, is(without_digits));
}

/// What an HDU says of bands that cannot both be right; "".
std::string contradiction(const ImageHdu& image, const BandNames& bands) {
  const auto [numbered, letters] = plane_bands_of(image);
  if (numbered.size() == letters.size()) {
    for (std::size_t k = 0; k < letters.size(); ++k) {
      if (compare_bands(numbered[k], letters[k]) != BandMatch::other) continue;
      return fmt::format("BANDS = '{}', but BAND0, ... = {}", fmt::join(letters, ""),
                         fmt::join(numbered, ", "));
    }
  }
  if (image.planes() > 1) return "";
  auto stated = stated_bands(image);
  if (numbered.empty() && letters.size() == 1) stated.push_back({"BANDS", letters[0]});
  if (numbered.size() == 1) stated.push_back({"BAND0", numbered[0]});
  auto name = image.find_string("EXTNAME").value_or("");
  if (names_band(name, bands)) stated.push_back({"EXTNAME", std::move(name)});
  for (const auto& [card, value] : stated) {
    for (const auto& [other, theirs] : stated) {
      if (compare_bands(value, theirs) != BandMatch::other) continue;
      return fmt::format("{} = '{}', but {} = '{}'", card, value, other, theirs);
    }
  }
  return "";
}

using Planes = std::vector<std::pair<PlanePlace, std::string>>;

Planes planes_of(const std::vector<ImageHdu>& hdus, const BandNames& bands) {
  Planes planes;
  for (const auto& hdu : hdus) {
    if (hdu.axes() == 2) {
      planes.push_back({{hdu.index(), 0}, band_of_image(hdu, bands)});
      continue;
    }
    const auto stated = bands_of_cube(hdu);
    for (int plane = 0; plane < hdu.planes(); ++plane) {
      planes.push_back({{hdu.index(), plane},
                        stated.empty() ? "" : stated[static_cast<std::size_t>(plane)]});
    }
  }
  return planes;
}

bool contradict_themselves(const std::vector<ImageHdu>& hdus, const BandNames& bands) {
  return std::ranges::any_of(
      hdus, [&](const auto& hdu) { return !contradiction(hdu, bands).empty(); });
}

void refuse_contradictions(const std::vector<ImageHdu>& hdus, const PlaneQuery& query) {
  for (const auto& hdu : hdus) {
    const auto text = contradiction(hdu, query.bands);
    if (text.empty()) continue;
    throw DataError(fmt::format(
        "{}: its header says {}; correct it, or {}", hdu.place(), text,
        query.key.starts_with("psf.")
            ? fmt::format("name this band's by {}.hdu", query.key)
            : fmt::format("state {0}.band_order and {0}.accept_header_mismatch: true",
                          query.key)));
  }
}

std::string place_text(const File& file, const PlanePlace& place) {
  return fmt::format("{}, HDU {}, plane {}", file.path(), place.hdu, place.plane);
}

/// The stated order against what the headers say.
void apply_order(const File& file, const PlaneQuery& query, Planes& planes) {
  const auto& order = query.band_order;
  if (order.empty()) return;
  if (order.size() != planes.size()) {
    throw DataError(fmt::format(
        "{}: contains {} planes, but {}.band_order names {} ({})", file.path(),
        planes.size(), query.key, order.size(), fmt::join(order, ", ")));
  }
  for (std::size_t k = 0; k < planes.size(); ++k) {
    auto& [place, band] = planes[k];
    if (!band.empty() && compare_bands(band, order[k]) == BandMatch::other &&
        !query.accept_other_bands) {
      throw DataError(
          fmt::format("{}: is band '{}' by its header, but {}.band_order says {}; "
                      "correct it, or leave it out",
                      place_text(file, place), band, query.key, order[k]));
    }
    band = order[k];
  }
}

bool is_band(const std::string& stated, const std::string& band) {
  return stated == band || compare_bands(stated, band) == BandMatch::same;
}

PlanePlace only_plane_of(const File& file, const Planes& planes,
                         const std::string& band, const std::string& key) {
  const PlanePlace* found = nullptr;
  for (const auto& [place, stated] : planes) {
    if (!is_band(stated, band)) continue;
    if (found != nullptr) {
      throw DataError(fmt::format(
          "{}: contains band {} twice (HDU {}, plane {} and HDU {}, plane {}); where "
          "bricks "
          "overlap, take the images of one; beside models or the like, name the "
          "images' HDUs by {}.{}",
          file.path(), band, found->hdu, found->plane, place.hdu, place.plane, key,
          key.starts_with("psf.") ? "hdu" : "extension"));
    }
    found = &place;
  }
  if (found != nullptr) return *found;
  auto stated = planes | std::views::values |
                std::views::filter([](const auto& text) { return !text.empty(); });
  const std::vector<std::string> names(stated.begin(), stated.end());
  throw DataError(
      names.empty()
          ? fmt::format(
                "{}: its header does not say which band its {} (no BANDS, BAND0 "
                "or BAND); state {}.band_order",
                file.path(),
                planes.size() == 1 ? "image is"
                                   : fmt::format("{} planes are", planes.size()),
                key)
          : fmt::format("{}: has no band {} (it has {})", file.path(), band,
                        fmt::join(names, ", ")));
}

}  // namespace

FoundPlanes find_planes(const File& file, const PlaneQuery& query,
                        const FoundPlanes* like) {
  FoundPlanes found;
  const auto hdus = hdus_of(file, query);
  // Weights and masks repeat the images' cards.
  if (like != nullptr) {
    found.against_headers = like->against_headers;
  } else if (query.accept_other_bands && !query.band_order.empty()) {
    found.against_headers = contradict_themselves(hdus, query.bands);
  }
  if (!found.against_headers) refuse_contradictions(hdus, query);
  found.all = planes_of(hdus, query.bands);
  auto& planes = found.all;
  const bool silent = std::ranges::all_of(
      planes, [](const auto& plane) { return plane.second.empty(); });
  if (query.one_for_all && silent && planes.size() == 1) {
    found.of_band.assign(query.bands.size(), planes.front().first);
    return found;
  }
  if (like == nullptr) {
    const auto stated = planes;
    apply_order(file, query, planes);
    for (std::size_t k = 0; k < planes.size(); ++k) {
      const auto& by_header = stated[k].second;
      found.against_headers = found.against_headers ||
                              (!by_header.empty() && by_header != planes[k].second &&
                               !is_band(by_header, planes[k].second));
    }
  } else if ((silent || like->against_headers) && like->all.size() == planes.size()) {
    for (std::size_t k = 0; k < planes.size(); ++k) {
      planes[k].second = like->all[k].second;
    }
  }
  for (const auto& band : query.bands) {
    found.of_band.push_back(only_plane_of(file, planes, band, query.key));
  }
  return found;
}

}  // namespace lensmill::pipeline
