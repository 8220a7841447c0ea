#include "pipeline/analyse/leader_change.hpp"

#include <fmt/format.h>

#include <cmath>

#include "lib/analysis/crossing.hpp"

namespace lensmill::pipeline {
namespace {

using namespace analysis;

/// Crossing of counter-image minus outer image over theta_E, rows without either left
/// out.
Crossing crossing_of(const AnalysisInput& input, const std::vector<double>& lead) {
  const Sample& sample = input.numbers.sample;
  const std::size_t theta_e = input.reader.variable("theta_e_arcsec");
  std::vector<double> x, y;
  std::vector<std::int64_t> unit;
  for (std::size_t i = 0; i < sample.rows(); ++i) {
    const double theta = sample.row(i)[theta_e];
    if (!std::isfinite(theta) || !(std::abs(lead[i]) <= 2.0 * largest_fraction))
      continue;
    x.push_back(theta);
    y.push_back(lead[i]);
    unit.push_back(sample.unit[i]);
  }
  return find_crossing({.x = x, .y = y, .unit = unit, .is_design = input.is_grid()});
}

std::string name_of(int sign) { return sign > 0 ? "counter-image" : "outer image"; }
Cell cell_of(int sign) { return sign == 0 ? Cell() : Cell(name_of(sign)); }

const char* to_text(Crossing::Found found) {
  switch (found) {
    case Crossing::Found::one: return "one";
    case Crossing::Found::none: return "none";
    case Crossing::Found::several: return "several";
    case Crossing::Found::not_decided: break;
  }
  return "not_decided";
}

std::string sentence_of(const std::string& words, const Crossing& crossing) {
  const std::string below = name_of(crossing.below), above = name_of(crossing.above);
  switch (crossing.found) {
    case Crossing::Found::not_decided: break;
    case Crossing::Found::none:
      return fmt::format(
          "{}, the {} gives the larger part of the core at every theta_E{}.", words,
          below, crossing.decided_everywhere ? "" : " at which it is decided");
    case Crossing::Found::several:
      return fmt::format(
          "{}, the larger part of the core changes more than once with theta_E: from "
          "the "
          "{} at the smallest to the {} at the largest.",
          words, below, above);
    case Crossing::Found::one: {
      const std::string where =
          crossing.decided_everywhere ? "" : ", at those at which it is decided";
      if (crossing.at_points) {
        return fmt::format(
            "{}, the {} gives the larger part of the core up to theta_E = {:.4g} "
            "arcsec, "
            "the {} from {:.4g} arcsec on{}; {}.",
            words, below, crossing.place.lower, above, crossing.place.upper, where,
            crossing.undecided_points == 0
                ? "no row lies between"
                : "it is not decided at the values of theta_E between");
      }
      return fmt::format(
          "{}, the {} gives the larger part of the core below theta_E = {} arcsec, the "
          "{} above it{}.",
          words, below, with_interval(crossing.place), above, where);
    }
  }
  return words +
         ", these rows decide at no theta_E which of counter-image and outer image "
         "gives "
         "the larger part of the core.";
}

}  // namespace

LeaderChanges leader_changes(const AnalysisInput& input) {
  LeaderChanges out{.table = {.id = "leader_change",
                              .title = "theta_E at which the larger part of the core "
                                       "changes from one image to the other",
                              .columns = {{"ranking"}, {"below"}, {"above"}},
                              .rows = {}},
                    .sentences = {}};
  out.table.add_estimate_columns("theta_e", "arcsec");
  out.table.columns.insert(out.table.columns.end(),
                           {{"method"}, {"n"}, {"found"}, {"decided_everywhere"}});
  struct Ranking {
    const char *name, *words;
    const std::vector<double>& lead;
  };
  for (const auto& ranking :
       {Ranking{"split", "By cause, before the PSF", input.numbers.sample_lead_split},
        Ranking{"net_kind", "By image, net of what the PSF moves",
                input.numbers.sample_lead_net}}) {
    const Crossing crossing = crossing_of(input, ranking.lead);
    if (crossing.rows == 0) continue;
    std::vector<Cell> row{std::string(ranking.name), cell_of(crossing.below),
                          cell_of(crossing.above)};
    append(row, crossing.place);
    row.emplace_back(std::string(crossing.at_points ? "points" : "spline"));
    row.emplace_back(static_cast<std::int64_t>(crossing.rows));
    row.emplace_back(std::string(to_text(crossing.found)));
    row.emplace_back(std::int64_t{crossing.decided_everywhere ? 1 : 0});
    out.table.rows.push_back(std::move(row));
    out.sentences.push_back(sentence_of(ranking.words, crossing));
  }
  return out;
}

}  // namespace lensmill::pipeline
