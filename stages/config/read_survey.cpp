#include <fmt/format.h>

#include <array>

#include "stages/config/read_mapping.hpp"
#include "stages/config/read_weights.hpp"
#include "stages/config/section_readers.hpp"

namespace lensmill::config {
namespace {

constexpr std::array<std::string_view, 2> units_of_images = {"zero_point_mag", "units"};
constexpr Named<bool> image_units[] = {{"nmgy", true}};
constexpr Named<HostPolicy> policies[] = {{"once", HostPolicy::once},
                                          {"reuse", HostPolicy::reuse}};
constexpr Named<PositionFrame> frames[] = {{"sky", PositionFrame::sky},
                                           {"pixel", PositionFrame::pixel}};
constexpr Bounds hdus = closed(0.0, 10000.0);

int hdu_of(const Section& band, std::string_view key) {
  return band.has(key) ? static_cast<int>(band.integer(key, hdus)) : -1;
}

/// A file of inverse variances, or a map that says what it is.
void read_weight(const Section& band, SurveyBand& out) {
  band.describe("weight", "file, or a map");
  if (band.is_map("weight")) {
    const Section weight = band.section("weight");
    const auto [kind, is_mask] = read_weight_kind(weight);
    const auto file = weight.existing_file("file");
    const int hdu = hdu_of(weight, "hdu");
    if (is_mask) {
      out.masks.push_back(read_mask(weight));
      out.masks.back().file = file;
      out.masks.back().hdu = hdu;
    } else {
      out.weight = file;
      out.weight_hdu = hdu;
      out.weight_kind = kind;
    }
  } else if (band.has("weight")) {
    out.weight = band.existing_file("weight");
    out.weight_hdu = hdu_of(band, "weight_hdu");
    return;
  }
  if (band.has("weight_hdu")) {
    band.problem("weight_hdu", "goes with `weight: FILE`, which is not there");
  }
}

SurveyBand read_band(const Section& band, bool sky_subtracted) {
  SurveyBand out;
  out.image = band.existing_file("image");
  out.hdu = hdu_of(band, "hdu");
  read_weight(band, out);
  const Section masks = band.section("masks");
  for (const auto& name : masks.keys()) {
    const Section mask = masks.member(name, "<name>");
    out.masks.push_back(read_mask(mask));
    out.masks.back().file = mask.existing_file("file");
    out.masks.back().hdu = hdu_of(mask, "hdu");
  }
  if (const auto unit = band.one_of(units_of_images)) {
    if (*unit == "units") {
      band.choice<bool>("units", image_units);
    } else {
      out.zero_point_mag = band.number("zero_point_mag", closed(0.0, 60.0));
    }
  }
  out.sky = band.optional_number("sky", any_number);
  if (out.sky && sky_subtracted) {
    band.problem("sky", "nothing is subtracted with `sky_subtracted: true`");
  }
  out.astrometric_offset_arcsec = band.pair(
      "astrometric_offset_arcsec", closed(-60.0, 60.0), out.astrometric_offset_arcsec);
  return out;
}

SurveyPositions read_positions(const Section& survey) {
  const Section positions = survey.required_section("positions");
  SurveyPositions out;
  out.file = positions.existing_file("file");
  if (positions.has("columns")) {
    out.columns = positions.texts("columns");
    if (out.columns.size() != 2) {
      positions.problem("columns",
                        fmt::format("must be two names (got {})", out.columns.size()));
    }
    out.frame = positions.choice<PositionFrame>("frame", frames, out.frame);
  } else if (positions.has("frame")) {
    positions.problem("frame",
                      "goes with `columns`, the names that it is the frame of");
  }
  out.cuts = read_cuts(positions);
  return out;
}

}  // namespace

void read_survey(const Section& host, RunConfig& config) {
  const Section survey = host.section("survey");
  auto& out = config.host;
  SurveySection section;
  section.sky_subtracted = survey.flag("sky_subtracted");
  std::size_t weights = 0;
  for (const auto& band : config.bands) {
    if (!survey.has(band)) {
      survey.problem(band, "required, but missing (the survey image of this band)");
      continue;
    }
    section.bands.push_back(
        read_band(survey.member(band, "<band>"), section.sky_subtracted));
    if (!section.bands.back().weight.empty()) ++weights;
  }
  section.positions = read_positions(survey);
  section.min_valid_fraction = survey.number(
      "min_valid_fraction", above_up_to(0.0, 1.0), section.min_valid_fraction);
  out.invvar_includes_source_poisson =
      survey.optional_flag("weight_includes_source_poisson");
  out.accept_header_mismatch =
      survey.flag("accept_header_mismatch", out.accept_header_mismatch);
  out.accept_weight_mismatch =
      survey.flag("accept_weight_mismatch", out.accept_weight_mismatch);
  if (weights > 0 && weights < section.bands.size()) {
    survey.problem("", "give a weight for every band, or for none");
  }
  if (weights > 0 && !out.invvar_includes_source_poisson) {
    survey.problem("weight_includes_source_poisson",
                   "required with weight, but missing (true or false: whether the "
                   "host's own Poisson noise is in it)");
  }
  out.mag_aperture_arcsec =
      survey.number("mag_aperture_arcsec", positive, out.mag_aperture_arcsec);
  out.policy = survey.choice<HostPolicy>("host_policy", policies, out.policy);
  // The images are not resampled: opening them compares their scale with the grid's.
  out.pixel_scale_arcsec = config.grid.pixel_scale_arcsec;
  out.survey = std::move(section);
  // A band that the run leaves out still has its map here.
  for (const auto& key : survey.keys()) {
    const Node* value = survey.raw(key);
    if (!survey.asked(key) && value != nullptr && value->find("image") != nullptr) {
      survey.has(key);
      survey.warning(key, "not used (the run has no such band)");
    }
  }
}

}  // namespace lensmill::config
