#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "lib/core/errors.hpp"
#include "pipeline/inputs/band_of_header.hpp"
#include "pipeline/inputs/psf_header.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::File;
using io::fits::PsfexPlace;

constexpr std::size_t most_listed = 8;

/// "a; b; c and 12 more".
std::string listed(const std::vector<std::string>& texts) {
  const std::vector<std::string> first(
      texts.begin(),
      texts.begin() + static_cast<std::ptrdiff_t>(std::min(texts.size(), most_listed)));
  const std::string more = texts.size() > most_listed
                               ? fmt::format(" and {} more", texts.size() - most_listed)
                               : "";
  return fmt::format("{}{}", fmt::join(first, "; "), more);
}

/// What an image's header says of its band; its name where the header names none.
std::vector<StatedBand> names_of(const io::fits::Hdu& image) {
  auto stated = stated_bands(image);
  if (!stated.empty()) return stated;
  const auto name = image.find_string("EXTNAME").value_or("");
  if (!name.empty()) stated.push_back({"EXTNAME", name});
  return stated;
}

/// Whether an HDU is an image or a cube, compressed or not.
bool may_be_kernel(const io::fits::Hdu& hdu) {
  const auto axes = hdu.find_integer("ZNAXIS");
  const auto count = axes ? *axes : hdu.find_integer("NAXIS").value_or(0);
  return count == 2 || count == 3;
}

std::string trimmed(std::string text) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)); };
  while (!text.empty() && space(text.back()) != 0) text.pop_back();
  while (!text.empty() && space(text.front()) != 0) text.erase(text.begin());
  return text;
}

bool same_name(const std::string& a, const std::string& b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
    return std::toupper(x) == std::toupper(y);
  });
}

std::string description(const PsfexPlace& place) {
  return fmt::format("HDU {} row {}{}{}", place.hdu, place.row,
                     place.ccdname.empty() ? "" : ": CCDNAME " + place.ccdname,
                     place.exposure.empty() ? "" : ", EXPNUM " + place.exposure);
}

std::string descriptions(const std::vector<PsfexPlace>& places) {
  std::vector<std::string> texts;
  for (const auto& place : places) texts.push_back(description(place));
  return listed(texts);
}

/// Leave those for which `keep` holds. \throws ConfigError if none does
template <class Keep>
void narrow(std::vector<PsfexPlace>& places, const std::string& key,
            const std::string& wanted, const std::string& file, Keep keep) {
  std::vector<PsfexPlace> left;
  std::ranges::copy_if(places, std::back_inserter(left), keep);
  if (left.empty()) {
    throw ConfigError(fmt::format("{}: {} has no such model (asked for {}; it has {})",
                                  key, file, wanted, descriptions(places)));
  }
  places = std::move(left);
}

}  // namespace

int choose_image(const File& file, const PsfQuestion& question) {
  if (question.section.hdu >= 0) return question.section.hdu;
  auto hdus = file.image_hdus();
  // A list of wavelengths or the like is no kernel.
  std::erase_if(hdus, [&](int hdu) { return !may_be_kernel(file.hdu(hdu)); });
  if (hdus.empty()) return file.first_image().index();  // says why that is none
  if (hdus.size() == 1) return hdus.front();
  std::vector<int> of_band;
  std::vector<std::string> texts;
  for (const int hdu : hdus) {
    std::string text = fmt::format("HDU {}", hdu);
    bool match = false;
    for (const auto& stated : names_of(file.hdu(hdu))) {
      text += fmt::format(" {} {}", stated.card, stated.value);
      match =
          match || compare_bands(stated.value, question.wanted()) == BandMatch::same;
    }
    texts.push_back(std::move(text));
    if (match) of_band.push_back(hdu);
  }
  if (of_band.size() == 1) return of_band.front();
  throw ConfigError(
      fmt::format("{}.hdu: required, since {} contains {} images and {} of them {} of "
                  "band {} by its "
                  "header ({}); name the one that is meant (0 is the primary)",
                  question.where(), file.path(), hdus.size(),
                  of_band.empty() ? "none" : std::to_string(of_band.size()),
                  of_band.empty() ? "is" : "are", question.wanted(), listed(texts)));
}

PsfexPlace choose_model(const File& file, const PsfQuestion& question) {
  auto places = io::fits::psfex_places(file);
  if (places.empty()) {
    throw DataError(file.path() + ": the table with PSF_MASK has no rows");
  }
  for (auto& place : places) place.ccdname = trimmed(place.ccdname);
  const auto& section = question.section;
  if (section.hdu >= 0) {
    narrow(places, question.where() + ".hdu", fmt::format("HDU {}", section.hdu),
           file.path(), [&](const auto& place) { return place.hdu == section.hdu; });
  }
  if (!section.ccdname.empty()) {
    narrow(
        places, question.where() + ".ccdname", section.ccdname, file.path(),
        [&](const auto& place) { return same_name(place.ccdname, section.ccdname); });
  }
  if (section.row >= 0) {
    narrow(places, question.where() + ".row", fmt::format("row {}", section.row),
           file.path(), [&](const auto& place) { return place.row == section.row; });
  }
  if (places.size() == 1) return places.front();
  throw ConfigError(
      fmt::format("{}: {} contains {} PSFEx models that answer to it ({}), and each is "
                  "another CCD's; "
                  "name one by `hdu`, `ccdname` or `row` (from 0)",
                  question.where(), file.path(), places.size(), descriptions(places)));
}

}  // namespace lensmill::pipeline
