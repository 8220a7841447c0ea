#include "pipeline/inputs/image_units.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "lib/core/text.hpp"

namespace lensmill::pipeline {
namespace {

using config::WeightKind;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, text) != names.end();
}

/// Takes one of the endings off. \return whether there was one
bool take_off(std::string& text, std::initializer_list<std::string_view> endings) {
  for (const auto ending : endings) {
    if (text.size() <= ending.size() || !text.ends_with(ending)) continue;
    text.erase(text.size() - ending.size());
    return true;
  }
  return false;
}

std::optional<double> zero_point_of(std::string_view base) {
  if (is_one_of(base, {"nmgy", "nmgys", "nanomaggy", "nanomaggies", "nanomaggys",
                       "nmaggy", "nmaggies"})) {
    return 22.5;
  }
  if (is_one_of(base, {"mgy", "maggy", "maggies"})) return 0.0;
  if (is_one_of(base, {"njy", "nanojansky"})) return 31.4;
  if (is_one_of(base, {"ujy", "microjy", "microjansky", "\xc2\xb5jy"})) return 23.9;
  if (is_one_of(base, {"mjy", "millijansky"})) return 16.4;
  if (is_one_of(base, {"jy", "jansky"})) return 8.9;
  return std::nullopt;
}

}  // namespace

ImageUnit image_unit_of(std::string text) {
  // "nanomaggy arcsec**(-2)" and "nanomaggy/arcsec^2" are the same.
  std::erase_if(text, [](char c) {
    return std::string_view(" ._^*()[]'").find(c) != std::string_view::npos;
  });
  ImageUnit unit;
  for (bool more = true; more;) {
    more = take_off(text, {"/pixel", "/pix", "pixel-1", "pix-1"});
    if (take_off(text,
                 {"/arcsec2", "/arcsecond2", "/asec2", "/sqarcsec", "/squarearcsec",
                  "persqarcsec", "arcsec-2", "arcsecond-2", "asec-2"})) {
      unit.per_arcsec2 = more = true;
    } else if (take_off(text, {"/sr", "sr-1", "/beam", "beam-1", "/deg2", "deg-2",
                               "/arcmin2", "arcmin-2"})) {
      unit.per_angle = more = true;
    } else if (take_off(text, {"/second", "/sec", "/s", "second-1", "sec-1", "s-1"})) {
      unit.per_time = more = true;
    }
  }
  unit.magnitude = is_one_of(text, {"mag", "mags", "magnitude", "magnitudes", "abmag",
                                    "magab", "stmag", "vegamag"});
  unit.zero_point_mag = zero_point_of(text);
  unit.counts =
      is_one_of(text, {"adu", "adus", "dn", "count", "counts", "ct", "cts", "electron",
                       "electrons", "e", "e-", "photon", "photons"});
  return unit;
}

WeightUnit weight_unit_of(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '(' || c == ')'; });
  for (const std::string_view power : {"**-2", "^-2", "-2"}) {
    if (!text.ends_with(power)) continue;
    return {WeightKind::invvar, text.substr(0, text.size() - power.size())};
  }
  for (const std::string_view power : {"**2", "^2", "2"}) {
    if (!text.ends_with(power)) continue;
    text.erase(text.size() - power.size());
    if (text.starts_with("1/")) return {WeightKind::invvar, text.substr(2)};
    return {WeightKind::variance, text};
  }
  return {WeightKind::rms, text};
}

std::optional<WeightKind> weight_kind_of_name(std::string_view name) {
  std::string word;
  const auto text = lower_case(name);
  for (std::size_t k = 0; k <= text.size(); ++k) {
    if (k < text.size() && std::isalpha(static_cast<unsigned char>(text[k])) != 0) {
      word += text[k];
      continue;
    }
    if (is_one_of(word, {"rms", "sigma", "std", "stddev", "err", "error", "errors"})) {
      return WeightKind::rms;
    }
    if (is_one_of(word, {"var", "variance"})) return WeightKind::variance;
    if (is_one_of(word, {"invvar", "ivar"})) return WeightKind::invvar;
    word.clear();
  }
  return std::nullopt;
}

}  // namespace lensmill::pipeline
