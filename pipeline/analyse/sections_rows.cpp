#include <fmt/format.h>

#include <cmath>

#include "lib/core/text.hpp"
#include "pipeline/analyse/sections.hpp"

namespace lensmill::pipeline {
namespace {

constexpr double told_quantiles[]{0.05, 0.25, 0.5, 0.75, 0.95};
constexpr const char* quantile_names[]{"p5", "p25", "median", "p75", "p95"};

}  // namespace

Section rows_section(const AnalysisInput& input) {
  const auto n = input.numbers.summary.numbers();
  std::int64_t failed = n.unknown_status;
  for (const auto& count : n.failed) failed += count.rows;
  Section section{.id = "rows", .title = "Rows", .sentences = {}};
  auto& say = section.sentences;
  say.push_back(fmt::format("{}: {} of {} rows are there, {} are analysed.",
                            input.run.folder.path(), grouped(n.rows),
                            grouped(input.run.wanted_rows()), grouped(n.counted)));
  if (input.run.kept) {
    say.push_back("All of it is of the rows that catalogue.keep left: " +
                  to_text(input.run.kept->record()) + ".");
  }
  if (failed > 0) {
    say.push_back(fmt::format("{} rows FAILED and are left out of everything below.",
                              grouped(failed)));
  }
  if (n.without_core_flux() > 0) {
    say.push_back(fmt::format(
        "{} of the analysed rows have no core flux fraction (no unmasked pixel in the "
        "core aperture): they are left out of every mean of it.",
        grouped(n.without_core_flux())));
  }
  if (input.run.lacks_rows()) {
    say.push_back("The run is INCOMPLETE: not all of its rows are kept yet.");
  } else if (input.numbers.shards < input.run.plan.shards()) {
    say.push_back(fmt::format("The run is INCOMPLETE: {} of {} shards are there.",
                              input.numbers.shards, input.run.plan.shards()));
  }
  if (input.legacy_operator) {
    say.push_back(
        "This run was convolved by the LEGACY operator (kernel misplaced): its numbers "
        "after the PSF are not physics.");
  }
  say.push_back(
      fmt::format("Intervals are at 90 %, by {} bootstrap replicates that resample {}.",
                  input.bootstrap.replicates(), input.reader.unit()));
  auto& facts = section.facts;
  facts["band"] = n.core_band;
  facts["aperture_radius_pix"] = n.core_radius_pix;
  facts["aperture"] = n.core_aperture;
  facts["pixel_scale_arcsec"] = n.pixel_scale_arcsec;
  facts["rows_planned"] = input.run.wanted_rows();
  facts["rows"] = n.rows;
  facts["rows_analysed"] = n.counted;
  facts["rows_failed"] = failed;
  facts["rows_without_core_flux"] = n.without_core_flux();
  facts["rings"] = n.rings;
  facts["unlensed"] = n.unlensed;
  facts["outside_bins"] = n.outside_bins;
  facts["shards"] = input.numbers.shards;
  facts["shards_planned"] = input.run.plan.shards();
  if (input.run.kept) {
    facts["selection"] =
        nlohmann::ordered_json::parse(to_json(input.run.kept->record()));
  }
  facts["theta_e_edges_arcsec"] = input.options.theta_e_edges_arcsec;
  facts["confidence"] = analysis::confidence;
  facts["bootstrap_replicates"] = input.bootstrap.replicates();
  facts["bootstrap_groups"] = input.bootstrap.groups();
  facts["bootstrap_unit"] = input.reader.saltelli_factors() > 0 ? "base_point"
                            : input.reader.resamples_hosts()    ? "host_index"
                                                                : "row";
  ResultTable table{.id = "failed_rows",
                    .title = "Failed rows by status",
                    .columns = {{"status"}, {"rows"}},
                    .rows = {}};
  for (const auto& [status, rows] : n.failed) {
    table.rows.push_back({std::string(to_string(status)), rows});
  }
  if (n.unknown_status > 0) table.rows.push_back({"unknown", n.unknown_status});
  table.in_text = !table.rows.empty();
  section.tables.push_back(std::move(table));
  return section;
}

Section distributions_section(const AnalysisInput& input) {
  ResultTable table{.id = "distributions",
                    .title = "Per row, analysed rows",
                    .columns = {{"variable"}, {"unit"}, {"n"}},
                    .rows = {}};
  for (const auto* name : {"mean", "standard_deviation", "minimum"}) {
    table.columns.push_back({name, "", -5});
  }
  for (const auto* name : quantile_names) table.columns.push_back({name, "", -5});
  table.columns.push_back({"maximum", "", -5});
  for (const auto& d : input.numbers.distributions) {
    std::vector<Cell> row{d.variable.name, d.variable.unit,      d.n,
                          d.mean,          d.standard_deviation, d.minimum};
    for (const double p : told_quantiles) row.emplace_back(d.sketch.quantile(p));
    row.emplace_back(d.maximum);
    table.rows.push_back(std::move(row));
  }
  return {.id = "distributions",
          .title = "Distributions of the parameters",
          .sentences = {},
          .tables = {std::move(table)}};
}

Section inner_images_section(const AnalysisInput& input) {
  const auto n = input.numbers.summary.numbers();
  ResultTable table{
      .id = "inner_images",
      .title = "Inner images",
      .columns = {{"statistic"}, {"unit"}, {"value"}, {"standard_error"}, {"n"}},
      .rows = {},
      .in_text = false};
  const auto median = [&](const std::string& name, const std::string& unit,
                          const analysis::Median& m) {
    table.rows.push_back({name, unit, m.value, m.standard_error, m.n});
  };
  const auto share = [&](const std::string& name, const analysis::Share& s) {
    table.rows.push_back({name, std::string(), s.value(), s.standard_error(), s.of});
  };
  median("src_offset_over_theta_e_median", "", n.offset_over_theta_e);
  for (const auto& [name, radius] :
       {std::pair{std::string("sis_proxy"), n.all.sis_proxy},
        {std::string("saddle"), n.all.saddle}}) {
    median(name + "_median", "pix", radius.median_pix);
    share(name + "_within_5_pix", radius.within_5_pix);
    share(name + "_within_3_pix", radius.within_3_pix);
  }
  share("no_saddle", n.no_saddle);
  share("one_saddle", n.one_saddle);
  share("two_or_more_saddles", n.more_saddles);

  ResultTable positions{.id = "image_positions",
                        .title = "Positions by theta_E",
                        .columns = {{"theta_e_bin", "arcsec"}, {"rows"}},
                        .rows = {},
                        .in_text = false};
  for (const std::string name : {"sis_proxy", "saddle"}) {
    positions.columns.push_back({name + "_n"});
    positions.columns.push_back({name + "_median", "pix"});
    positions.columns.push_back({name + "_median_standard_error", "pix"});
    positions.columns.push_back({name + "_within_5_pix"});
    positions.columns.push_back({name + "_within_5_pix_standard_error"});
    positions.columns.push_back({name + "_within_3_pix"});
  }
  for (const std::size_t cell : input.cells()) {
    const bool all = cell == input.bootstrap.all();
    const auto& group = all ? n.all : n.bins[cell].numbers;
    std::vector<Cell> row{input.label(cell), group.rows};
    for (const auto* r : {&group.sis_proxy, &group.saddle}) {
      row.insert(row.end(),
                 {r->median_pix.n, r->median_pix.value, r->median_pix.standard_error,
                  r->within_5_pix.value(), r->within_5_pix.standard_error(),
                  r->within_3_pix.value()});
    }
    positions.rows.push_back(std::move(row));
  }
  return {.id = "inner_images",
          .title = "The seed's tables, as at the end of a run",
          .sentences = {},
          .tables = {std::move(table), std::move(positions)},
          .preformatted = input.numbers.summary.text()};
}

}  // namespace lensmill::pipeline
