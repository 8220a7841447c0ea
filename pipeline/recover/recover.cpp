#include "pipeline/recover/recover.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <utility>

#include "lib/core/errors.hpp"
#include "lib/core/status.hpp"
#include "pipeline/recover/match_passes.hpp"
#include "pipeline/recover/usual_bins.hpp"

namespace lensmill::pipeline {
namespace {

using recovery::Frame;
using recovery::Outcome;
using recovery::Position;

constexpr double much_by_density = 0.05;

bool was_painted(std::int64_t status) {
  return status == static_cast<std::int64_t>(Status::ok) ||
         status == static_cast<std::int64_t>(Status::ring);
}

std::string status_words(std::int64_t status) {
  for (const auto known : all_statuses) {
    if (static_cast<std::int64_t>(known) == status) {
      return fmt::format("status {} ({})", status, to_string(known));
    }
  }
  return fmt::format("status {}", status);
}

/// Files in the order of their passes.
void read_files(RecoverResult& result) {
  const auto& truth = result.truth;
  const std::set<std::int64_t> passes(truth.pass.begin(), truth.pass.end());
  std::map<std::int64_t, std::string> files;
  for (const auto& [stated, file] : result.request.detections) {
    if (!stated && passes.size() > 1) {
      throw UsageError(fmt::format(
          "recover: --detections {}: the field has the passes {}; say whose detections "
          "these are, e.g. {}={}",
          file, fmt::join(passes, ", "), *passes.begin(), file));
    }
    const auto pass = stated ? *stated : passes.empty() ? 0 : *passes.begin();
    if (!passes.empty() && !passes.contains(pass)) {
      throw UsageError(
          fmt::format("recover: --detections {}={}: the field has no such "
                      "pass (it has {})",
                      pass, file, fmt::join(passes, ", ")));
    }
    if (!files.emplace(pass, file).second) {
      throw UsageError(
          fmt::format("recover: --detections: pass {} has two files ({}, {}); give one "
                      "catalogue per "
                      "pass",
                      pass, files[pass], file));
    }
  }
  auto columns = result.request.columns;
  columns.flux = columns.mag = std::nullopt;
  for (const auto& [pass, file] : files) {
    result.pass.push_back(pass);
    result.detections.push_back(read_detections(file, columns));
  }
  if (result.request.empty.empty()) return;
  columns = result.request.columns;
  columns.score = columns.id = std::nullopt;
  result.empty = read_detections(result.request.empty, columns);
}

Frame common_frame(const RecoverResult& result) {
  const auto& first = result.detections.front();
  std::vector<const Detections*> all;
  for (const auto& file : result.detections) all.push_back(&file);
  if (result.empty) all.push_back(&*result.empty);
  for (const auto* file : all) {
    if (file->frame == first.frame) continue;
    throw DataError(fmt::format(
        "{} has positions {}, but {} has {}; say by --x and --y or --ra and --dec "
        "which "
        "both have",
        first.path, first.positions_text, file->path, file->positions_text));
  }
  return first.frame;
}

std::vector<Position> truth_positions(const TruthTable& truth, Frame frame) {
  std::vector<Position> positions(truth.rows());
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    if (frame == Frame::image) {
      positions[row] = recovery::on_image(truth.x_pix[row], truth.y_pix[row],
                                          truth.pixel_scale_arcsec);
      continue;
    }
    const double ra = truth.ra_deg[row], dec = truth.dec_deg[row];
    if (was_painted(truth.status[row]) && !(std::isfinite(ra) && std::isfinite(dec))) {
      throw DataError(fmt::format(
          "{}: has no position on the sky (a field without a world coordinate "
          "system?), which the detections are given by; give them in pixels (--x, --y)",
          truth.where(row)));
    }
    positions[row] = recovery::on_sky(ra, dec);
  }
  return positions;
}

bool is_on_image(double x_pix, double y_pix, const TruthTable& truth) {
  return x_pix >= -0.5 && y_pix >= -0.5 &&
         x_pix < static_cast<double>(truth.nx) - 0.5 &&
         y_pix < static_cast<double>(truth.ny) - 0.5;
}

void count_outside(RecoverResult& result, Frame frame) {
  if (frame != Frame::image) return;
  for (const auto& file : result.detections) {
    std::int64_t outside = 0;
    for (std::size_t row = 0; row < file.rows(); ++row) {
      if (!is_on_image(file.first[row], file.second[row], result.truth)) ++outside;
    }
    if (outside == 0) continue;
    if (outside == static_cast<std::int64_t>(file.rows())) {
      throw DataError(fmt::format(
          "{}: all {} detections are outside the field's image ({} x {} pixels); are "
          "they of this field, in pixels?",
          file.path, outside, result.truth.nx, result.truth.ny));
    }
    result.outside_image += outside;
    result.warnings.push_back(fmt::format(
        "{}: {} of {} detections are outside the field's image ({} x {} pixels)",
        file.path, outside, file.rows(), result.truth.nx, result.truth.ny));
  }
}

/// What each row counts for, before ambiguity; rows of no file have file = nothing.
void set_states(RecoverResult& result) {
  const auto& truth = result.truth;
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    auto& injection = result.injections[row];
    const auto at = std::ranges::find(result.pass, truth.pass[row]);
    injection.file = at == result.pass.end()
                         ? recovery::nothing
                         : static_cast<std::size_t>(at - result.pass.begin());
    injection.state = injection.file == recovery::nothing ? InjectionState::not_searched
                      : !was_painted(truth.status[row])   ? InjectionState::bad_status
                      : !is_on_image(truth.x_pix[row], truth.y_pix[row], truth)
                          ? InjectionState::off_image
                          : InjectionState::counted;
  }
}

void count(RecoverResult& result) {
  for (std::size_t row = 0; row < result.injections.size(); ++row) {
    const auto& injection = result.injections[row];
    switch (injection.state) {
      case InjectionState::counted: break;
      case InjectionState::not_searched:
        ++result.left_out[fmt::format("pass {}, without detections",
                                      result.truth.pass[row])];
        continue;
      case InjectionState::bad_status:
        ++result.left_out[status_words(result.truth.status[row])];
        continue;
      case InjectionState::off_image:
        ++result.left_out["centre off the image"];
        continue;
      case InjectionState::ambiguous:
        ++result.left_out[fmt::format("ambiguous within {} arcsec",
                                      *result.request.ambiguity_cut_arcsec)];
        continue;
    }
    if (result.truth.status[row] == static_cast<std::int64_t>(Status::ring)) {
      ++result.rings;
    }
    ++result.recovered.of;
    if (injection.match.outcome == Outcome::matched) ++result.recovered.part;
    if (injection.match.outcome == Outcome::shared) ++result.shared;
    if (injection.match.detections_within > 1) ++result.several;
    if (injection.match.tie) ++result.ties;
    if (!result.empty) continue;
    ++result.by_chance.of;
    if (injection.by_chance) ++result.by_chance.part;
    if (injection.match.outcome != Outcome::matched) continue;
    ++result.ambiguous_matches.of;
    if (injection.source_before) ++result.ambiguous_matches.part;
  }
}

/// \pre rows are counted
void set_density(RecoverResult& result) {
  const auto& truth = result.truth;
  const double area_arcsec2 = static_cast<double>(truth.nx) *
                              static_cast<double>(truth.ny) * truth.pixel_scale_arcsec *
                              truth.pixel_scale_arcsec;
  const double disc_arcsec2 =
      std::numbers::pi * result.request.radius_arcsec * result.request.radius_arcsec;
  double sum = 0.0;
  for (const auto& injection : result.injections) {
    if (injection.state != InjectionState::counted) continue;
    const auto detections =
        static_cast<double>(result.detections[injection.file].rows());
    sum += -std::expm1(-detections * disc_arcsec2 / area_arcsec2);
  }
  result.by_density =
      result.recovered.of > 0 ? sum / static_cast<double>(result.recovered.of) : 0.0;
}

void warn(RecoverResult& result) {
  const auto& offset = result.offset;
  const auto& radius = result.request.radius_arcsec;
  if (offset.is_significant) {
    result.warnings.push_back(fmt::format(
        "the matches are offset by ({:+.3f} +- {:.3f}, {:+.3f} +- {:.3f}) arcsec on "
        "the "
        "median, of a radius of {}: check the pixel count's origin and the world "
        "coordinate system",
        offset.median.x_arcsec, offset.standard_error.x_arcsec, offset.median.y_arcsec,
        offset.standard_error.y_arcsec, radius));
  }
  if (const auto& common = result.common_offset) {
    result.warnings.push_back(fmt::format(
        "{} pairs of injection and detection have an offset of about ({:+.2f}, "
        "{:+.2f}) "
        "arcsec in common ({} have none, {:.1f} are expected by chance): a wrong world "
        "coordinate system or another field would do this",
        common->pairs, common->offset.x_arcsec, common->offset.y_arcsec,
        common->at_zero, common->expected));
  }
  if (!result.empty && result.by_density > much_by_density) {
    result.warnings.push_back(fmt::format(
        "detections are so dense that {:.0f} % of all places have one within {} "
        "arcsec: "
        "give --empty, or a smaller --radius, before the completeness is believed",
        100.0 * result.by_density, radius));
  }
  if (result.recovered.of == 0) {
    result.warnings.push_back("no injection counts: there is no completeness");
  }
}

}  // namespace

std::string to_string(InjectionState state) {
  switch (state) {
    case InjectionState::counted: return "counted";
    case InjectionState::not_searched: return "not_searched";
    case InjectionState::bad_status: return "bad_status";
    case InjectionState::off_image: return "off_image";
    case InjectionState::ambiguous: return "ambiguous";
  }
  return "unknown";
}

RecoverResult recover(const RecoverRequest& request) {
  RecoverResult result;
  result.request = request;
  result.truth = read_truth(request.folders);
  if (request.columns.flux || request.columns.mag) {
    const auto& bands = result.truth.bands;
    if (request.flux_band.empty() && bands.size() == 1) {
      result.request.flux_band = bands.front();
    } else if (std::ranges::find(bands, request.flux_band) == bands.end()) {
      throw UsageError(fmt::format(
          "recover: --flux-band: must be one of the field's bands, {} (got \"{}\")",
          fmt::join(bands, ", "), request.flux_band));
    }
  }
  read_files(result);
  const auto frame = common_frame(result);
  const auto truth = truth_positions(result.truth, frame);
  count_outside(result, frame);
  result.injections.resize(truth.size());
  set_states(result);
  const auto passes = match_passes(result, truth, frame);
  count(result);
  set_density(result);
  result.offset = recovery::median_offset(passes.offsets, request.radius_arcsec);
  result.common_offset =
      recovery::common_offset(passes.wide_offsets, request.radius_arcsec);
  add_completeness(result);
  if (request.columns.score) {
    std::vector<recovery::ScoredDetection> scored;
    for (std::size_t file = 0; file < result.detections.size(); ++file) {
      const auto& score = result.detections[file].score;
      for (std::size_t k = 0; k < score.size(); ++k) {
        const auto row = passes.row_of_detection[file][k];
        if (row != recovery::nothing &&
            result.injections[row].state != InjectionState::counted) {
          ++result.purity_left_out;
          continue;
        }
        scored.push_back({.score = score[k],
                          .is_match = row != recovery::nothing,
                          .is_near = passes.is_near[file][k]});
      }
    }
    result.purity = recovery::purity_by_threshold(scored, result.recovered.of);
  }
  warn(result);
  return result;
}

}  // namespace lensmill::pipeline
