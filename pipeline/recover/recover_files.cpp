#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "lib/analysis/estimate.hpp"
#include "lib/core/text.hpp"
#include "pipeline/program/build_info.hpp"
#include "pipeline/recover/recover.hpp"

namespace lensmill::pipeline {
namespace {

using nlohmann::json;
using recovery::Fraction;

/// NaN becomes null.
json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json to_json(const analysis::Estimate& estimate) {
  return {{"value", number(estimate.value)},
          {"lower", number(estimate.lower)},
          {"upper", number(estimate.upper)}};
}

json to_json(const Fraction& fraction) {
  auto all = to_json(fraction.estimate());
  all["part"] = fraction.part;
  all["of"] = fraction.of;
  return all;
}

json to_json(const recovery::Offset& offset) {
  return {{"x_arcsec", number(offset.x_arcsec)}, {"y_arcsec", number(offset.y_arcsec)}};
}

json bin_json(const recovery::CompletenessBin& bin, bool has_chance) {
  return {{"lower", number(bin.lower)},
          {"upper", number(bin.upper)},
          {"completeness", to_json(bin.recovered)},
          {"by_chance", has_chance ? to_json(bin.by_chance) : json("not tested")}};
}

json file_json(const Detections& file) {
  return {{"path", file.path},
          {"sha256", file.sha256},
          {"rows", file.rows()},
          {"positions", file.positions_text}};
}

json inputs_json(const RecoverResult& result) {
  json inputs;
  inputs["truth"] = json::array();
  for (const auto& file : result.truth.files) {
    inputs["truth"].push_back(
        {{"path", file.path}, {"sha256", file.sha256}, {"rows", file.source->rows()}});
  }
  inputs["detections"] = json::array();
  for (std::size_t k = 0; k < result.detections.size(); ++k) {
    auto file = file_json(result.detections[k]);
    file["pass"] = result.pass[k];
    inputs["detections"].push_back(file);
  }
  inputs["empty"] = result.empty ? file_json(*result.empty) : json(nullptr);
  return inputs;
}

json completeness_json(const RecoverResult& result) {
  const bool has_chance = result.empty.has_value();
  json tables = json::array();
  for (const auto& [column, unit, table] : result.completeness) {
    json bins = json::array();
    for (const auto& bin : table.bins) bins.push_back(bin_json(bin, has_chance));
    tables.push_back({{"column", column},
                      {"unit", unit},
                      {"bins", bins},
                      {"outside", bin_json(table.outside, has_chance)},
                      {"undefined", bin_json(table.undefined, has_chance)}});
  }
  return tables;
}

json fit_json(const recovery::CompletenessFit& fit) {
  return {{"injections", fit.injections},
          {"left_out", fit.left_out},
          {"intercept", number(fit.intercept)},
          {"slope", number(fit.slope)},
          {"snr_50", to_json(fit.snr_50)},
          {"snr_90", to_json(fit.snr_90)},
          {"chi2", number(fit.chi2)},
          {"chance_of_chi2", number(fit.chance_of_chi2)},
          {"problem", fit.problem}};
}

std::string csv_fraction(const Fraction& fraction) {
  const auto estimate = fraction.estimate();
  return fmt::format("{},{},{},{},{}", fraction.of, fraction.part,
                     csv_number(estimate.value), csv_number(estimate.lower),
                     csv_number(estimate.upper));
}

}  // namespace

std::string recover_json(const RecoverResult& result) {
  const auto& request = result.request;
  const auto& build = build_info();
  json document;
  document["format"] = "lensmill recover 1";
  document["program"] = {{"version", build.version},
                         {"git_commit", build.git_commit},
                         {"git_dirty", build.git_dirty}};
  document["folders"] = request.folders;
  document["inputs"] = inputs_json(result);
  document["radius_arcsec"] = request.radius_arcsec;
  document["confidence"] = analysis::confidence;
  document["interval"] = "Wilson";
  document["pixel_scale_arcsec"] = result.truth.pixel_scale_arcsec;
  document["bands"] = result.truth.bands;
  auto& rows = document["injections"];
  rows["all"] = result.truth.rows();
  rows["in_passes_not_given"] =
      result.truth.deferred ? json(*result.truth.deferred) : json(nullptr);
  rows["left_out"] = result.left_out;
  rows["counted"] = result.recovered.of;
  rows["rings"] = result.rings;
  rows["recovered"] = to_json(result.recovered);
  rows["shared"] = result.shared;
  rows["several_detections"] = result.several;
  rows["ties"] = result.ties;
  rows["by_chance"] = result.empty ? to_json(result.by_chance) : json("not tested");
  rows["by_density"] = number(result.by_density);
  rows["ambiguous_matches"] =
      result.empty ? to_json(result.ambiguous_matches) : json("not tested");
  document["ambiguity"] = {
      {"radii_arcsec", request.ambiguity_radii_arcsec},
      {"cut_arcsec", request.ambiguity_cut_arcsec ? json(*request.ambiguity_cut_arcsec)
                                                  : json(nullptr)},
      {"tested", result.empty.has_value()},
      {"flux_band", request.flux_band}};
  document["detections_outside_image"] =
      result.detections.front().frame == recovery::Frame::image
          ? json(result.outside_image)
          : json("not tested");
  document["offset"] = {{"matches", result.offset.matches},
                        {"median", to_json(result.offset.median)},
                        {"standard_error", to_json(result.offset.standard_error)},
                        {"is_significant", result.offset.is_significant}};
  const auto& common = result.common_offset;
  document["common_offset"] = common ? json{{"offset", to_json(common->offset)},
                                            {"pairs", common->pairs},
                                            {"pairs_at_zero", common->at_zero},
                                            {"expected", common->expected}}
                                     : json(nullptr);
  document["completeness"] = completeness_json(result);
  document["not_in_truth"] = result.without_column;
  document["fits"] = json::object();
  for (const auto& [column, fit] : result.fits)
    document["fits"][column] = fit_json(fit);
  document["purity"] = request.columns.score ? json::array() : json("not measured");
  for (const auto& row : result.purity) {
    document["purity"].push_back({{"threshold", row.threshold},
                                  {"purity", to_json(row.purity)},
                                  {"near", row.near},
                                  {"completeness", to_json(row.completeness)}});
  }
  document["purity_left_out"] = result.purity_left_out;
  document["warnings"] = result.warnings;
  return document.dump(2) + "\n";
}

std::string completeness_csv(const RecoverResult& result) {
  std::string text =
      "column,lower,upper,counted,recovered,completeness,completeness_lower,"
      "completeness_upper,by_chance,by_chance_share,by_chance_lower,by_chance_upper\n";
  for (const auto& by : result.completeness) {
    const auto line = [&](const std::string& limits, const auto& bin) {
      const auto chance = bin.by_chance.estimate();
      text += fmt::format("{},{},{}", by.column, limits, csv_fraction(bin.recovered));
      text += result.empty
                  ? fmt::format(",{},{},{},{}\n", bin.by_chance.part,
                                csv_number(chance.value), csv_number(chance.lower),
                                csv_number(chance.upper))
                  : ",,,,\n";
    };
    for (const auto& bin : by.table.bins) {
      line(fmt::format("{},{}", csv_number(bin.lower), csv_number(bin.upper)), bin);
    }
    line("outside,outside", by.table.outside);
    line("undefined,undefined", by.table.undefined);
  }
  return text;
}

std::string purity_csv(const RecoverResult& result) {
  std::string text =
      "score_threshold,detections,matches,purity,purity_lower,purity_upper,near,"
      "injections,recovered,completeness,completeness_lower,completeness_upper\n";
  for (const auto& row : result.purity) {
    text +=
        fmt::format("{},{},{},{}\n", csv_number(row.threshold),
                    csv_fraction(row.purity), row.near, csv_fraction(row.completeness));
  }
  return text;
}

}  // namespace lensmill::pipeline
