#include "pipeline/recover/match_passes.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lensmill::pipeline {
namespace {

using recovery::Ambiguity;
using recovery::Frame;
using recovery::Outcome;
using recovery::Position;

constexpr std::size_t most_wide_offsets = 2'000'000;

/// One pass: its painted injections claim detections first, then those that are not
/// counted what is left, which the purity leaves out.
class PassMatcher {
 public:
  PassMatcher(RecoverResult& result, const std::vector<Position>& truth, Frame frame)
      : result_(result), truth_(truth), frame_(frame) {}

  /// \param offsets of the matches, wide_offsets of the pairs of a wide search:
  /// appended
  void match(std::size_t file, const std::vector<Position>* without_arcs,
             std::vector<recovery::Offset>& offsets,
             std::vector<recovery::Offset>& wide_offsets) {
    const double radius = result_.request.radius_arcsec;
    const auto& detections = result_.detections[file];
    const auto positions = detections.positions(result_.truth.pixel_scale_arcsec);
    const auto counted = rows_of(file, true);
    const auto matches =
        recovery::match_positions(places(counted), keys(counted), positions, radius);
    const recovery::PositionIndex index(positions);
    for (std::size_t k = 0; k < counted.size(); ++k) {
      auto& match = result_.injections[counted[k]].match;
      match = matches.injections[k];
      if (match.shared_with != recovery::nothing) {
        match.shared_with = counted[match.shared_with];
      }
      const auto& place = truth_[counted[k]];
      if (match.detection != recovery::nothing) {
        offsets.push_back(
            recovery::offset_between(place, positions[match.detection], frame_));
      }
    }
    search_wide(counted, index, positions, wide_offsets);
    if (without_arcs != nullptr) match_chance(counted, *without_arcs);
    near_.clear();
    for (const auto& detection : matches.detections) {
      near_.push_back(detection.injection == recovery::nothing &&
                      detection.injections_within > 0);
    }
    match_rest(file, positions, matches);
  }

  /// Of the last file: the injection's row that a detection is the match of, or
  /// nothing.
  const std::vector<std::size_t>& row_of_detection() const { return row_; }
  const std::vector<bool>& is_near() const { return near_; }

 private:
  std::vector<std::size_t> rows_of(std::size_t file, bool counted) const {
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < result_.injections.size(); ++row) {
      const auto& injection = result_.injections[row];
      const bool has_place =
          std::isfinite(truth_[row][0]) && std::isfinite(truth_[row][1]);
      if (injection.file == file && has_place &&
          (injection.state == InjectionState::counted) == counted) {
        rows.push_back(row);
      }
    }
    return rows;
  }
  std::vector<Position> places(const std::vector<std::size_t>& rows) const {
    std::vector<Position> places;
    places.reserve(rows.size());
    for (const auto row : rows) places.push_back(truth_[row]);
    return places;
  }
  std::vector<std::int64_t> keys(const std::vector<std::size_t>& rows) const {
    std::vector<std::int64_t> keys;
    keys.reserve(rows.size());
    for (const auto row : rows) keys.push_back(result_.truth.injection_id[row]);
    return keys;
  }

  /// In the order of injection_id, until there are enough: large radii have many.
  void search_wide(std::vector<std::size_t> rows, const recovery::PositionIndex& index,
                   const std::vector<Position>& positions,
                   std::vector<recovery::Offset>& wide_offsets) const {
    const double reach = recovery::offset_search_radii * result_.request.radius_arcsec;
    std::ranges::sort(rows, {},
                      [&](std::size_t row) { return result_.truth.injection_id[row]; });
    for (const auto row : rows) {
      if (wide_offsets.size() > most_wide_offsets) return;
      for (const auto& near : index.within(truth_[row], reach)) {
        wide_offsets.push_back(
            recovery::offset_between(truth_[row], positions[near.index], frame_));
      }
    }
  }

  void match_chance(const std::vector<std::size_t>& counted,
                    const std::vector<Position>& without_arcs) {
    const auto chance = recovery::match_positions(
        places(counted), keys(counted), without_arcs, result_.request.radius_arcsec);
    for (std::size_t k = 0; k < counted.size(); ++k) {
      result_.injections[counted[k]].by_chance =
          chance.injections[k].outcome == Outcome::matched;
    }
  }

  void match_rest(std::size_t file, const std::vector<Position>& positions,
                  const recovery::Matches& matches) {
    const auto counted = rows_of(file, true);
    const auto others = rows_of(file, false);
    row_.assign(positions.size(), recovery::nothing);
    std::vector<Position> left;
    std::vector<std::size_t> index;
    for (std::size_t k = 0; k < positions.size(); ++k) {
      if (matches.detections[k].injection != recovery::nothing) {
        row_[k] = counted[matches.detections[k].injection];
      } else {
        left.push_back(positions[k]);
        index.push_back(k);
      }
    }
    const auto rest = recovery::match_positions(places(others), keys(others), left,
                                                result_.request.radius_arcsec);
    for (std::size_t k = 0; k < others.size(); ++k) {
      auto& match = result_.injections[others[k]].match;
      match = rest.injections[k];
      if (match.shared_with != recovery::nothing) {
        match.shared_with = others[match.shared_with];
      }
      if (match.detection == recovery::nothing) continue;
      match.detection = index[match.detection];
      row_[match.detection] = others[k];
    }
  }

  RecoverResult& result_;
  const std::vector<Position>& truth_;
  Frame frame_;
  std::vector<std::size_t> row_;
  std::vector<bool> near_;
};

void set_ambiguity(RecoverResult& result, const std::vector<Position>& truth,
                   const std::vector<Position>& without_arcs) {
  const auto& request = result.request;
  const auto arc_flux = result.empty->flux_nmgy.empty()
                            ? std::vector<double>{}
                            : result.truth.column("arc_flux_nmgy_" + request.flux_band);
  auto radii = request.ambiguity_radii_arcsec;
  radii.push_back(request.radius_arcsec);
  std::vector<std::size_t> rows;
  std::vector<Position> places;
  std::vector<double> fluxes;
  for (std::size_t row = 0; row < truth.size(); ++row) {
    if (!std::isfinite(truth[row][0]) || !std::isfinite(truth[row][1])) continue;
    rows.push_back(row);
    places.push_back(truth[row]);
    if (!arc_flux.empty()) fluxes.push_back(arc_flux[row]);
  }
  auto flags = recovery::ambiguity_flags(places, fluxes, without_arcs,
                                         result.empty->flux_nmgy, radii);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    auto& injection = result.injections[rows[k]];
    injection.source_before = flags[k].back() != Ambiguity::none;
    flags[k].pop_back();
    injection.ambiguity = std::move(flags[k]);
    const bool counts = injection.state == InjectionState::counted;
    if (!counts || !request.ambiguity_cut_arcsec) continue;
    const auto cut = std::ranges::find(request.ambiguity_radii_arcsec,
                                       *request.ambiguity_cut_arcsec);
    const auto flag = injection.ambiguity[static_cast<std::size_t>(
        cut - request.ambiguity_radii_arcsec.begin())];
    if (flag == Ambiguity::brighter || flag == Ambiguity::unknown) {
      injection.state = InjectionState::ambiguous;
    }
  }
}

}  // namespace

PassMatches match_passes(RecoverResult& result, const std::vector<Position>& truth,
                         Frame frame) {
  std::vector<Position> without_arcs;
  if (result.empty) {
    without_arcs = result.empty->positions(result.truth.pixel_scale_arcsec);
  }
  PassMatches passes;
  PassMatcher matcher(result, truth, frame);
  for (std::size_t file = 0; file < result.detections.size(); ++file) {
    matcher.match(file, result.empty ? &without_arcs : nullptr, passes.offsets,
                  passes.wide_offsets);
    passes.row_of_detection.push_back(matcher.row_of_detection());
    passes.is_near.push_back(matcher.is_near());
  }
  for (auto& injection : result.injections) {
    injection.ambiguity.assign(result.request.ambiguity_radii_arcsec.size(),
                               Ambiguity::not_tested);
  }
  if (result.empty) set_ambiguity(result, truth, without_arcs);
  return passes;
}

}  // namespace lensmill::pipeline
