#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/analysis/summary_rows.hpp"

namespace lensmill::analysis {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t widest_line = 100;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The lines of one table that begin with a bin of theta_E, and the one of all rows.
std::vector<std::string> rows_of(const std::string& text, const std::string& title) {
  std::vector<std::string> rows;
  bool here = false;
  for (const auto& line : lines_of(text)) {
    if (line.find(title) != std::string::npos) here = true;
    if (here && (line.starts_with("  [0") || line.starts_with("  [1") ||
                 line.starts_with("  [2") || line.starts_with("  all"))) {
      rows.push_back(line);
    }
    if (here && line.starts_with("  all")) break;
  }
  return rows;
}

TEST(SummaryText, OfNoRowsHasDashesForNumbers) {
  const auto text = summary_of({}).text();

  EXPECT_THAT(text, Not(HasSubstr("nan")));
  for (const char* title : {"2. Image positions", "3. Core flux"}) {
    const auto rows = rows_of(text, title);
    ASSERT_EQ(rows.size(), 6U);
    for (const auto& row : rows) {
      EXPECT_EQ(row.find_first_not_of(" 0-", 20), std::string::npos) << row;
    }
  }
}

TEST(SummaryText, OfFailedRowsAloneSaysWhyAndHasDashes) {
  std::vector<Row> rows(3);
  rows[0].status = 15;
  rows[1].status = 12;
  rows[2].status = 12;

  const auto text = summary_of(rows).text();

  EXPECT_THAT(text, ContainsRegex("rows  +3\n"));
  EXPECT_THAT(text, ContainsRegex("counted in the tables +0\n"));
  EXPECT_THAT(text, ContainsRegex("failed, not counted: no_flux +2\n"));
  EXPECT_THAT(text, ContainsRegex("failed, not counted: bad_psf +1\n"));
  EXPECT_THAT(text, ContainsRegex("source offset beta / theta_E, median +- +- +0 "));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

TEST(SummaryText, CountsRowsWhoseCoreIsMasked) {
  std::vector<Row> rows(3);
  rows[1].core_terms.fill(nan);

  const auto summary = summary_of(rows);

  EXPECT_EQ(summary.numbers().without_core_flux(), 1);
  EXPECT_NEAR(summary.numbers().all.core.core_flux_fraction, rows[0].core(), 1.0e-9);
  EXPECT_THAT(summary.text(),
              ContainsRegex("without a core flux fraction \\(core masked\\) +1\n"));
  EXPECT_THAT(summary_of(std::vector<Row>(3)).text(), Not(HasSubstr("core masked")));
}

TEST(SummaryText, OfColumnsOfNanHasDashes) {
  Row row;
  row.theta_e_arcsec = row.beta_arcsec = row.sis_pix = row.saddle_pix = nan;
  row.saddles = 0;
  row.core_terms.fill(nan);

  const auto text = summary_of(std::vector<Row>(4, row)).text();

  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(text, ContainsRegex("outside the bins of theta_E +4\n"));
  EXPECT_THAT(text, ContainsRegex("SIS proxy theta_E - beta, median .pix. +- +- +0 "));
  EXPECT_THAT(text, ContainsRegex("no saddle image .%. +100.00 +0.00 +4 "));
}

TEST(SummaryText, ShowsTheNumbersInTheirColumns) {
  std::vector<Row> rows(2);
  rows[1].sis_pix = nan;
  rows[1].saddle_pix = 6.0;
  rows[1].core_terms[0] = 0.4;

  const auto text = summary_of(rows).text();

  // Medians are those of the histogram: the middle of [1.900, 1.905) and, of the two
  // saddles at 1.8 and 6, the upper edge of the lower one's bin.
  EXPECT_EQ(rows_of(text, "2. Image positions")[2],
            "  [1.00, 1.50)               2         1     1.90 100.00 +- 0.00"
            "         2     1.80 50.00 +- 35.36");
  EXPECT_EQ(rows_of(text, "3. Core flux")[2],
            "  [1.00, 1.50)               2   0.3300 +- 0.1000"
            " +0.3000 +0.0500 -0.0800 +0.0600");
  EXPECT_THAT(text, ContainsRegex("true saddle .*within 5 pix .%. +50.00 +35.36 +2 "));
}

TEST(SummaryText, HasColumnsOfCentralImagesOnlyWhereThereIsOne) {
  Row with_maximum;
  with_maximum.core_terms[2] = 0.01;

  const auto without = summary_of({Row{}}).text();
  const auto with = summary_of({Row{}, with_maximum}).text();

  EXPECT_THAT(without, HasSubstr("counter   outer counter   outer\n"));
  EXPECT_THAT(without, HasSubstr("central: maxima (none here)"));
  EXPECT_THAT(with, HasSubstr("counter   outer central counter   outer central\n"));
  EXPECT_EQ(rows_of(with, "3. Core flux")[5],
            "  all                        2   0.2350 +- 0.0050"
            " +0.2000 +0.0500 +0.0050 -0.0800 +0.0600 +0.0000");
}

TEST(SummaryText, SaysWhenAMedianIsBeyondTheHistogram) {
  Row far;
  far.saddle_pix = 500.0;

  const auto text = summary_of({far, far}).text();

  EXPECT_THAT(text,
              ContainsRegex("true saddle .brightest., median .pix. +> 128 +- +2 "));
  EXPECT_THAT(text, Not(HasSubstr("inf")));
}

TEST(SummaryText, SaysTheApertureAndThePixel) {
  SummaryTables tables({.pixel_scale_arcsec = 0.2,
                        .bands = {"g", "i"},
                        .aperture_radius_pix = {3.0, 4.5},
                        .aperture = "circle, about the lens"});

  EXPECT_THAT(tables.text(),
              HasSubstr("r < 4.5 pix, band g, circle, about the lens\n"));
  EXPECT_THAT(tables.text(), HasSubstr("One pix is 0.2 arcsec."));
}

TEST(SummaryText, BinsWithFineEdgesKeepTheirDigits) {
  SummaryTables tables({.bands = {"r"},
                        .aperture_radius_pix = {5.0},
                        .theta_e_edges_arcsec = {0.125, 0.25, 0.5}});

  EXPECT_THAT(tables.text(), HasSubstr("[0.1250, 0.2500)"));
  EXPECT_THAT(tables.text(), HasSubstr("[0.2500, 0.5000]"));
}

TEST(SummaryText, LinesAreAlignedAndAtMost100Wide) {
  auto rows = mixed_rows(5000);
  for (const int status : {10, 11, 12, 13, 14, 15, 77}) {
    rows.emplace_back().status = status;
  }
  rows.emplace_back().rendered = 0;
  auto tables = summary_of(rows);
  // As of 50 million rows: seven- and eight-digit counts.
  for (const auto part : tables.state()) {
    for (auto& count : part) count *= 10000;
  }

  const auto text = tables.text();

  for (const auto& line : lines_of(text)) EXPECT_LE(line.size(), widest_line) << line;
  for (const char* title : {"2. Image positions", "3. Core flux"}) {
    const auto table = rows_of(text, title);
    ASSERT_EQ(table.size(), 6U);
    for (const auto& row : table) EXPECT_EQ(row.size(), table[0].size()) << row;
  }
  EXPECT_THAT(text, ContainsRegex("of unknown status, not counted +10000\n"));
  EXPECT_THAT(text, ContainsRegex("not rendered, not counted +10000\n"));
}

}  // namespace
}  // namespace lensmill::analysis
