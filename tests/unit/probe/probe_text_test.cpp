#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace lensmill::pipeline
