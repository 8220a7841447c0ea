#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "pipeline/audit/audit.hpp"

namespace lensmill::pipeline {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Two stamps: one that fits the correct placement, one that prefers the legacy one by
/// this in ln L.
std::string text_at(double log_ratio) {
  AuditResult result;
  result.bands = {"r"};
  result.flux_ratio = {1.0};
  for (const double legacy : {-500.0, log_ratio}) {
    AuditStamp stamp;
    stamp.scores.correct.log_likelihood = 0.0;
    stamp.scores.legacy = analysis::AuditMatch{.log_likelihood = legacy};
    result.stamps.push_back(stamp);
  }
  return audit_text(result);
}

TEST(AuditText, AStampIsBetterFittedByTheLegacyPlacementFromThreeInLogLikelihoodOn) {
  EXPECT_THAT(text_at(2.99),
              HasSubstr("0 of 2 stamps fit the legacy placement better"));
  EXPECT_THAT(text_at(3.01),
              HasSubstr("1 of 2 stamps fit the legacy placement better"));
}

TEST(AuditText, OnlyAVerdictOfMixedSaysMixedAndWithWhichShare) {
  AuditResult result;
  result.bands = {"r"};
  result.flux_ratio = {1.0};
  result.legacy_fraction = {.value = 0.2, .lower = 0.12, .upper = 0.3, .n = 60};

  EXPECT_THAT(audit_text(result), Not(HasSubstr("MIXED")));
  result.verdict = analysis::AuditVerdict::mixed;
  EXPECT_THAT(
      audit_text(result),
      HasSubstr(
          "The set is MIXED: of the 60 stamps that one of the placements fits, 20.0 % "
          "[12.0, 30.0] were made with the legacy PSF placement"));
}

}  // namespace
}  // namespace lensmill::pipeline
