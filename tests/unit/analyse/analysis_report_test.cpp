#include "pipeline/analyse/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace lensmill::pipeline {
namespace {

using testing::HasSubstr;

Section example() {
  ResultTable table{.id = "things",
                    .title = "Some things",
                    .columns = {{"bin", "arcsec"}, {"n"}},
                    .rows = {}};
  table.add_estimate_columns("mean", "pix", 2);
  std::vector<Cell> row{std::string("[1, 2)"), std::int64_t{12}};
  append(row, {.value = 0.125, .standard_error = NAN, .lower = 0.1, .upper = 0.15});
  table.rows.push_back(row);
  return {.id = "example",
          .title = "Example",
          .sentences = {"All is well."},
          .tables = {table},
          .facts = {{"answer", 42}}};
}

TEST(AnalysisReport, TextHasSentencesAndAlignedTables) {
  const std::string text = to_text(example());

  EXPECT_THAT(text, HasSubstr("Example\n=======\n  All is well.\n"));
  EXPECT_THAT(text, HasSubstr("    bin        n   mean  s.e.  from    to\n"));
  EXPECT_THAT(text, HasSubstr("    [arcsec]      [pix]\n"));
  EXPECT_THAT(text, HasSubstr("    [1, 2)    12   0.12     -  0.10  0.15\n"));
}

TEST(AnalysisReport, CsvQuotesTextAndLeavesUndefinedNumbersEmpty) {
  EXPECT_EQ(to_csv(example().tables[0]),
            "bin [arcsec],n,mean [pix],mean_standard_error [pix],mean_lower [pix],"
            "mean_upper [pix]\n"
            "\"[1, 2)\",12,0.125,,0.1,0.15\n");
}

TEST(AnalysisReport, JsonHasNullForUndefinedNumbers) {
  // As it is written and read again: in memory a NaN is still one.
  const auto json = nlohmann::ordered_json::parse(to_json(example()).dump());
  const auto& row = json["tables"]["things"]["rows"][0];

  EXPECT_EQ(json["answer"], 42);
  EXPECT_EQ(row["mean"], 0.125);
  EXPECT_TRUE(row["mean_standard_error"].is_null());
  EXPECT_EQ(json["tables"]["things"]["columns"][0]["unit"], "arcsec");
}

TEST(AnalysisReport, LongTablesMayStayOutOfTheText) {
  Section section = example();
  section.tables[0].in_text = false;

  EXPECT_EQ(to_text(section).find("Some things"), std::string::npos);
  EXPECT_TRUE(to_json(section)["tables"].contains("things"));
}

}  // namespace
}  // namespace lensmill::pipeline
