#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "lib/analysis/hypotheses.hpp"
#include "pipeline/analyse/leader_change.hpp"
#include "pipeline/analyse/leading_cause.hpp"
#include "pipeline/analyse/sections.hpp"
#include "stages/config/psf_kinds.hpp"

namespace lensmill::pipeline {
namespace {

using namespace analysis;

std::int64_t count_of(const AnalysisInput& input, std::size_t cell, std::size_t q) {
  return static_cast<std::int64_t>(std::llround(input.bootstrap.data(cell)[q]));
}

/// The sketch of a cell of the bootstrap: "all" comes last in both.
const QuantileSketch& sketch_of(const AnalysisInput& input,
                                const std::vector<QuantileSketch>& quantiles,
                                std::size_t cell) {
  return cell == input.bootstrap.all() ? quantiles.back() : quantiles[cell];
}

/// One row of the table of causes.
struct CauseRow {
  std::string account, cause;
  std::size_t quantity, leads, rows, core;
};

std::vector<CauseRow> cause_rows() {
  std::vector<CauseRow> rows;
  for (std::size_t k = 0; k < split_causes; ++k) {
    rows.push_back({"split", std::string(split_cause_names[k]), q_split + k,
                    q_split_leads + k, q_core_rows, q_core});
  }
  constexpr std::array names{"counter_image", "outer_image", "central_image"};
  for (std::size_t k = 0; k < image_classes; ++k) {
    rows.push_back(
        {"net_kind", names[k], q_net + k, q_net_leads + k, q_core_rows, q_core});
  }
  for (std::size_t k = 0; k < step_causes; ++k) {
    rows.push_back({"steps", std::string(step_cause_names[k]), q_steps + k,
                    q_step_leads + k, q_step_rows, q_step_core});
  }
  return rows;
}

bool has_operator(const AnalysisInput& input, std::size_t cell) {
  return input.counterfactual_bootstrap != nullptr &&
         input.counterfactual_bootstrap->data(cell)[c_both_rows] > 0.0;
}

/// Mean contribution of the legacy operator, or that it is not measured.
Cell operator_cell(const AnalysisInput& input, std::size_t cell) {
  if (!has_operator(input, cell)) return "not measured";
  return mean_of(c_operator, c_both_rows)(input.counterfactual_bootstrap->data(cell));
}

std::vector<Cell> operator_row(const AnalysisInput& input, std::size_t cell,
                               std::size_t columns) {
  std::vector<Cell> row{input.label(cell), "counterfactual", "psf_operator",
                        std::int64_t{0}};
  if (!has_operator(input, cell)) {
    row.resize(columns - 1);
    row.emplace_back("not measured");
    return row;
  }
  const auto& b = *input.counterfactual_bootstrap;
  row.back() = static_cast<std::int64_t>(std::llround(b.data(cell)[c_both_rows]));
  append(row, b.estimate(cell, mean_of(c_operator, c_both_rows)));
  const auto share = b.estimate(cell, ratio_of(c_operator, c_both_core));
  row.insert(row.end(), {share.value, share.lower, share.upper});
  row.emplace_back(std::monostate{});  // rows_led: of accounts that add up
  row.emplace_back("measured");
  return row;
}

}  // namespace

Section core_flux_section(const AnalysisInput& input) {
  const auto& b = input.bootstrap;
  const auto numbers = input.numbers.summary.numbers();
  ResultTable table{
      .id = "core_flux",
      .title = fmt::format("Core flux fraction, r < {:g} pix, band {}, {}",
                           numbers.core_radius_pix, numbers.core_band,
                           numbers.core_aperture),
      .columns = {{"theta_e_bin", "arcsec"}, {"n"}, {"median"}},
      .rows = {}};
  table.add_estimate_columns("mean");
  constexpr std::array kinds{"counter", "outer", "central"};
  for (const char* cause : {"intrinsic", "psf"}) {
    for (const char* kind : kinds) {
      table.columns.push_back({fmt::format("{}_{}", kind, cause)});
      table.columns.push_back({fmt::format("{}_{}_standard_error", kind, cause)});
    }
  }
  ResultTable positions{
      .id = "counter_image_positions",
      .title = "Counter-image: distance from the lens, share in the core",
      .columns = {{"theta_e_bin", "arcsec"}, {"n"}, {"median", "pix", 2}},
      .rows = {}};
  positions.add_estimate_columns("mean", "pix", 3);
  positions.add_estimate_columns("within_5_pix");
  positions.add_estimate_columns("within_3_pix");
  ResultTable radii{.id = "core_flux_by_radius",
                    .title = "Core flux fraction by aperture radius",
                    .columns = {{"theta_e_bin", "arcsec"}, {"radius", "pix", 2}, {"n"}},
                    .rows = {}};
  radii.add_estimate_columns("core_flux_fraction");
  for (const std::size_t cell : input.cells()) {
    std::vector<Cell> row{input.label(cell), count_of(input, cell, q_core_rows),
                          sketch_of(input, input.numbers.core, cell).quantile(0.5)};
    append(row, b.estimate(cell, mean_of(q_core, q_core_rows)));
    for (const std::size_t first : {q_split, q_psf}) {
      for (std::size_t k = 0; k < image_classes; ++k) {
        const auto e = b.estimate(cell, mean_of(first + k, q_core_rows));
        row.emplace_back(e.value);
        row.emplace_back(e.standard_error);
      }
    }
    table.rows.push_back(std::move(row));
    std::vector<Cell> place{input.label(cell), count_of(input, cell, q_radius_rows),
                            sketch_of(input, input.numbers.radius, cell).quantile(0.5)};
    append(place, b.estimate(cell, mean_of(q_radius, q_radius_rows)));
    append(place, b.estimate(cell, mean_of(q_within_5, q_radius_rows)));
    append(place, b.estimate(cell, mean_of(q_within_3, q_radius_rows)));
    positions.rows.push_back(std::move(place));
    for (std::size_t k = 0; k < input.numbers.sums.radii(); ++k) {
      std::vector<Cell> line{input.label(cell), input.run.aperture_radius_pix[k],
                             count_of(input, cell, q_radii + 2 * k)};
      append(line, b.estimate(cell, mean_of(q_radii + 2 * k + 1, q_radii + 2 * k)));
      radii.rows.push_back(std::move(line));
    }
  }
  return {.id = "core_flux",
          .title = "Core flux by theta_E",
          .sentences = {},
          .tables = {std::move(table), std::move(positions), std::move(radii)}};
}

Section attribution_section(const AnalysisInput& input) {
  const auto& b = input.bootstrap;
  Section section{.id = "attribution", .title = "Attribution", .sentences = {}};
  ResultTable table{
      .id = "attribution",
      .title =
          "Contributions to the core flux fraction, by account "
          "(causes of `split` and of `steps` add up)",
      .columns = {{"theta_e_bin", "arcsec"}, {"account"}, {"cause"}, {"n"}},
      .rows = {}};
  table.add_estimate_columns("contribution");
  table.columns.push_back({"share_of_core", "", 3});
  table.columns.push_back({"share_of_core_lower", "", 3});
  table.columns.push_back({"share_of_core_upper", "", 3});
  table.columns.push_back({"rows_led", "", 3});
  table.columns.push_back({"status"});
  table.in_text = false;
  ResultTable overview{.id = "attribution_overview",
                       .title =
                           "Mean contributions: the exact split, and the steps from "
                           "a point-like source to source and PSF",
                       .columns = {{"theta_e_bin", "arcsec"}, {"n"}, {"core"}},
                       .rows = {}};
  for (const auto& name : split_cause_names) {
    overview.columns.push_back({std::string(name)});
  }
  overview.columns.push_back({"point_like"});
  overview.columns.push_back({"source_extent"});
  overview.columns.push_back({"psf"});
  overview.columns.push_back({"psf_operator"});
  for (const std::size_t cell : input.cells()) {
    const auto data = b.data(cell);
    std::vector<Cell> line{input.label(cell), count_of(input, cell, q_core_rows),
                           mean_of(q_core, q_core_rows)(data)};
    for (std::size_t k = 0; k < split_causes; ++k) {
      line.emplace_back(mean_of(q_split + k, q_core_rows)(data));
    }
    const auto step = [&](std::size_t k) {
      return mean_of(q_steps + k, q_step_rows)(data);
    };
    line.emplace_back(step(point_counter) + step(point_outer) + step(point_central));
    line.emplace_back(step(source_extent));
    line.emplace_back(step(psf_blurring));
    line.push_back(operator_cell(input, cell));
    overview.rows.push_back(std::move(line));
    for (const auto& cause : cause_rows()) {
      const auto n = count_of(input, cell, cause.rows);
      std::vector<Cell> row{input.label(cell), cause.account, cause.cause, n};
      append(row, b.estimate(cell, mean_of(cause.quantity, cause.rows)));
      const auto share = b.estimate(cell, ratio_of(cause.quantity, cause.core));
      row.insert(row.end(), {share.value, share.lower, share.upper});
      row.emplace_back(ratio_of(cause.leads, cause.rows)(b.data(cell)));
      row.emplace_back(std::string(n > 0 ? "measured" : "no rows"));
      table.rows.push_back(std::move(row));
    }
    table.rows.push_back(operator_row(input, cell, table.columns.size()));
  }
  section.facts["accounts"] = {
      {"split",
       "exact: light of each kind in the core before the PSF, and what the PSF "
       "moves (signed); adds up to the core flux fraction row by row"},
      {"net_kind", "light of each kind in the core after the PSF; adds up likewise"},
      {"steps",
       "from a point-like source without PSF, by kind, over the source's extent "
       "(core flux fraction without PSF minus the point-like one) to the PSF "
       "(core flux fraction minus the one without PSF); adds up likewise"},
      {"counterfactual",
       "psf_operator: legacy minus correct operator, from a sample of the same rows "
       "rendered by both (--counterfactuals N); its share is of the "
       "correct operator's core flux on these rows"}};
  section.facts["least_lead"] = least_lead;
  section.facts["dominance"] =
      "leads: the largest mean contribution exceeds every other by more than "
      "least_lead "
      "of the core flux, with its whole 90 % interval; tie: by less, with its whole "
      "interval; rows_led is the share of rows in which a cause is the largest";
  auto leading = leading_causes(input);
  auto changes = leader_changes(input);
  section.sentences = std::move(leading.sentences);
  std::ranges::move(changes.sentences, std::back_inserter(section.sentences));
  section.tables = {std::move(overview), std::move(changes.table), std::move(table),
                    std::move(leading.robustness)};
  return section;
}

Section expectation_section(const AnalysisInput& input) {
  const auto& b = input.bootstrap;
  Section section{.id = "psf_expectation",
                  .title = "Leakage against what a PSF alone does",
                  .sentences = {}};
  ResultTable table{.id = "psf_expectation",
                    .title =
                        "Core flux fraction, and a thin ring of radius theta_E "
                        "blurred by each row's PSF, and by a Gaussian of its FWHM",
                    .columns = {{"theta_e_bin", "arcsec"}, {"n"}},
                    .rows = {}};
  table.add_estimate_columns("measured");
  table.add_estimate_columns("ring_expectation");
  table.add_estimate_columns("ratio", "", 3);
  table.columns.push_back({"amplitude_ratio", "", 5});
  table.add_estimate_columns("gaussian_ring_expectation");
  const std::string psf(config::info_of(input.reader.psf()).label);
  for (const std::size_t cell : input.cells()) {
    const auto n = count_of(input, cell, q_ring_rows);
    const auto measured = b.estimate(cell, mean_of(q_ring_core, q_ring_rows));
    const auto ring = b.estimate(cell, mean_of(q_ring, q_ring_rows));
    const double amplitude = mean_of(q_amplitude, q_ring_rows)(b.data(cell));
    std::vector<Cell> row{input.label(cell), n};
    append(row, measured);
    append(row, ring);
    append(row, b.estimate(cell, ratio_of(q_ring_core, q_ring)));
    row.emplace_back(amplitude);
    const auto gaussian = b.estimate(cell, mean_of(q_gaussian_ring, q_ring_rows));
    append(row, gaussian);
    table.rows.push_back(std::move(row));
    if (n == 0 || cell + 1 != input.bins()) continue;
    section.sentences.push_back(fmt::format(
        "theta_E {} arcsec: {} of the arc is in the core; a thin ring blurred by each "
        "row's own PSF ({}) alone puts {} there{}, not the {} of exp(-theta_E^2/2 "
        "sigma^2), which is an amplitude ratio and no flux.",
        input.label(cell), percent(measured.value), psf, percent(ring.value),
        psf == "Gaussian"
            ? std::string()
            : fmt::format(", by a Gaussian of the same FWHM it would be {}",
                          percent(gaussian.value)),
        percent(amplitude, 2)));
  }
  if (section.sentences.empty()) {
    section.sentences.push_back(
        config::is_function(input.reader.psf())
            ? "No row of the last bin has a PSF width in the catalogue: nothing to "
              "compare with there."
            : fmt::format("Not measured: what a ring's light would be in the core is "
                          "worked out for PSFs that are functions; this run's are {}.",
                          psf));
  }
  section.tables.push_back(std::move(table));
  return section;
}

Section hypotheses_section(const AnalysisInput& input) {
  Section section{.id = "hypotheses", .title = "Hypotheses", .sentences = {}};
  ResultTable table{
      .id = "hypotheses",
      .title =
          "Supported or refuted where a whole 90 % interval is beyond its "
          "threshold",
      .columns = {{"theta_e_bin", "arcsec"}, {"hypothesis"}, {"verdict"}},
      .rows = {}};
  table.add_estimate_columns("effect", "", 3);
  table.add_estimate_columns("decides", "", 3);
  auto rules = nlohmann::ordered_json::object();
  if (input.is_grid()) {
    section.sentences.push_back(
        "The catalogue is a grid: its points are a design, not a population. Verdicts "
        "are of these points alone.");
  }
  for (const std::size_t cell : input.cells()) {
    if (count_of(input, cell, q_rows) == 0) continue;
    for (const auto& h : test_hypotheses(input.bootstrap, cell, input.legacy_operator,
                                         input.counterfactual_bootstrap)) {
      std::vector<Cell> row{input.label(cell), h.id, std::string(to_string(h.verdict))};
      append(row, h.effect);
      append(row, h.decides);
      table.rows.push_back(std::move(row));
      if (cell != input.bootstrap.all()) continue;
      std::string sentence =
          fmt::format("{} ({}): {}", h.id, h.statement, to_string(h.verdict));
      if (!std::isnan(h.effect.value)) {
        sentence += fmt::format("; {} {}", h.effect_is, with_interval(h.effect));
        if (h.thresholds.refuted_below < 0.0) {
          sentence +=
              fmt::format("; its lead over the next cause is {} of the core flux",
                          with_interval(h.decides));
        }
      }
      if (!h.note.empty()) sentence += "; " + h.note;
      section.sentences.push_back(sentence + ".");
      rules[h.id] = {{"statement", h.statement},
                     {"rule", h.rule},
                     {"effect_is", h.effect_is},
                     {"decides_is", h.decides_is},
                     {"supported_above", h.thresholds.supported_above},
                     {"refuted_below", h.thresholds.refuted_below},
                     {"note", h.note}};
    }
  }
  section.facts["rules"] = std::move(rules);
  section.tables.push_back(std::move(table));
  return section;
}

}  // namespace lensmill::pipeline
