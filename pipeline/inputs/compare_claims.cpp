#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "lib/core/text.hpp"
#include "lib/core/units.hpp"
#include "pipeline/inputs/image_claims.hpp"

namespace lensmill::pipeline {
namespace {

// A unit is exact: what is left is the zero point's rounding.
constexpr double unit_tolerance_mag = 0.01;
// A pipeline's own zero points lie up to 0.2 mag from a later calibration (DECam's
// MAGZERO, say); counts per second instead of per exposure are 4 to 6 mag off.
constexpr double noticed_zero_point_mag = 0.3;
constexpr double refused_zero_point_mag = 1.0;
// Nominal scales are rounded (0.27 for DECam's 0.262).
constexpr double largest_nominal_mismatch = 0.05;

/// A unit of pixel values, of its text.
struct Unit {
  std::optional<double> zero_point_mag;  ///< AB magnitude of one of it
  bool counts = false;                   ///< of a detector: of no zero point by itself
  bool per_angle = false;                ///< per steradian or beam: no flux per pixel
};

Unit unit_of(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '.' || c == '_'; });
  for (const std::string_view suffix : {"/pixel", "/pix", "pixel-1", "pix-1"}) {
    if (text.ends_with(suffix)) text.erase(text.size() - suffix.size());
  }
  for (const std::string_view suffix : {"/sr", "sr-1", "/beam", "/arcsec2"}) {
    if (text.ends_with(suffix)) return {.zero_point_mag = {}, .per_angle = true};
  }
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, text) != names.end();
  };
  if (is_one_of({"nmgy", "nmgys", "nanomaggy", "nanomaggies", "nmaggy"})) {
    return {.zero_point_mag = 22.5};
  }
  if (is_one_of({"mgy", "maggy", "maggies"})) return {.zero_point_mag = 0.0};
  if (is_one_of({"njy", "nanojansky"})) return {.zero_point_mag = 31.4};
  if (is_one_of({"ujy", "microjy", "microjansky", "\xc2\xb5jy"})) {
    return {.zero_point_mag = 23.9};
  }
  if (is_one_of({"mjy", "millijansky"})) return {.zero_point_mag = 16.4};
  if (is_one_of({"jy", "jansky"})) return {.zero_point_mag = 8.9};
  for (const std::string_view suffix : {"/s", "/sec", "/second", "s-1"}) {
    if (text.ends_with(suffix)) {
      text.erase(text.size() - suffix.size());
      break;
    }
  }
  if (is_one_of({"adu", "adus", "dn", "count", "counts", "ct", "cts", "electron",
                 "electrons", "e", "e-", "photon", "photons"})) {
    return {.zero_point_mag = {}, .counts = true};
  }
  return {};
}

using config::WeightKind;

std::string_view name_of(WeightKind kind) {
  switch (kind) {
    case WeightKind::invvar: return "inverse variances";
    case WeightKind::variance: return "variances";
    case WeightKind::rms: return "standard deviations";
  }
  return "";
}

/// What the unit of a weight says that it is, and of which unit's noise: "nanomaggy" of
/// "1/nanomaggy^2".
struct WeightUnit {
  WeightKind kind = WeightKind::invvar;
  std::string base;  ///< "" where it is no power of a unit
};
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

std::string_view key_of(WeightKind kind) {
  switch (kind) {
    case WeightKind::invvar: return "invvar";
    case WeightKind::variance: return "variance";
    case WeightKind::rms: return "rms";
  }
  return "";
}

std::string stated(const ImageUse& use) {
  return use.zero_point_mag ? fmt::format("zero_point_mag {:g}", *use.zero_point_mag)
                            : std::string("nmgy");
}

void compare_unit(const ImageClaims& claims, const ImageUse& use,
                  ClaimFindings& findings) {
  if (!claims.unit) return;
  std::string text = lower_case(*claims.unit);
  if (use.is_weight) {
    const auto weight = weight_unit_of(text);
    const Unit base = unit_of(weight.base);
    if (!base.zero_point_mag && !base.counts) return;
    // Often the image's own unit, copied with its header.
    if (weight.kind == WeightKind::rms && use.weight_kind != weight.kind) return;
    if (weight.kind != use.weight_kind) {
      findings.problems.push_back(fmt::format(
          "{}: its unit is '{}', that of {}, but {} takes it for {}; say what it is by "
          "weight: {{kind: {}}}",
          claims.place, *claims.unit, name_of(weight.kind), use.key,
          name_of(use.weight_kind), key_of(weight.kind)));
      return;
    }
    text = weight.base;
  } else if (const auto weight = weight_unit_of(text);
             weight.kind != WeightKind::rms && unit_of(weight.base).zero_point_mag) {
    findings.problems.push_back(
        fmt::format("{}: its unit is '{}', that of {}, but {} takes it for an image",
                    claims.place, *claims.unit, name_of(weight.kind), use.key));
    return;
  }
  if (text.empty()) return;
  const Unit unit = unit_of(text);
  // Mega and milli differ by case alone.
  if (unit.zero_point_mag && claims.unit->find("MJ") != std::string::npos) return;
  const double assumed = use.zero_point_mag.value_or(nanomaggy_zero_point_mag);
  if (unit.zero_point_mag) {
    if (std::abs(*unit.zero_point_mag - assumed) <= unit_tolerance_mag) return;
    findings.problems.push_back(fmt::format(
        "{}: its unit is '{}' (one of it is {:g} mag), but {} takes it for {}; state "
        "zero_point_mag: {:g}",
        claims.place, *claims.unit, *unit.zero_point_mag, use.key, stated(use),
        *unit.zero_point_mag));
  } else if ((unit.counts || unit.per_angle) && !use.zero_point_mag) {
    findings.problems.push_back(
        fmt::format("{}: its unit is '{}', but {} takes it for nmgy; state the "
                    "zero_point_mag of one such unit per pixel",
                    claims.place, *claims.unit, use.key));
  }
}

void compare_zero_point(const ImageClaims& claims, const ImageUse& use,
                        ClaimFindings& findings) {
  if (!claims.zero_point_mag || use.is_weight) return;
  const double assumed = use.zero_point_mag.value_or(nanomaggy_zero_point_mag);
  const auto& [keyword, mag] = *claims.zero_point_mag;
  const double difference = std::abs(mag - assumed);
  if (difference <= noticed_zero_point_mag) return;
  auto text = fmt::format(
      "{}: {} is {:.3f} mag, but {} takes the image for {} ({:+.2f} mag); check which "
      "is right",
      claims.place, keyword, mag, use.key, stated(use), assumed - mag);
  (difference > refused_zero_point_mag ? findings.problems : findings.warnings)
      .push_back(std::move(text));
}

void compare_scale(const ImageClaims& claims, const ImageUse& use,
                   ClaimFindings& findings) {
  if (!use.pixel_scale_arcsec) return;
  const double assumed = *use.pixel_scale_arcsec;
  const bool wcs = claims.wcs_scale_arcsec.has_value();
  if (!wcs && !claims.scale_arcsec) return;
  const double scale = wcs ? *claims.wcs_scale_arcsec : claims.scale_arcsec->value;
  const double mismatch = scale / assumed - 1.0;
  if (std::abs(mismatch) <=
      (wcs ? use.largest_scale_mismatch : largest_nominal_mismatch)) {
    return;
  }
  findings.problems.push_back(fmt::format(
      "{}: its pixels are {:.5f} arcsec by its {}, but {} takes them for {} arcsec "
      "({:+.1f} %); nothing is resampled",
      claims.place, scale, wcs ? "WCS" : claims.scale_arcsec->keyword, use.key, assumed,
      100.0 * mismatch));
}

void compare_pixel_shape(const ImageClaims& claims, const ImageUse& use,
                         ClaimFindings& findings) {
  if (!use.pixel_scale_arcsec || !claims.local_scale || use.is_whole_image) return;
  const double assumed = *use.pixel_scale_arcsec;
  const auto& [mean, least, largest] = *claims.local_scale;
  const double mismatch = std::abs(mean / assumed - 1.0);
  const double stretch = std::max(largest / assumed - 1.0, 1.0 - least / assumed);
  if (mismatch <= use.largest_scale_mismatch && stretch <= largest_stretch) return;
  const double linear = claims.wcs_scale_arcsec.value_or(assumed) / assumed - 1.0;
  if (std::abs(linear) > use.largest_scale_mismatch) return;  // compare_scale says so
  findings.problems.push_back(fmt::format(
      "{}: its pixels are {:.5f} arcsec by its WCS where the host is, {:.5f} to {:.5f} "
      "by direction, but {} takes them for squares of {} arcsec (more than {:g} %, in "
      "one direction {:g} %, is refused; nothing is resampled)",
      claims.place, mean, least, largest, use.key, assumed,
      100.0 * use.largest_scale_mismatch, 100.0 * largest_stretch));
}

void compare_filter(const ImageClaims& claims, const ImageUse& use,
                    ClaimFindings& findings) {
  if (use.band.empty()) return;
  for (const auto& [card, value] : claims.filters) {
    if (compare_bands(value, use.band) != BandMatch::other) continue;
    findings.problems.push_back(fmt::format(
        "{}: states {} = '{}', another band than {}, which {} takes it for; name this "
        "band's file or HDU",
        claims.place, card, value, use.band, use.key));
  }
}

void compare_type(const ImageClaims& claims, const ImageUse& use,
                  ClaimFindings& findings) {
  if (!claims.type) return;
  const auto type = lower_case(*claims.type);
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, type) != names.end();
  };
  const bool other = is_one_of({"nexp", "expmap", "dqmask", "mask", "maskbits"});
  const bool weight = is_one_of({"invvar", "ivar", "wtmap", "weight"});
  const bool as_stated = use.is_weight && use.weight_kind == WeightKind::invvar;
  if (!other && (as_stated || !weight)) return;
  findings.problems.push_back(fmt::format(
      "{}: says of itself that it is '{}', but {} takes it for {}", claims.place,
      *claims.type, use.key, use.is_weight ? name_of(use.weight_kind) : "an image"));
}

void compare_planes(const ImageClaims& claims, const ImageUse& use,
                    ClaimFindings& findings) {
  const auto planes = static_cast<std::size_t>(claims.planes);
  if (!use.is_cube_of_hosts || claims.axes != 3 || planes < 2) return;
  if (claims.bands.size() != planes) return;
  findings.problems.push_back(fmt::format(
      "{}: its {} planes are the bands {} of one host by its header, but {} takes them "
      "for {} hosts in one band; where each host has a file of its own, name "
      "them by host.cutouts: {{files: ...}} (or write one cube [1, y, x] per band)",
      claims.place, planes, fmt::join(claims.bands, ", "), use.key, planes));
}

}  // namespace

void compare_claims(const ImageClaims& claims, const ImageUse& use,
                    ClaimFindings& findings) {
  compare_unit(claims, use, findings);
  compare_zero_point(claims, use, findings);
  compare_scale(claims, use, findings);
  compare_pixel_shape(claims, use, findings);
  compare_filter(claims, use, findings);
  compare_type(claims, use, findings);
  compare_planes(claims, use, findings);
}

}  // namespace lensmill::pipeline
