#include <fmt/format.h>

#include <cmath>

#include "pipeline/analyse/sections.hpp"

namespace lensmill::pipeline {
namespace {

using namespace analysis;

std::int64_t rows_of(const AnalysisInput& input, std::size_t cell, std::size_t q) {
  return static_cast<std::int64_t>(std::llround(input.bootstrap.data(cell)[q]));
}

std::string compared_with_zero(const Estimate& e) {
  if (std::isnan(e.lower)) return "";
  return e.contains(0.0) ? ", 0 within its interval" : ", 0 outside its interval";
}

std::string e3(const Estimate& e) {
  return std::isnan(e.lower)
             ? fmt::format("{:.3g}", e.value)
             : fmt::format("{:.3g} [{:.3g}, {:.3g}]", e.value, e.lower, e.upper);
}

}  // namespace

Section paired_section(const AnalysisInput& input) {
  const auto& b = input.bootstrap;
  Section section{.id = "paired", .title = "Positive minus negative", .sentences = {}};
  ResultTable offsets{.id = "offsets",
                      .title = "Mean offset per pixel",
                      .columns = {{"theta_e_bin", "arcsec"}, {"n"}},
                      .rows = {}};
  offsets.add_estimate_columns("annulus_offset", "nmgy/pix", -4);
  offsets.add_estimate_columns("core_offset", "nmgy/pix", -4);
  ResultTable lines{.id = "offset_lines",
                    .title =
                        "Core offset against arc flux and against theta_E "
                        "(least squares)",
                    .columns = {{"theta_e_bin", "arcsec"}, {"against"}, {"n"}},
                    .rows = {}};
  lines.add_estimate_columns("slope", "", -4);
  lines.add_estimate_columns("r_squared");
  for (const std::size_t cell : input.cells()) {
    const auto annulus = b.estimate(cell, mean_of(q_annulus, q_annulus_rows));
    const auto core = b.estimate(cell, mean_of(q_offset, q_offset_rows));
    std::vector<Cell> row{input.label(cell), rows_of(input, cell, q_annulus_rows)};
    append(row, annulus);
    append(row, core);
    offsets.rows.push_back(std::move(row));
    Estimate slope[2], r2[2];
    const LineColumns* columns[]{&offset_against_flux, &offset_against_theta_e};
    for (std::size_t k = 0; k < 2; ++k) {
      slope[k] = b.jackknife(cell, slope_of(*columns[k]));
      r2[k] = b.jackknife(cell, r_squared_of(*columns[k]), squared_share);
      std::vector<Cell> line{input.label(cell),
                             std::string(k == 0 ? "arc_flux_nmgy" : "theta_e_arcsec"),
                             rows_of(input, cell, q_offset_rows)};
      append(line, slope[k]);
      append(line, r2[k]);
      lines.rows.push_back(std::move(line));
    }
    if (cell != b.all()) continue;
    if (rows_of(input, cell, q_annulus_rows) == 0) {
      section.sentences.push_back(
          "Not measured: the run has no pairs (noise or positive "
          "and negative are missing).");
      continue;
    }
    const double share = annulus.value / core.value;
    section.sentences.push_back(fmt::format(
        "Annulus offset {} nmgy/pix{}{}; core offset {} nmgy/pix{}.", e3(annulus),
        compared_with_zero(annulus),
        std::isfinite(share) ? fmt::format(" ({} of the core's)", percent(share)) : "",
        e3(core), compared_with_zero(core)));
    section.sentences.push_back(fmt::format(
        "Core offset against arc flux: slope {} per pix, R^2 {}; against theta_E: "
        "slope "
        "{} nmgy/pix per arcsec, R^2 {}.",
        e3(slope[0]), with_interval(r2[0]), e3(slope[1]), with_interval(r2[1])));
  }
  section.tables = {std::move(offsets), std::move(lines)};
  return section;
}

Section profiles_section(const AnalysisInput& input) {
  ResultTable table{
      .id = "radial_profiles",
      .title = "Mean share of the arc's flux per pixel, annuli [r, r + 1) pix",
      .columns = {{"theta_e_bin", "arcsec"}, {"radius", "pix"}, {"n"}},
      .rows = {},
      .in_text = false};
  for (const std::string name : {"arc", "counter_image", "outer_image"}) {
    table.columns.push_back({name, "1/pix"});
    table.columns.push_back({name + "_standard_error", "1/pix"});
  }
  const auto& stack = input.numbers.profiles;
  for (std::size_t cell = 0; cell < input.bins(); ++cell) {
    for (std::size_t r = 0; r < stack.radial_bins(); ++r) {
      const auto arc = stack.point(cell, 0, r);
      if (arc.n == 0) continue;
      std::vector<Cell> row{input.label(cell), static_cast<std::int64_t>(r), arc.n};
      for (std::size_t which = 0; which < 3; ++which) {
        const auto point = stack.point(cell, which, r);
        row.emplace_back(point.value);
        row.emplace_back(point.standard_error);
      }
      table.rows.push_back(std::move(row));
    }
  }
  Section section{
      .id = "radial_profiles", .title = "Stacked radial profiles", .sentences = {}};
  for (std::size_t cell = 0; cell < input.bins(); ++cell) {
    if (stack.radial_bins() == 0 || stack.point(cell, 0, 0).n == 0) continue;
    std::size_t peak = 0;
    for (std::size_t r = 1; r < stack.radial_bins(); ++r) {
      if (stack.point(cell, 0, r).value > stack.point(cell, 0, peak).value) peak = r;
    }
    section.sentences.push_back(fmt::format(
        "theta_E {} arcsec: the arc's profile is highest at {} to {} pix; at the "
        "centre "
        "it has {} of that, {} of it counter-image.",
        input.label(cell), peak, peak + 1,
        percent(stack.point(cell, 0, 0).value / stack.point(cell, 0, peak).value),
        percent(stack.point(cell, 1, 0).value / stack.point(cell, 0, 0).value)));
  }
  section.sentences.push_back(
      "All radii are in radial_profiles.csv and analysis.json.");
  section.tables.push_back(std::move(table));
  return section;
}

Section visibility_section(const AnalysisInput& input) {
  using Counts = VisibilityCounts;
  const auto& counts = input.numbers.visibility;
  ResultTable table{.id = "visibility",
                    .title =
                        "Counter-images with matched-filter SNR above 3 and 5 over "
                        "host light and noise (90 % Wilson intervals)",
                    .columns = {{"by"}, {"bin"}, {"n"}},
                    .rows = {}};
  table.add_estimate_columns("snr_above_3", "", 3);
  table.add_estimate_columns("snr_above_5", "", 3);
  const auto line = [&](const std::string& by, const std::string& bin,
                        const Counts::Count& c) {
    std::vector<Cell> row{by, bin, c.rows};
    append(row, wilson(c.above_3, c.rows));
    append(row, wilson(c.above_5, c.rows));
    table.rows.push_back(std::move(row));
  };
  const std::string names[]{"theta_e_arcsec", "host_mag", "psf_fwhm_arcsec"};
  for (std::size_t a = 0; a < Counts::axes; ++a) {
    const auto axis = static_cast<Counts::Axis>(a);
    const auto& bins = counts.bins(axis);
    for (std::size_t bin = 0; bin < bins.count(); ++bin) {
      const auto c = counts.count(axis, bin);
      if (c.rows == 0) continue;
      line(names[a],
           fmt::format("[{:.4g}, {:.4g}{}", bins.lower(bin), bins.upper(bin),
                       bin + 1 == bins.count() ? "]" : ")"),
           c);
    }
    const auto outside = counts.count(axis, bins.count());
    if (outside.rows > 0) line(names[a], "outside or unknown", outside);
  }
  const auto all = counts.total();
  line("all", "all", all);
  Section section{.id = "visibility",
                  .title = "Is the counter-image visible? (Q1)",
                  .sentences = {}};
  if (all.rows == 0) {
    section.sentences.push_back(
        "Not measured: no row has a counter-image with an SNR (a run without noise has "
        "none).");
  } else {
    section.sentences.push_back(
        fmt::format("Of {} counter-images a share of {} stands out with SNR > 3, and "
                    "{} with SNR > 5, "
                    "over host light and noise.",
                    all.rows, with_interval(wilson(all.above_3, all.rows)),
                    with_interval(wilson(all.above_5, all.rows))));
  }
  section.sentences.push_back(
      "SNR knows where the light would be (matched filter) and takes the host's "
      "Poisson "
      "noise, not its model's error: what a search sees is less.");
  section.tables.push_back(std::move(table));
  return section;
}

}  // namespace lensmill::pipeline
