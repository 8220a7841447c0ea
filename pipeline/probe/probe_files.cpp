#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lib/core/text.hpp"
#include "pipeline/probe/probe.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::Estimate;
using analysis::Region;
// Keys in the order they are written.
using Json = nlohmann::ordered_json;

constexpr std::array regions{Region::core, Region::annulus, Region::full};

// NaN become null: JSON has none.

Json estimate(const Estimate& e) {
  return {{"value", e.value},
          {"standard_error", e.standard_error},
          {"lower", e.lower},
          {"upper", e.upper}};
}

Json mean(const analysis::Mean& m) {
  return {{"n", m.n}, {"mean", m.value}, {"standard_error", m.standard_error}};
}

Json bins(const std::vector<BinReport>& list) {
  Json json = Json::array();
  for (const auto& bin : list) {
    json.push_back({{"lower", bin.lower},
                    {"upper", bin.upper},
                    {"test_rows", bin.test_rows},
                    {"auc", estimate(bin.auc)},
                    {"auc_minus_baseline", estimate(bin.change)}});
  }
  return json;
}

Json region_json(const RegionReport& region, bool has_visible,
                 std::string_view by_construction) {
  Json json{{"auc", estimate(region.auc)},
            {"auc_minus_baseline", estimate(region.change)}};
  if (has_visible) {
    json["auc_visible_counter_image"] = estimate(region.visible_auc);
    json["auc_visible_counter_image_minus_baseline"] = estimate(region.visible_change);
  }
  json["classifier"] = to_string(region.larger);
  json["smallest_cost_seen"] = smallest_cost_seen(region.change);
  json["l2"] = region.l2;
  json["converged"] = region.converged;
  json["logistic"] = {{"auc", estimate(region.aucs[0])}};
  json["boosted_trees"] = {{"auc", estimate(region.aucs[1])}, {"trees", region.trees}};
  json["by_theta_e_arcsec"] = bins(region.by_theta_e);
  json["by_arc_snr"] = bins(region.by_snr);
  if (!by_construction.empty()) json["by_construction"] = by_construction;
  return json;
}

Json variant_json(const VariantReport& variant, const ProbeReport& report) {
  Json json{{"variant", to_string(variant.variant)},
            {"description", description_of(variant.variant)},
            {"applies", variant.applies},
            {"rows", variant.rows}};
  if (!variant.reason.empty()) json["reason"] = variant.reason;
  if (variant.rows > 0) {
    json["core_flux_fraction"] = mean(variant.core_flux_fraction);
    json["core_offset_nmgy_per_pix"] = mean(variant.core_offset_nmgy_per_pix);
  }
  if (!variant.applies) return json;
  for (const Region region : regions) {
    json[std::string(to_string(region))] = region_json(
        variant.regions[static_cast<std::size_t>(region)], report.has_visible,
        by_construction(variant.variant, region, core_box_pix(report.core_radius_pix),
                        report.mask_radius_pix));
  }
  if (variant.rank > 0) {
    json["rank"] = variant.rank;
    json["annulus_harmed"] = variant.annulus_harmed;
  }
  return json;
}

std::string fields(const Estimate& e) {
  return fmt::format(",{},{},{},{}", csv_number(e.value), csv_number(e.standard_error),
                     csv_number(e.lower), csv_number(e.upper));
}

std::string fields(const analysis::Mean& m) {
  return fmt::format(",{},{}", csv_number(m.value), csv_number(m.standard_error));
}

}  // namespace

std::string probe_json(const ProbeReport& report) {
  Json json{{"format", "lensmill probe 1"},
            {"run", report.run_name},
            {"seed", report.seed},
            {"bands", report.bands},
            {"leakage_band", report.leakage_band},
            {"core_radius_pix", report.core_radius_pix},
            {"outer_radius_pix", report.outer_radius_pix},
            {"mask_radius_pix", report.mask_radius_pix},
            {"arc_mag_offset", report.arc_mag_offset},
            {"dropout_rate", report.dropout_rate},
            {"confidence", analysis::confidence},
            {"rows", report.rows},
            {"rows_not_rendered", report.failed},
            {"train_rows", report.split_rows[0]},
            {"validation_rows", report.split_rows[1]},
            {"test_rows", report.split_rows[2]},
            {"train_hosts", report.split_hosts[0]},
            {"validation_hosts", report.split_hosts[1]},
            {"test_hosts", report.split_hosts[2]},
            {"visible_counter_image",
             {{"snr_above", visible_snr},
              {"test_rows", report.visible_test_rows},
              {"test_hosts", report.visible_test_hosts}}},
            {"variants", Json::array()}};
  for (const auto& variant : report.variants) {
    json["variants"].push_back(variant_json(variant, report));
  }
  if (report.stored_rows > 0) {
    json["stored_stamps"] = {{"rows", report.stored_rows},
                             {"different", report.stored_different},
                             {"tolerance_sigma", stored_tolerance_sigma},
                             {"worst_sigma", report.stored_worst_sigma}};
    if (report.stored_different > 0) {
      json["stored_stamps"]["first_injection_id"] = report.stored_first_different;
      json["stored_stamps"]["legacy"] = report.stored_legacy.size();
      json["stored_stamps"]["legacy_injection_ids"] = report.stored_legacy;
    }
  }
  return json.dump(2) + "\n";
}

std::string probe_csv(const ProbeReport& report) {
  std::string text =
      "variant,applies,rows,core_flux_fraction,core_flux_fraction_se,"
      "core_offset_nmgy_per_pix,core_offset_nmgy_per_pix_se";
  for (const Region region : regions) {
    for (const char* what :
         {"auc_logistic", "auc_boosted_trees", "auc", "auc_minus_baseline",
          "auc_visible", "auc_visible_minus_baseline"}) {
      const auto name = fmt::format("{}_{}", to_string(region), what);
      text += fmt::format(",{0},{0}_se,{0}_lower,{0}_upper", name);
    }
  }
  text += ",rank,annulus_harmed\n";
  const Estimate none;
  for (const auto& variant : report.variants) {
    text += fmt::format("{},{:d},{}", to_string(variant.variant), variant.applies,
                        variant.rows);
    text +=
        fields(variant.core_flux_fraction) + fields(variant.core_offset_nmgy_per_pix);
    for (const auto& region : variant.regions) {
      const bool visible = variant.applies && report.has_visible;
      text += fields(variant.applies ? region.aucs[0] : none);
      text += fields(variant.applies ? region.aucs[1] : none);
      text += fields(variant.applies ? region.auc : none);
      text += fields(variant.applies ? region.change : none);
      text += fields(visible ? region.visible_auc : none);
      text += fields(visible ? region.visible_change : none);
    }
    text += variant.rank > 0
                ? fmt::format(",{},{:d}\n", variant.rank, variant.annulus_harmed)
                : ",,\n";
  }
  return text;
}

}  // namespace lensmill::pipeline
