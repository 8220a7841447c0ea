#include "pipeline/inputs/image_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace lensmill::pipeline {
namespace {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return lower;
}

std::string card(const io::fits::Hdu& hdu, const char* keyword) {
  return lower_case(hdu.find_string(keyword).value_or(""));
}

}  // namespace

bool is_beside_an_image(const io::fits::Hdu& hdu) {
  std::string name = card(hdu, "IMAGETYP");
  if (name == "image") return false;
  if (name.starts_with("exp")) name.clear();  // an exposure of the sky, as others say
  for (const char* keyword : {"EXTNAME", "IMTYPE", "PRODTYPE"}) {
    name += ' ' + card(hdu, keyword);
  }
  // As surveys and telescopes' pipelines name them, with all that begins or ends so.
  constexpr std::array<std::string_view, 19> parts{
      "inv", "ivar", "var",  "wht", "weight", "wt",  "err", "sig", "rms", "unc",
      "dq",  "mask", "flag", "exp", "cov",    "con", "ctx", "psf", "bkg"};
  return std::ranges::any_of(parts, [&](std::string_view part) {
    return name.find(part) != std::string::npos;
  });
}

bool is_named(const io::fits::Hdu& hdu, std::string_view word) {
  const std::string wanted = lower_case(word);
  return std::ranges::any_of(std::array{"IMAGETYP", "EXTNAME"}, [&](const char* key) {
    const std::string name = card(hdu, key);
    if (!name.starts_with(wanted)) return false;
    return name.size() == wanted.size() ||
           std::isalpha(static_cast<unsigned char>(name[wanted.size()])) == 0;
  });
}

std::string described(const io::fits::Hdu& hdu) {
  auto name = hdu.find_string("EXTNAME").value_or("");
  if (name.empty()) name = hdu.find_string("IMAGETYP").value_or("");
  return fmt::format("HDU {}{}", hdu.index(), name.empty() ? "" : " (" + name + ")");
}

}  // namespace lensmill::pipeline
