#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "lib/core/text.hpp"
#include "lib/core/units.hpp"
#include "pipeline/inputs/image_claims.hpp"
#include "pipeline/inputs/image_units.hpp"

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

using config::WeightKind;

std::string_view name_of(WeightKind kind) {
  switch (kind) {
    case WeightKind::invvar: return "inverse variances";
    case WeightKind::variance: return "variances";
    case WeightKind::rms: return "standard deviations";
  }
  return "";
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

/// How to say what a weight is.
std::string advice(const ImageUse& use, WeightKind kind) {
  if (use.section != "noise") {
    return fmt::format("say what it is by weight: {{kind: {}}}", key_of(kind));
  }
  return kind == WeightKind::invvar
             ? "check its header"
             : fmt::format("give a map of 1 / {} (nmgy^-2)",
                           kind == WeightKind::rms ? "sigma^2" : "variance");
}

/// "nanomaggy/arcsec^2": the zero point of one such unit per pixel, where it is known.
std::string per_pixel_zero_point(const ImageUnit& unit, const ImageUse& use) {
  if (!unit.zero_point_mag || !unit.per_arcsec2 || !use.pixel_scale_arcsec) {
    return "the zero_point_mag of one such unit per pixel";
  }
  const double area_arcsec2 = *use.pixel_scale_arcsec * *use.pixel_scale_arcsec;
  return fmt::format(
      "zero_point_mag: {:.4f}, that of one such unit in a pixel of {:.5f} arcsec^2",
      unit.zero_point_mag.value_or(0.0) - 2.5 * std::log10(area_arcsec2), area_arcsec2);
}

/// What is no flux per pixel; "" for what may be one.
std::string not_a_flux(const ImageUnit& unit, const ImageUse& use) {
  if (unit.magnitude) {
    return "magnitudes cannot be added; write the fluxes, 10^(-0.4 (m - "
           "zero_point_mag))";
  }
  // A zero point that is not the base unit's may be that of the unit as it is written.
  const double of_base = unit.zero_point_mag.value_or(std::nan(""));
  const bool stated_otherwise =
      use.zero_point_mag &&
      !(std::abs(of_base - *use.zero_point_mag) <= unit_tolerance_mag);
  if (stated_otherwise) return "";
  if (unit.is_surface_brightness() && (unit.zero_point_mag || !use.zero_point_mag)) {
    return "a surface brightness; multiply it by the pixel's area, or state " +
           per_pixel_zero_point(unit, use);
  }
  if (unit.per_time && unit.zero_point_mag) {
    return "a rate; multiply it by the time, or state the zero_point_mag of one such "
           "unit (if its numbers are fluxes, correct BUNIT)";
  }
  if (unit.counts) return "state the zero_point_mag of one such unit per pixel";
  return "";
}

/// Whether a weight's own unit or name says that it is of another kind than `use` has.
/// \return whether nothing is left to compare
bool compare_weight_kind(const ImageClaims& claims, const ImageUse& use,
                         const WeightUnit& weight, const ImageUnit& base,
                         ClaimFindings& findings) {
  if (!base.zero_point_mag && !base.counts) return true;
  if (weight.kind == use.weight_kind) return false;
  if (weight.kind != WeightKind::rms) {
    findings.problems.push_back(
        fmt::format("{}: its unit is '{}', that of {}, but {} takes it for {}; {}",
                    claims.place, *claims.unit, name_of(weight.kind), use.key,
                    name_of(use.weight_kind), advice(use, weight.kind)));
  } else if (base.zero_point_mag && claims.unit_is_own) {
    // Perhaps the image's own, copied with its header: the image's noise tells.
    findings.warnings.push_back(
        fmt::format("{}: its unit is '{}', that of an image or of standard deviations, "
                    "but {} takes "
                    "it for {}; if it is an rms, {}",
                    claims.place, *claims.unit, use.key, name_of(use.weight_kind),
                    advice(use, WeightKind::rms)));
  }
  return true;
}

void compare_unit(const ImageClaims& claims, const ImageUse& use,
                  ClaimFindings& findings) {
  if (!claims.unit) return;
  std::string text = lower_case(*claims.unit);
  const auto weight = weight_unit_of(text);
  const auto base = image_unit_of(weight.base);
  if (use.is_weight) {
    if (compare_weight_kind(claims, use, weight, base, findings)) return;
    text = weight.base;
  } else if (weight.kind != WeightKind::rms && base.is_flux()) {
    findings.problems.push_back(
        fmt::format("{}: its unit is '{}', that of {}, but {} takes it for an image",
                    claims.place, *claims.unit, name_of(weight.kind), use.key));
    return;
  }
  if (text.empty()) return;
  ImageUnit unit = image_unit_of(text);
  // Mega and milli differ by case alone.
  const bool is_mega = claims.unit->find("MJ") != std::string::npos;
  if (is_mega) unit.zero_point_mag.reset();
  const auto reason = not_a_flux(unit, use);
  if (!reason.empty()) {
    findings.problems.push_back(
        fmt::format("{}: its unit is '{}', but {} takes it for "
                    "{}: {}",
                    claims.place, *claims.unit, use.key, stated(use), reason));
    return;
  }
  const double assumed = use.zero_point_mag.value_or(nanomaggy_zero_point_mag);
  const double of_one =
      unit.is_flux() ? unit.zero_point_mag.value_or(assumed) : assumed;
  if (std::abs(of_one - assumed) <= unit_tolerance_mag) return;
  findings.problems.push_back(fmt::format(
      "{}: its unit is '{}' (one of it is {:g} mag), but {} takes it for {}; state "
      "zero_point_mag: {:g}",
      claims.place, *claims.unit, of_one, use.key, stated(use), of_one));
}

void compare_name(const ImageClaims& claims, const ImageUse& use,
                  ClaimFindings& findings) {
  if (!use.is_weight) return;
  const auto kind = weight_kind_of_name(claims.name);
  if (!kind || *kind == use.weight_kind) return;
  findings.problems.push_back(fmt::format(
      "{}: its name (EXTNAME) is '{}', that of {}, but {} takes it for {}; {}",
      claims.place, claims.name, name_of(*kind), use.key, name_of(use.weight_kind),
      advice(use, *kind)));
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
  compare_name(claims, use, findings);
  compare_zero_point(claims, use, findings);
  compare_scale(claims, use, findings);
  compare_pixel_shape(claims, use, findings);
  compare_filter(claims, use, findings);
  compare_type(claims, use, findings);
  compare_planes(claims, use, findings);
}

}  // namespace lensmill::pipeline
