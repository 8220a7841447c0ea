#include "pipeline/inputs/inspect_cutout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "pipeline/inputs/compare_places.hpp"
#include "pipeline/inputs/hosts_in_order.hpp"
#include "pipeline/inputs/image_claims.hpp"
#include "pipeline/inputs/image_kind.hpp"

namespace lensmill::pipeline {
namespace {

using io::fits::ImageHdu;

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

/// Bands, weights and masks in HDUs of their own must show the same sky in the same
/// pixels.
void compare_places(const std::vector<ImageHdu>& hdus, CutoutFacts& facts) {
  for (const auto& hdu : hdus) {
    auto text = misplaced(hdus.front(), hdu);
    if (text.empty()) continue;
    facts.problems.push_back(
        text + " (a host's bands, weights and masks are taken pixel by pixel)");
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

/// A card of the image, else of the primary; "" without.
std::string text_of_card(const ImageHdu& hdu, const std::string& card) {
  for (const io::fits::Hdu& place : {static_cast<io::fits::Hdu>(hdu), hdu.primary()}) {
    std::string text;
    try {
      text = place.find_string(card).value_or("");
    } catch (const DataError&) {
      continue;  // neither text nor number
    }
    const auto end = text.find_last_not_of(' ');
    const auto begin = text.find_first_not_of(' ');
    if (end != std::string::npos) return text.substr(begin, end - begin + 1);
  }
  return "";
}

std::string required_card(const ImageHdu& hdu, const std::string& card) {
  auto text = text_of_card(hdu, card);
  if (!text.empty()) return text;
  throw DataError(fmt::format("{}: has no card {}, which host.cutouts.id_card names",
                              hdu.place(), card));
}

/// The card that says that an HDU of a host's files is of another object, and what it
/// says there; "".
std::string other_object(const config::CutoutFiles& section, const ImageHdu& hdu,
                         const ImageHdu& image, const std::string& id,
                         const KnownIds& known) {
  const auto wanted = comparable_id(id);
  const auto says = [&](const std::string& card, const std::string& text) {
    return fmt::format("{} = {}", card, text);
  };
  for (const auto& card : {section.id_card, section.id_column}) {
    if (card.empty()) continue;
    const auto text = text_of_card(hdu, card);
    if (!text.empty() && comparable_id(text) != wanted) return says(card, text);
  }
  for (const std::string card : object_names) {
    const auto text = text_of_card(hdu, card);
    if (text.empty() || comparable_id(text) == wanted) continue;
    if (known.has(text)) return says(card, text);
    if (card == "OBJECT" || card == "ID") continue;
    const auto theirs = text_of_card(image, card);
    if (theirs.empty() || comparable_id(theirs) == comparable_id(text)) continue;
    return fmt::format("{}, where {} says {},", says(card, text), image.place(),
                       theirs);
  }
  return "";
}

void compare_objects(const config::RunConfig& config, const std::vector<ImageHdu>& hdus,
                     const KnownIds& known, std::size_t index, CutoutFacts& facts) {
  for (const auto& hdu : hdus) {
    const auto other =
        other_object(*config.host.cutout_files, hdu, hdus.front(), facts.id, known);
    if (other.empty()) continue;
    facts.problems.push_back(fmt::format(
        "{}: is of {} by its header, but was given for host {} ({}); correct {}",
        hdu.place(), other, index, facts.id,
        config.host.cutout_files->id_column.empty()
            ? "the files' names or their order"
            : "the table, or the files' names or their order"));
  }
}

}  // namespace

KnownIds::KnownIds(const std::vector<std::string>& of_host) : of_host_(of_host) {
  std::ranges::transform(of_host, std::back_inserter(sorted_), comparable_id);
  std::ranges::sort(sorted_);
}

std::string KnownIds::of(std::size_t host) const {
  return host < of_host_.size() ? of_host_[host] : "";
}

bool KnownIds::has(const std::string& id) const {
  return std::ranges::binary_search(sorted_, comparable_id(id));
}

CutoutFacts inspect_cutout(const config::RunConfig& config, const CutoutPaths& paths,
                           const KnownIds& known, std::size_t index, int ny, int nx) {
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
  facts.id = known.of(index);
  if (!section.id_card.empty()) facts.id = required_card(first, section.id_card);
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
  compare_objects(config, all, known, index, facts);
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
