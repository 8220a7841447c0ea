#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pipeline/probe/probe.hpp"

namespace lensmill::pipeline {
namespace {

/// A probe in which every variant leaves this AUC to the core.
std::string text_at(double core_auc) {
  ProbeReport report{.bands = {"r"}, .leakage_band = "r"};
  for (const auto variant : analysis::all_variants) {
    VariantReport entry{.variant = variant, .applies = true};
    for (auto& region : entry.regions) region.auc = {.value = core_auc};
    report.variants.push_back(entry);
  }
  return probe_text(report);
}

TEST(ProbeText, SaysWhichVariantsBringTheCoreBelowItsTarget) {
  EXPECT_NE(text_at(0.649).find(", below 0.65"), std::string::npos);
  EXPECT_EQ(text_at(0.651).find(", below 0.65"), std::string::npos);
}

/// A probe whose core mask changes the full stamps' AUC by this.
std::string text_with(const analysis::Estimate& change, double full_auc) {
  ProbeReport report{.bands = {"r"}, .leakage_band = "r"};
  for (const auto variant : analysis::all_variants) {
    VariantReport entry{.variant = variant, .applies = true};
    for (auto& region : entry.regions) {
      region.auc = {.value = full_auc};
      region.change = change;
    }
    report.variants.push_back(entry);
  }
  report.split_hosts = {50, 1, 20};
  return probe_text(report);
}

TEST(ProbeText, AVerdictOfNoCostNamesTheSmallestThatWouldHaveBeenSeen) {
  const analysis::Estimate none{
      .value = -0.002, .standard_error = 0.01, .lower = -0.018, .upper = 0.014};

  const auto says = text_with(none, 0.9);

  EXPECT_NE(says.find("no cost of masking the core is seen there; one of\n0.0293"),
            std::string::npos)
      << says;
  EXPECT_EQ(says.find("no answer"), std::string::npos);
  EXPECT_NE(text_with(none, 0.999).find("has no answer for arcs that bright"),
            std::string::npos);
  const analysis::Estimate cost{
      .value = -0.011, .standard_error = 0.005, .lower = -0.019, .upper = -0.003};
  EXPECT_NE(text_with(cost, 0.9).find("masking the core costs there"),
            std::string::npos);
}

TEST(ProbeText, WarnsOfPartsWithFewHosts) {
  EXPECT_NE(text_with({}, 0.9).find("WARNING: the validation rows are of 1 host:"),
            std::string::npos);
  EXPECT_EQ(text_with({}, 0.9).find("the test rows are"), std::string::npos);
}

TEST(EqualEdges, CutTheRowsIntoFourAtMost) {
  std::vector<double> values(100);
  for (std::size_t k = 0; k < values.size(); ++k) values[k] = static_cast<double>(k);

  EXPECT_EQ(equal_edges(values), (std::vector<double>{0.0, 24.0, 49.0, 74.0, 99.0}));
  values.resize(45);
  EXPECT_EQ(equal_edges(values).size(), 3U);
  EXPECT_TRUE(equal_edges(std::vector<double>(100, 1.0)).empty());
}

}  // namespace
}  // namespace lensmill::pipeline
