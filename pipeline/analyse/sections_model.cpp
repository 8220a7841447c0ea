#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/analysis/sensitivity.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/text.hpp"
#include "pipeline/analyse/sections.hpp"

namespace lensmill::pipeline {
namespace {

using namespace analysis;

// Rows of the design on which the predictor's total indices are computed.
constexpr std::size_t design_rows = 8192;
constexpr std::size_t most_scan_rows = 1000;
// Whole base points that indices are given for.
constexpr std::int64_t least_design_points = 32;

/// How a quantity that core flux may depend on takes part: noise-free, it owes nothing
/// to host, flux or noise.
enum class Use {
  index,      ///< first-order index from the rows only
  predictor,  ///< and the predictor
  short_form  ///< and the one short enough for a pocket calculator
};
struct ModelVariable {
  const char* name;
  Use use;
  bool logarithm;  ///< enters predictors as log10
};
constexpr ModelVariable model_variables[]{
    {"theta_e_arcsec", Use::short_form, true},
    {"src_offset_over_theta_e", Use::short_form, false},
    {"lens_q", Use::predictor, false},
    {"src_reff_arcsec", Use::predictor, true},
    {"psf_fwhm_arcsec", Use::short_form, true},
    {"lens_gamma", Use::predictor, false},
    {"src_sersic_n", Use::predictor, false},
    {"src_q", Use::index, false},
    {"lens_phi_rad", Use::index, false},
    {"src_phi_rad", Use::index, false},
    {"shear_magnitude", Use::index, false},
    {"psf_moffat_beta", Use::index, false},
    {"lens_x_arcsec", Use::index, false},
    {"lens_y_arcsec", Use::index, false}};
constexpr int short_degree = 2;

/// Some variables of the sample, transformed; rows where one is not finite left out.
/// Variables that are undefined everywhere or constant are left out first.
Sample selected(const Sample& all, Use use) {
  std::vector<std::size_t> columns;
  std::vector<bool> logarithm;
  Sample out;
  const auto value = [&](std::size_t row, std::size_t column, bool log) {
    const double v = all.row(row)[column];
    return log ? std::log10(v) : v;
  };
  for (const auto& v : model_variables) {
    if (v.use < use) continue;
    const auto at = std::ranges::find(all.variables, v.name) - all.variables.begin();
    const auto column = static_cast<std::size_t>(at);
    if (column == all.variables.size()) continue;
    const bool log = use != Use::index && v.logarithm;
    double low = INFINITY, high = -INFINITY;
    for (std::size_t i = 0; i < all.rows(); ++i) {
      const double x = value(i, column, log);
      if (!std::isfinite(x)) continue;
      low = std::min(low, x);
      high = std::max(high, x);
    }
    if (!(low < high)) continue;
    columns.push_back(column);
    logarithm.push_back(log);
    out.variables.push_back(log ? std::string("log10_") + v.name : v.name);
  }
  std::vector<double> row(columns.size());
  for (std::size_t i = 0; i < all.rows(); ++i) {
    for (std::size_t k = 0; k < columns.size(); ++k) {
      row[k] = value(i, columns[k], logarithm[k]);
    }
    if (!std::ranges::all_of(row, [](double x) { return std::isfinite(x); })) continue;
    out.values.insert(out.values.end(), row.begin(), row.end());
    out.response.push_back(all.response[i]);
    out.unit.push_back(all.unit[i]);
  }
  return out;
}

nlohmann::ordered_json json_of(const Predictor& p) {
  nlohmann::ordered_json variables = nlohmann::ordered_json::array();
  for (std::size_t k = 0; k < p.polynomial.variables.size(); ++k) {
    variables.push_back({{"name", p.polynomial.variables[k]},
                         {"mean", p.polynomial.mean[k]},
                         {"standard_deviation", p.polynomial.standard_deviation[k]}});
  }
  nlohmann::ordered_json terms = nlohmann::ordered_json::array();
  for (std::size_t k = 0; k < p.polynomial.coefficients.size(); ++k) {
    terms.push_back({{"exponents", p.polynomial.exponents[k]},
                     {"coefficient", p.polynomial.coefficients[k]}});
  }
  return {{"form",
           "core_flux_fraction = sum over terms of coefficient * product over "
           "variables of ((x - mean) / standard_deviation)^exponent"},
          {"rows", p.rows},
          {"degree", p.degree},
          {"penalty", p.penalty},
          {"folds", p.folds},
          {"r_squared", p.r_squared},
          {"cross_validated_r_squared", p.cross_validated_r_squared},
          {"cross_validated_rmse", p.cross_validated_rmse},
          {"variables", variables},
          {"terms", terms}};
}

void add_design(const AnalysisInput& input, Section& section) {
  const auto& design = input.numbers.design;
  const auto names = saltelli_factors(input.run.config);
  const auto used = static_cast<std::int64_t>(design.responses.y_a.size());
  section.facts["saltelli"] = {{"base_points", design.points},
                               {"base_points_dropped", design.dropped}};
  ResultTable table{
      .id = "sobol_design",
      .title = fmt::format("Sobol indices of the core flux fraction from the Saltelli "
                           "design's own rows, {} base points",
                           used),
      .columns = {{"factor"}},
      .rows = {}};
  table.add_estimate_columns("first_order", "", 3);
  table.add_estimate_columns("total", "", 3);
  if (design.dropped > 0) {
    section.sentences.push_back(fmt::format(
        "{} of {} base points are LEFT OUT of the design's indices: a row of theirs "
        "failed or is not there yet.",
        grouped(design.dropped), grouped(design.points)));
  }
  if (used < least_design_points) {
    section.sentences.push_back(
        fmt::format("No indices from the Saltelli design: {} base points are whole, {} "
                    "are needed.",
                    used, least_design_points));
    section.tables.push_back(std::move(table));
    return;
  }
  const auto indices = sobol_indices(design.responses);
  double sum = 0.0;
  std::size_t leader = 0;
  for (std::size_t k = 0; k < indices.size(); ++k) {
    std::vector<Cell> row{names[k]};
    append(row, indices[k].first);
    append(row, indices[k].total);
    table.rows.push_back(std::move(row));
    sum += indices[k].first.value;
    if (indices[k].total.value > indices[leader].total.value) leader = k;
  }
  section.sentences.push_back(fmt::format(
      "By the Saltelli design {} has the largest total index, {} (first order {}); the "
      "first-order indices of its {} factors add up to {:.3f}.",
      names[leader], with_interval(indices[leader].total),
      with_interval(indices[leader].first), indices.size(), sum));
  section.tables.push_back(std::move(table));
}

}  // namespace

Section model_section(const AnalysisInput& input) {
  const Sample& all = input.numbers.sample;
  Section section{.id = "model", .title = "What sets the core flux", .sentences = {}};
  section.facts["sample_rows"] = all.rows();
  section.facts["sample_stride"] = input.numbers.sample_stride;

  const Sample varying = selected(all, Use::index);
  const auto first = first_order_indices(varying);
  const Sample design = selected(all, Use::predictor);
  const Predictor predictor = fit_predictor(design);
  const Predictor in_short =
      fit_predictor(selected(all, Use::short_form), {.degree = short_degree});
  ResultTable indices{.id = "sobol",
                      .title =
                          "Sobol indices of the core flux fraction: first order from "
                          "the rows; both from the predictor on a radial design",
                      .columns = {{"variable"}},
                      .rows = {}};
  indices.add_estimate_columns("first_order", "", 3);
  indices.add_estimate_columns("predictor_first_order", "", 3);
  indices.add_estimate_columns("predictor_total", "", 3);
  std::vector<SobolIndices> model(varying.variables.size());
  if (predictor.rows > 0) {
    // The predictor leaves variables out that do not vary: pass it its own.
    const Sample used{predictor.polynomial.variables, design.values, design.response,
                      design.unit};
    EXPECT(used.variables == design.variables);
    const auto found =
        sobol_indices(evaluate_design(predictor.polynomial, used, design_rows));
    for (std::size_t k = 0; k < found.size(); ++k) {
      std::string name = used.variables[k];
      if (name.starts_with("log10_")) name = name.substr(6);
      const auto at = std::ranges::find(varying.variables, name);
      if (at == varying.variables.end()) continue;
      model[static_cast<std::size_t>(at - varying.variables.begin())] = found[k];
    }
  }
  std::size_t leader = varying.variables.size();
  for (std::size_t k = 0; k < varying.variables.size(); ++k) {
    std::vector<Cell> row{varying.variables[k]};
    append(row, first[k]);
    append(row, model[k].first);
    append(row, model[k].total);
    indices.rows.push_back(std::move(row));
    if (std::isnan(first[k].value)) continue;
    if (leader == varying.variables.size() || first[k].value > first[leader].value)
      leader = k;
  }
  if (leader < varying.variables.size()) {
    section.sentences.push_back(fmt::format(
        "{} alone explains {} of the scatter of the core flux fraction (first-order "
        "Sobol index), more than any other parameter.",
        varying.variables[leader], with_interval(first[leader])));
  } else {
    section.sentences.push_back(
        "No sensitivity indices: they need 100 rows and parameters that vary.");
  }
  if (predictor.rows > 0) {
    section.sentences.push_back(fmt::format(
        "A polynomial of degree {} in {} variables predicts it with a cross-validated "
        "R^2 "
        "of {:.3f} (rms error {:.3f}); coefficients are in analysis.json.",
        predictor.degree, predictor.polynomial.variables.size(),
        predictor.cross_validated_r_squared, predictor.cross_validated_rmse));
    section.facts["predictor"] = json_of(predictor);
  } else {
    section.sentences.push_back(
        "No predictor: it needs 50 rows and parameters that vary.");
    section.facts["predictor"] = nullptr;
  }
  section.facts["short_predictor"] =
      in_short.rows > 0 ? json_of(in_short) : nlohmann::ordered_json(nullptr);
  if (in_short.rows > 0 && in_short.degree == short_degree) {
    section.sentences.push_back(fmt::format(
        "A quadratic in {} variables, for use by hand, has a cross-validated R^2 of "
        "{:.3f}.",
        in_short.polynomial.variables.size(), in_short.cross_validated_r_squared));
  }
  section.tables.push_back(std::move(indices));
  if (input.reader.saltelli_factors() > 0) add_design(input, section);
  return section;
}

Section scan_section(const AnalysisInput& input) {
  Section section{.id = "scan", .title = "The grid, point by point", .sentences = {}};
  const Sample& all = input.numbers.sample;
  std::vector<std::size_t> columns;
  for (std::size_t k = 0; k < all.variables.size(); ++k) {
    const std::string prefix = "catalogue.grid." + all.variables[k];
    const auto at = input.run.config.lower_bound(prefix);
    if (at != input.run.config.end() && at->first.starts_with(prefix) &&
        (at->first.size() == prefix.size() || at->first[prefix.size()] == '[' ||
         at->first[prefix.size()] == '.')) {
      columns.push_back(k);
    }
  }
  if (!input.is_grid()) {
    section.sentences.push_back("The catalogue is no grid.");
    return section;
  }
  if (all.rows() > most_scan_rows || input.numbers.sample_stride > 1) {
    section.sentences.push_back(
        fmt::format("More than {} points: see the run's own columns.", most_scan_rows));
    return section;
  }
  ResultTable table{.id = "scan",
                    .title = "Core flux fraction of each row",
                    .columns = {{"row"}},
                    .rows = {}};
  for (const std::size_t k : columns) {
    table.columns.push_back(
        {all.variables[k], input.numbers.distributions[k].variable.unit, -5});
  }
  table.columns.push_back({"counter_image_radius_pix", "pix", 2});
  table.columns.push_back({"core_flux_fraction"});
  const std::size_t radius = input.reader.variable("counter_image_radius_pix");
  for (std::size_t i = 0; i < all.rows(); ++i) {
    std::vector<Cell> row{input.numbers.sample_row[i]};
    for (const std::size_t k : columns) row.emplace_back(all.row(i)[k]);
    row.insert(row.end(), {all.row(i)[radius], all.response[i]});
    table.rows.push_back(std::move(row));
  }
  section.tables.push_back(std::move(table));
  return section;
}

}  // namespace lensmill::pipeline
