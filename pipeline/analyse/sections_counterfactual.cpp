#include <fmt/format.h>

#include <cmath>

#include "lib/analysis/hypotheses.hpp"
#include "lib/core/text.hpp"
#include "pipeline/analyse/sections.hpp"

namespace lensmill::pipeline {
namespace {

using namespace analysis;

/// One of the two games: where its numbers are.
struct Game {
  const char* name;
  std::size_t causes, rows, core, rest, shapley, leads;
};
constexpr Game games[]{
    {"correct", correct_causes, c_rows, c_core, c_rest, c_shapley, c_leads},
    {"legacy", game_causes, c_both_rows, c_legacy_core, c_both_rest, c_both_shapley,
     c_both_leads}};
constexpr std::array<const char*, game_causes> cause_words{
    "the source's extent", "the counter-image", "the PSF", "the legacy operator"};
constexpr std::array<const char*, game_causes> cause_subjects{
    "The source's extent", "The counter-image", "The PSF", "The legacy operator"};
// Smaller losses are left to the table.
constexpr double least_told = 0.01;

ResultTable table_of_shapley() {
  ResultTable table{
      .id = "shapley",
      .title = "Shapley values of the causes (they add up to core minus rest)",
      .columns = {{"theta_e_bin", "arcsec"}, {"game"}, {"cause"}, {"n"}},
      .rows = {}};
  table.add_estimate_columns("shapley");
  table.columns.push_back({"rows_led", "", 3});
  return table;
}

ResultTable table_of_games() {
  ResultTable table{.id = "counterfactual_core",
                    .title =
                        "Core flux fraction with all causes and with none (a "
                        "compact source's outer image before the PSF)",
                    .columns = {{"theta_e_bin", "arcsec"}, {"game"}, {"n"}},
                    .rows = {}};
  table.add_estimate_columns("core");
  table.add_estimate_columns("rest");
  return table;
}

std::string shapley_sentence(const AnalysisInput& input, std::size_t cell) {
  const auto& b = *input.counterfactual_bootstrap;
  const Game& game = games[0];
  const Lead found = find_lead(b, cell,
                               {.first = game.shapley,
                                .causes = game.causes,
                                .core = game.core,
                                .rows = game.rows});
  const auto leader = found.leader;
  const auto core = b.estimate(cell, mean_of(game.core, game.rows));
  const auto rest = b.estimate(cell, mean_of(game.rest, game.rows));
  const auto part = b.estimate(cell, mean_of(game.shapley + leader, game.rows));
  std::string text = fmt::format(
      "{}: of the causes that can be taken away, {} gives {} of {}, the most",
      cell == b.all() ? "All theta_E" : "theta_E " + input.label(cell) + " arcsec",
      cause_words[leader], with_interval(part), with_interval(core));
  if (found.dominance == Dominance::no_core_flux) {
    text += ".";
  } else if (found.dominance == Dominance::too_few) {
    text += fmt::format(", of too few {} to be sure.", input.reader.unit());
  } else {
    text += fmt::format("; its lead over {} is {} of the core flux{}.",
                        cause_words[found.next], with_interval(found.lead),
                        found.dominance == Dominance::leads ? ""
                        : found.dominance == Dominance::tie ? ", a tie"
                                                            : ": not decided");
  }
  for (std::size_t k = 0; k < game.causes; ++k) {
    const auto taken = b.estimate(cell, mean_of(game.shapley + k, game.rows));
    if (taken.value >= 0.0 || std::abs(taken.value) < least_told) continue;
    text += fmt::format(" {} takes {} out.", cause_subjects[k],
                        with_interval({.value = -taken.value,
                                       .standard_error = taken.standard_error,
                                       .lower = -taken.upper,
                                       .upper = -taken.lower}));
  }
  return text +
         fmt::format(" Without any of them it would be {}.", with_interval(rest));
}

}  // namespace

Section counterfactuals_section(const AnalysisInput& input) {
  Section section{.id = "counterfactuals",
                  .title = "Causes taken away: Shapley values",
                  .sentences = {}};
  auto shapley = table_of_shapley();
  auto cores = table_of_games();
  section.facts["rows"] = nullptr;
  if (input.counterfactuals == nullptr) {
    section.sentences.push_back(
        "Not measured: `lensmill analyse RUN --counterfactuals 4000` renders rows of "
        "this run with and without each cause.");
    shapley.in_text = cores.in_text = false;
    section.tables = {std::move(cores), std::move(shapley)};
    return section;
  }
  const auto& found = *input.counterfactuals;
  const auto& b = *input.counterfactual_bootstrap;
  section.facts["rows"] = found.drawn - found.left_out;
  section.facts["rows_left_out"] = found.left_out;
  section.facts["no_legacy_reason"] = found.no_legacy_reason;
  section.facts["games"] = {
      {"correct",
       "source_extent (absent: half-light radius times 0.1), counter_image (absent: no "
       "saddle light), psf (absent: the arc before it)"},
      {"legacy",
       "these and psf_operator (present: legacy_ifftshift, absent: the correct one)"}};
  section.sentences.push_back(fmt::format("{} rows of the run rendered in 12 ways.",
                                          grouped(found.drawn - found.left_out)));
  if (found.left_out > 0) {
    section.sentences.push_back(
        fmt::format("{} rows are LEFT OUT: they cannot be rendered in all ways.",
                    grouped(found.left_out)));
  }
  const auto both = std::llround(b.data(b.all())[c_both_rows]);
  if (!found.no_legacy_reason.empty()) {
    section.sentences.push_back(
        both == 0 ? fmt::format("The legacy operator does not apply: {}.",
                                found.no_legacy_reason)
                  : fmt::format("The legacy operator applies to {} of them only: {}.",
                                grouped(both), found.no_legacy_reason));
  }
  for (const std::size_t cell : input.cells()) {
    if (b.data(cell)[c_rows] > 0.0) {
      section.sentences.push_back(shapley_sentence(input, cell));
    }
    for (const Game& game : games) {
      const auto n = static_cast<std::int64_t>(std::llround(b.data(cell)[game.rows]));
      if (n == 0) continue;
      std::vector<Cell> line{input.label(cell), std::string(game.name), n};
      append(line, b.estimate(cell, mean_of(game.core, game.rows)));
      append(line, b.estimate(cell, mean_of(game.rest, game.rows)));
      cores.rows.push_back(std::move(line));
      for (std::size_t k = 0; k < game.causes; ++k) {
        std::vector<Cell> row{input.label(cell), std::string(game.name),
                              std::string(game_cause_names[k]), n};
        append(row, b.estimate(cell, mean_of(game.shapley + k, game.rows)));
        row.emplace_back(mean_of(game.leads + k, game.rows)(b.data(cell)));
        shapley.rows.push_back(std::move(row));
      }
    }
  }
  section.tables = {std::move(cores), std::move(shapley)};
  return section;
}

}  // namespace lensmill::pipeline
