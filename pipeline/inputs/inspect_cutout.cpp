#include "pipeline/inputs/inspect_cutout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/fits/sky_wcs.hpp"
#include "pipeline/inputs/image_claims.hpp"
#include "pipeline/inputs/image_kind.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::ImageHdu;
using io::fits::SkyWcs;

constexpr double most_misaligned_pix = 0.5;

/// Each HDU once.
std::vector<ImageHdu> hdus_of(const std::vector<OpenPlane>& planes) {
  std::vector<ImageHdu> hdus;
  for (const auto& [hdu, plane] : planes) {
    if (std::ranges::find(hdus, hdu.index(), &ImageHdu::index) == hdus.end()) {
      hdus.push_back(hdu);
    }
  }
  return hdus;
}

std::optional<SkyWcs> wcs_of(const ImageHdu& hdu) {
  if (!wcs_scale_arcsec(hdu)) return std::nullopt;
  try {
    return SkyWcs(hdu);
  } catch (const DataError&) {
    return std::nullopt;  // its bands cannot be compared
  }
}

/// Bands, weights and masks in HDUs of their own must show the same sky in the same
/// pixels.
void compare_places(const std::vector<ImageHdu>& hdus, CutoutFacts& facts) {
  if (hdus.size() < 2) return;
  const auto first = wcs_of(hdus.front());
  if (!first) return;
  const io::fits::FitsPixel corners[] = {
      {1.0, 1.0},
      {static_cast<double>(hdus.front().nx()), static_cast<double>(hdus.front().ny())}};
  for (const auto& hdu : hdus) {
    const auto wcs = wcs_of(hdu);
    if (!wcs) continue;
    double worst = 0.0;
    for (const auto& corner : corners) {
      const auto here = wcs->pixel_of(first->sky_of(corner));
      worst = std::max(worst, here ? std::hypot(here->x - corner.x, here->y - corner.y)
                                   : std::hypot(hdu.nx(), hdu.ny()));
    }
    if (worst <= most_misaligned_pix) continue;
    facts.problems.push_back(
        fmt::format("{}: by its WCS it lies {:.1f} pix from {} (a host's bands, "
                    "weights and masks are taken pixel by pixel)",
                    hdu.place(), worst, hdus.front().place()));
  }
}

void compare(const config::RunConfig& config, const ImageHdu& hdu, bool is_weight,
             const OpenCutout& cutout, CutoutFacts& facts) {
  const auto& host = config.host;
  ClaimFindings findings;
  const auto claims = claims_of(hdu);
  compare_claims(claims,
                 {.key = is_weight ? "host.cutouts.weight" : "host.cutouts.files",
                  .section = "host.cutouts",
                  .band = {},
                  .zero_point_mag = host.zero_point_mag,
                  .pixel_scale_arcsec = host.pixel_scale_arcsec,
                  .is_weight = is_weight,
                  .weight_kind = host.weight_kind,
                  .is_cube_of_hosts = false},
                 findings);
  std::ranges::move(findings.problems, std::back_inserter(facts.problems));
  std::ranges::move(findings.warnings, std::back_inserter(facts.warnings));
  if (is_weight || !host.cutout_files->scale_from_header) return;
  if (claims.wcs_scale_arcsec || claims.scale_arcsec) return;
  facts.problems.push_back(fmt::format(
      "{}: its header states no pixel scale (no WCS, PIXSCALE or SECPIX); state "
      "host.cutouts.pixel_scale_arcsec",
      cutout.images.front().hdu.place()));
}

std::string text_of_card(const ImageHdu& hdu, const std::string& card) {
  for (const io::fits::Hdu& place : {static_cast<io::fits::Hdu>(hdu), hdu.primary()}) {
    auto text = place.find_string(card).value_or("");
    const auto end = text.find_last_not_of(' ');
    const auto begin = text.find_first_not_of(' ');
    if (end != std::string::npos) return text.substr(begin, end - begin + 1);
  }
  throw DataError(fmt::format("{}: has no card {}, which host.cutouts.id_card names",
                              hdu.place(), card));
}

}  // namespace

CutoutFacts inspect_cutout(const config::RunConfig& config, const CutoutPaths& paths,
                           std::size_t index, int ny, int nx) {
  const auto& section = *config.host.cutout_files;
  const auto cutout = open_cutout(config.host, config.bands, paths, index);
  const auto& first = cutout.images.front().hdu;
  if (first.ny() != ny || first.nx() != nx) {
    throw DataError(fmt::format(
        "{}: has {} x {} pixels, but the first host's file {} has {} x {}; all cutouts "
        "must be of one size",
        first.place(), first.ny(), first.nx(), paths.images.front(), ny, nx));
  }
  CutoutFacts facts;
  if (!section.id_card.empty()) facts.id = text_of_card(first, section.id_card);
  const auto images = hdus_of(cutout.images);
  for (const auto& hdu : images) compare(config, hdu, false, cutout, facts);
  for (const auto& hdu : hdus_of(cutout.weights)) {
    compare(config, hdu, true, cutout, facts);
  }
  // Weights and masks of another galaxy have its place.
  auto all = images;
  std::ranges::move(hdus_of(cutout.weights), std::back_inserter(all));
  for (const auto& mask : cutout.masks) {
    std::vector<OpenPlane> planes;
    for (const auto& [rule, plane] : mask) planes.push_back(plane);
    std::ranges::move(hdus_of(planes), std::back_inserter(all));
  }
  compare_places(all, facts);
  if (cutout.weights.empty()) {
    const auto file = io::fits::File::open(paths.images[index]);
    for (const int hdu : file.image_hdus()) {
      const auto other = file.hdu(hdu);
      if (is_named(other, "INVVAR") || is_named(other, "IVAR")) {
        facts.has_unused_invvar = true;
      }
    }
  }
  return facts;
}

}  // namespace lensmill::pipeline
