#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/column.hpp"
#include "lib/recovery/ambiguity.hpp"
#include "lib/recovery/completeness.hpp"
#include "lib/recovery/completeness_fit.hpp"
#include "lib/recovery/position_match.hpp"
#include "lib/recovery/position_offset.hpp"
#include "pipeline/recover/detections.hpp"
#include "pipeline/recover/truth_table.hpp"

namespace lensmill::pipeline {

/// A match radius beyond this is none: the chord is no longer the arc, and what is
/// found there is something else.
inline constexpr double largest_radius_arcsec = 60.0;

struct RecoverRequest {
  std::vector<std::string> folders;  ///< of the field, or one for each of its passes
  /// Detections of the images, by pass; of the only pass where none is stated.
  std::vector<std::pair<std::optional<std::int64_t>, std::string>> detections;
  std::string empty;  ///< detections of the same field without arcs, or ""
  double radius_arcsec = 0.0;
  DetectionColumns columns;
  std::string flux_band;  ///< of arc_flux_nmgy_<band>, with which fluxes are compared
  std::vector<double> ambiguity_radii_arcsec;
  /// Injections with a brighter (or unknown) source so near are left out of everything;
  /// one of the radii.
  std::optional<double> ambiguity_cut_arcsec;
  /// Edges by column of the truth, in place of or beside the usual ones.
  std::map<std::string, std::vector<double>> bins;
};

/// What an injection counts for.
enum class InjectionState {
  counted,
  not_searched,  ///< in a pass of which no detections are given
  bad_status,    ///< was not painted as it should be (a status other than ok and ring)
  off_image,     ///< its centre is outside the image
  ambiguous,     ///< left out by ambiguity_cut_arcsec
};
std::string to_string(InjectionState state);

struct RecoveredInjection {
  InjectionState state = InjectionState::counted;
  recovery::InjectionMatch match;  ///< indices are of this pass's detections and truth
  std::size_t file = 0;            ///< of RecoverResult::detections
  bool by_chance = false;          ///< matched by a detection of the field without arcs
  /// Any detection of the field without arcs within the match radius.
  bool source_before = false;
  std::vector<recovery::Ambiguity> ambiguity;  ///< by radius
};

/// Completeness by one column of the truth.
struct CompletenessOf {
  std::string column, unit;
  recovery::CompletenessTable table;
};

struct RecoverResult {
  RecoverRequest request;
  TruthTable truth;
  std::vector<std::int64_t> pass;  ///< of each file
  std::vector<Detections> detections;
  std::optional<Detections> empty;
  std::vector<RecoveredInjection> injections;  ///< row by row of the truth

  std::map<std::string, std::int64_t> left_out;  ///< by the words for it
  std::int64_t rings = 0;                        ///< among the counted
  recovery::Fraction recovered;
  std::int64_t shared = 0;   ///< not recovered: the detection is another's match
  std::int64_t several = 0;  ///< counted with more than one detection within the radius
  std::int64_t ties = 0;
  recovery::Fraction by_chance;  ///< of 0 without `empty`
  /// Of the recovered ones, those with any detection of the field without arcs within
  /// the match radius.
  recovery::Fraction ambiguous_matches;
  /// Share of all positions on the image with a detection within the radius, if the
  /// detections (those of injections, too) lay anywhere; mean over the counted
  /// injections.
  double by_density = 0.0;
  std::int64_t outside_image = 0;  ///< detections
  recovery::MedianOffset offset;
  std::optional<recovery::CommonOffset> common_offset;
  std::vector<CompletenessOf> completeness;
  std::vector<std::string> without_column;  ///< usual columns that the truth lacks
  std::vector<std::pair<std::string, recovery::CompletenessFit>> fits;  ///< by column
  std::vector<recovery::PurityRow> purity;
  /// Detections that the purity leaves out: matches of injections that do not count.
  std::int64_t purity_left_out = 0;
  std::vector<std::string> warnings;
};

/// Match detections with the truth of a field. \independent
/// \throws IoError, DataError, UsageError as read_truth and read_detections; DataError:
///   passes that the truth does not have or that must be stated, no WCS in the truth
///   where positions are on the sky, all detections outside the image
RecoverResult recover(const RecoverRequest& request);

/// Tables for people, lines of at most 100 characters.
std::string recover_text(const RecoverResult& result);
std::string recover_json(const RecoverResult& result);
/// One line per column of the truth and bin.
std::string completeness_csv(const RecoverResult& result);
/// One line per threshold of the score.
std::string purity_csv(const RecoverResult& result);
/// A row per injection, in the truth's order.
Table injections_table(const RecoverResult& result);
std::string injections_csv(const RecoverResult& result);

}  // namespace lensmill::pipeline
