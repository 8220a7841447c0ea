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
// Whole base points that indices are given for.
constexpr std::int64_t least_design_points = 32;

/// How a quantity that core flux may depend on takes part: noise-free, it owes nothing
/// to host, flux or noise.
enum class Use {
  index,      ///< first-order index from the rows only
  predictor,  ///< and the predictor
  short_form  ///< and the one short enough for a pocket calculator
};
/// What a predictor makes of it.
enum class Form { plain, log10, even_harmonics };
struct ModelVariable {
  const char* name;
  Use use;
  Form form;
};
constexpr ModelVariable model_variables[]{
    {"theta_e_arcsec", Use::short_form, Form::log10},
    {"src_offset_over_theta_e", Use::short_form, Form::plain},
    {"lens_q", Use::predictor, Form::plain},
    {"src_reff_arcsec", Use::predictor, Form::log10},
    {"psf_fwhm_arcsec", Use::short_form, Form::log10},
    {"lens_gamma", Use::predictor, Form::plain},
    {"src_sersic_n", Use::predictor, Form::plain},
    {"src_lens_angle_rad", Use::predictor, Form::even_harmonics},
    {"src_q", Use::index, Form::plain},
    {"lens_phi_rad", Use::index, Form::plain},
    {"src_phi_rad", Use::index, Form::plain},
    {"shear_magnitude", Use::index, Form::plain},
    {"psf_moffat_beta", Use::index, Form::plain},
    {"lens_x_arcsec", Use::index, Form::plain},
    {"lens_y_arcsec", Use::index, Form::plain}};
constexpr int short_degree = 2;

const ModelVariable* variable_named(const std::string& name) {
  return std::ranges::find_if(model_variables,
                              [&](const auto& v) { return v.name == name; });
}

/// Some variables of the sample as they are; rows where one is not finite left out.
/// Variables that are undefined everywhere or constant are left out first.
struct Selected {
  Sample sample;
  std::vector<std::size_t> row;  ///< each row's place in the whole sample
};
Selected selected(const Sample& all, Use use) {
  std::vector<std::size_t> columns;
  Selected out;
  // A logarithm of 0 is not finite either.
  std::vector<bool> positive;
  const auto is_usable = [](double v, bool must_be_positive) {
    return std::isfinite(v) && (!must_be_positive || v > 0.0);
  };
  for (const auto& v : model_variables) {
    if (v.use < use) continue;
    const auto at = std::ranges::find(all.variables, v.name) - all.variables.begin();
    const auto column = static_cast<std::size_t>(at);
    if (column == all.variables.size()) continue;
    const bool log = use != Use::index && v.form == Form::log10;
    double low = INFINITY, high = -INFINITY;
    for (std::size_t i = 0; i < all.rows(); ++i) {
      const double x = all.row(i)[column];
      if (!is_usable(x, log)) continue;
      low = std::min(low, x);
      high = std::max(high, x);
    }
    if (!(low < high)) continue;
    columns.push_back(column);
    positive.push_back(log);
    out.sample.variables.emplace_back(v.name);
  }
  std::vector<double> row(columns.size());
  for (std::size_t i = 0; i < all.rows(); ++i) {
    bool usable = true;
    for (std::size_t k = 0; k < columns.size(); ++k) {
      row[k] = all.row(i)[columns[k]];
      usable = usable && is_usable(row[k], positive[k]);
    }
    if (!usable) continue;
    out.sample.values.insert(out.sample.values.end(), row.begin(), row.end());
    out.sample.response.push_back(all.response[i]);
    out.sample.unit.push_back(all.unit[i]);
    out.row.push_back(i);
  }
  return out;
}

/// What a predictor is made of: logarithms, and the harmonics of the angle.
void append_features(std::span<const double> values,
                     const std::vector<std::string>& names, std::vector<double>& out) {
  for (std::size_t k = 0; k < values.size(); ++k) {
    switch (variable_named(names[k])->form) {
      case Form::plain: out.push_back(values[k]); break;
      case Form::log10: out.push_back(std::log10(values[k])); break;
      case Form::even_harmonics:
        out.push_back(std::cos(2.0 * values[k]));
        out.push_back(std::cos(4.0 * values[k]));
        break;
    }
  }
}

Sample features_of(const Sample& sample) {
  Sample out{
      .variables = {}, .values = {}, .response = sample.response, .unit = sample.unit};
  for (const auto& name : sample.variables) {
    switch (variable_named(name)->form) {
      case Form::plain: out.variables.push_back(name); break;
      case Form::log10: out.variables.push_back("log10_" + name); break;
      case Form::even_harmonics:
        out.variables.insert(out.variables.end(),
                             {"cos_2_src_lens_angle", "cos_4_src_lens_angle"});
        break;
    }
  }
  for (std::size_t i = 0; i < sample.rows(); ++i) {
    append_features(sample.row(i), sample.variables, out.values);
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

/// Indices by the design's own rows, of its factors; none of too few whole base points.
std::vector<SobolIndices> add_design(const AnalysisInput& input, Section& section) {
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
    return {};
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
  table.in_text = false;  // `sensitivity` has them
  section.tables.push_back(std::move(table));
  return indices;
}

/// The indices that answer what sets the core flux, one of each kind for a parameter.
ResultTable table_of_sensitivity(const std::string& title,
                                 const std::vector<std::string>& names,
                                 const std::vector<SobolIndices>& indices,
                                 const std::string& total_from) {
  ResultTable table{
      .id = "sensitivity", .title = title, .columns = {{"parameter"}}, .rows = {}};
  table.add_estimate_columns("first_order", "", 3);
  table.add_estimate_columns("total", "", 3);
  table.columns.push_back({"total_from"});
  for (std::size_t k = 0; k < indices.size(); ++k) {
    std::vector<Cell> row{names[k]};
    append(row, indices[k].first);
    append(row, indices[k].total);
    row.push_back(std::isnan(indices[k].total.value) ? Cell() : Cell(total_from));
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// The predictor's R^2 within each bin of theta_E, from rows left out of its fit.
ResultTable add_bins(const AnalysisInput& input, const Predictor& predictor,
                     const Selected& rows, Section& section) {
  ResultTable table{.id = "predictor_by_theta_e",
                    .title =
                        "The predictor within bins of theta_E, rows left out of "
                        "its fit",
                    .columns = {{"theta_e_bin", "arcsec"},
                                {"n"},
                                {"r_squared", "", 3},
                                {"rms_error", "", 4},
                                {"standard_deviation", "", 4}},
                    .rows = {}};
  const std::size_t theta_e = input.reader.variable("theta_e_arcsec");
  const auto& bins = input.numbers.sums.bins();
  std::vector<std::vector<double>> error(bins.count()), value(bins.count());
  for (std::size_t i = 0; i < rows.row.size(); ++i) {
    const auto bin = bins.of(input.numbers.sample.row(rows.row[i])[theta_e]);
    if (bin == bins.count()) continue;
    value[bin].push_back(rows.sample.response[i]);
    error[bin].push_back(rows.sample.response[i] - predictor.left_out[i]);
  }
  std::size_t worst = bins.count();
  double worst_r_squared = INFINITY;
  for (std::size_t bin = 0; bin < bins.count(); ++bin) {
    const auto n = static_cast<double>(value[bin].size());
    double scatter = 0.0, square = 0.0;
    const double mean = mean_of(value[bin]).value;
    for (const double v : value[bin]) scatter += (v - mean) * (v - mean);
    for (const double e : error[bin]) square += e * e;
    const bool enough = value[bin].size() >= least_groups;
    const double r_squared =
        enough && scatter > 0.0 ? 1.0 - square / scatter : StampRow::nan;
    table.rows.push_back({input.label(bin), static_cast<std::int64_t>(n), r_squared,
                          enough ? std::sqrt(square / n) : StampRow::nan,
                          enough ? std::sqrt(scatter / n) : StampRow::nan});
    if (r_squared < worst_r_squared) {
      worst_r_squared = r_squared;
      worst = bin;
    }
  }
  if (worst < bins.count()) {
    section.sentences.push_back(
        fmt::format("Within bins of theta_E its R^2 is {:.3f} or more, least in {} "
                    "arcsec.",
                    worst_r_squared, input.label(worst)));
  }
  return table;
}

}  // namespace

Section model_section(const AnalysisInput& input) {
  const Sample& all = input.numbers.sample;
  Section section{.id = "model", .title = "What sets the core flux", .sentences = {}};
  section.facts["sample_rows"] = all.rows();
  section.facts["sample_stride"] = input.numbers.sample_stride;

  const Sample varying = selected(all, Use::index).sample;
  const auto first = first_order_indices(varying);
  const Selected design = selected(all, Use::predictor);
  const Sample features = features_of(design.sample);
  const Predictor predictor = fit_predictor(features);
  const Predictor in_short = fit_predictor(
      features_of(selected(all, Use::short_form).sample), {.degree = short_degree});
  ResultTable indices{.id = "sobol",
                      .title =
                          "Sobol indices of the core flux fraction: first order from "
                          "the rows; both of the predictor, on a radial design",
                      .columns = {{"variable"}},
                      .rows = {},
                      .in_text = false};
  std::vector<SobolIndices> by_design;
  if (input.reader.saltelli_factors() > 0) by_design = add_design(input, section);
  if (!by_design.empty()) {
    section.tables.push_back(table_of_sensitivity(
        "Sobol indices of the core flux fraction by the Saltelli design's own rows",
        saltelli_factors(input.run.config), by_design, "saltelli_design"));
  }
  indices.add_estimate_columns("first_order", "", 3);
  indices.add_estimate_columns("predictor_first_order", "", 3);
  indices.add_estimate_columns("predictor_total", "", 3);
  std::vector<SobolIndices> model(varying.variables.size());
  if (predictor.rows > 0) {
    // Drawn are the parameters, not what the predictor makes of them: an angle's two
    // harmonics are one parameter.
    EXPECT(predictor.polynomial.variables == features.variables);
    const auto model_of = [&](std::span<const double> values) {
      std::vector<double> x;
      append_features(values, design.sample.variables, x);
      return predictor.polynomial(x);
    };
    const auto found =
        sobol_indices(evaluate_design(model_of, design.sample, design_rows));
    for (std::size_t k = 0; k < found.size(); ++k) {
      const auto at = std::ranges::find(varying.variables, design.sample.variables[k]);
      if (at == varying.variables.end()) continue;
      model[static_cast<std::size_t>(at - varying.variables.begin())] = found[k];
    }
  }
  if (by_design.empty()) {
    std::vector<SobolIndices> of_rows;
    for (std::size_t k = 0; k < first.size(); ++k) {
      of_rows.push_back({.first = first[k], .total = model[k].total});
    }
    section.tables.push_back(table_of_sensitivity(
        "Sobol indices of the core flux fraction: first order from the rows, total of "
        "what the predictor explains",
        varying.variables, of_rows, "predictor"));
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
  if (!by_design.empty()) {
    // The design's indices are the answer; the rows' are in the table.
  } else if (leader < varying.variables.size()) {
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
    section.tables.push_back(add_bins(input, predictor, design, section));
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
  return section;
}

}  // namespace lensmill::pipeline
