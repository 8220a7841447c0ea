#include "lib/catalogue/validate_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/catalogue/csv_source.hpp"
#include "lib/core/errors.hpp"
#include "tests/unit/catalogue/csv_file.hpp"
#include "tests/unit/catalogue/seed_priors.hpp"

namespace lensmill::catalogue {
namespace {

using testing::HasSubstr;

/// What validation says about a CSV text; "" if it is content.
std::string verdict(const std::string& text, const Needs& needs = seed_needs()) {
  const CsvFile file(text);
  const CsvSource source(file.path());
  try {
    validate_file(source, needs);
  } catch (const DataError& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::bad_data);
    return error.what();
  }
  return "";
}

TEST(ValidateFile, AcceptsColumnsAliasesAndUnlensedRows) {
  EXPECT_EQ(verdict("injection_id,theta_e_arcsec,lens_ellipticity,src_mag_i,split\n"
                    "0,0,0.2,21,2\n5,1.5,0,20,0\n"),
            "");
}

TEST(ValidateFile, ReportsSourcesThatAreNotBehindTheirLens) {
  const auto message =
      verdict("lens_redshift,src_redshift\n0.3,0.7\n0.5,0.5\n0.7,0.4\n");

  EXPECT_THAT(message, HasSubstr("2 problems in this catalogue:"));
  EXPECT_THAT(message, HasSubstr("line 3: src_redshift must be larger than "
                                 "lens_redshift (got 0.5 and 0.5)"));
  EXPECT_THAT(message, HasSubstr("line 4: src_redshift must be larger than "
                                 "lens_redshift (got 0.4 and 0.7)"));
}

TEST(ValidateFile, SaysWhatANumberSuchAs99StandsFor) {
  EXPECT_THAT(verdict("src_mag_r\n21\n99\n"),
              HasSubstr("line 3: src_mag_r must be in [-50, 50] (got 99): a mark for "
                        "`not measured`?"));
  EXPECT_THAT(verdict("src_mag_r\n-99\n"), HasSubstr("not measured"));
  EXPECT_THAT(verdict("lens_q\n1.2\n"), testing::Not(HasSubstr("not measured")));
}

TEST(ValidateFile, NamesColumnsThatDifferByTheirCaseAlone) {
  EXPECT_THAT(verdict("LENS_Q\n0.5\n"),
              HasSubstr("column `LENS_Q` is unknown: names are in lower case, write "
                        "`lens_q`"));
  EXPECT_THAT(verdict("SRC_FLUX_NMGY_R\n0.5\n"), HasSubstr("write `src_flux_nmgy_r`"));
  Needs needs = seed_needs();
  needs.bands = {"R"};
  EXPECT_THAT(verdict("Src_Flux_nmgy_r\n0.5\n", needs),
              HasSubstr("write `src_flux_nmgy_R`"));
}

/// A file of one row with columns that cannot be read, and what is wrong of itself.
class OddSource final : public ColumnSource {
 public:
  const std::string& path() const override { return path_; }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::int64_t rows() const override { return 1; }
  ColumnFacts facts(const std::string&) const override {
    return {.unit = "", .single_precision = true};
  }
  std::vector<UnreadColumn> unread() const override {
    return {{"lens_q", "text"}, {"HOST_FLIP", "logical values"}, {"comment", "text"}};
  }
  std::vector<std::string> problems() const override { return {"column `a` is odd"}; }
  Table read(std::int64_t, std::int64_t, std::span<const std::string>,
             std::vector<BadCell>&) const override {
    Table table;
    table.emplace_back(ColumnInfo{.name = "injection_id",
                                  .unit = "",
                                  .description = "",
                                  .type = ElementType::float64,
                                  .row_shape = {}},
                       1);
    table[0].values<double>()[0] = 16777218.0;
    return table;
  }

 private:
  std::string path_ = "odd.fits";
  std::vector<std::string> columns_{"injection_id"};
};

TEST(ValidateFile, TellsOfColumnsThatAreKnownAndCannotBeRead) {
  try {
    validate_file(OddSource(), seed_needs());
    FAIL();
  } catch (const DataError& error) {
    const std::string message = error.what();
    EXPECT_THAT(message, HasSubstr("column `a` is odd"));
    EXPECT_THAT(message,
                HasSubstr("column `lens_q` contains text, but one number in each "
                          "row is needed"));
    EXPECT_THAT(message, HasSubstr("column `HOST_FLIP` contains logical values"));
    EXPECT_THAT(message, testing::Not(HasSubstr("comment")));
    EXPECT_THAT(message, HasSubstr("row 1: injection_id must be at most 16777216 (got "
                                   "16777218)"));
  }
}

TEST(ValidateFile, ReportsEveryKindOfProblemAtOnce) {
  const auto message = verdict(
      "injection_id,lens_q,src_reff_arcsec,host_index,src_flux_nmgy_r\n"
      "1,0.5,0.2,0,1.0\n"
      "2,1.2,0.2,0,1.0\n"
      "3,0,-0.2,0,1.0\n"
      "4,nan,0.2,0,inf\n"
      "5,0.5,x,0,1.0\n"
      "6,0.5,0.2,1.5,1.0\n"
      "7,0.5,0.2,1\n"
      "-8,0.5,0.2,-1,1.0\n");

  EXPECT_THAT(message, HasSubstr("10 problems in this catalogue:"));
  EXPECT_THAT(message, HasSubstr("line 3: lens_q must be in (0, 1] (got 1.2)"));
  EXPECT_THAT(message, HasSubstr("line 4: lens_q must be in (0, 1] (got 0)"));
  EXPECT_THAT(message, HasSubstr("line 4: src_reff_arcsec must be in (0, 1000] (got "
                                 "-0.2)"));
  EXPECT_THAT(message, HasSubstr("line 5: lens_q must be finite (got nan)"));
  EXPECT_THAT(message, HasSubstr("line 5: src_flux_nmgy_r must be finite (got inf)"));
  EXPECT_THAT(message, HasSubstr("line 6: src_reff_arcsec must be a number (got `x`)"));
  EXPECT_THAT(message, HasSubstr("line 7: host_index must be an integer (got `1.5`)"));
  EXPECT_THAT(message, HasSubstr("line 8: has 4 cells (the header has 5)"));
  EXPECT_THAT(message,
              HasSubstr("line 9: injection_id must be an integer >= 0 (got -8)"));
  EXPECT_THAT(message,
              HasSubstr("line 9: host_index must be an integer >= 0 (got -1)"));
}

TEST(ValidateFile, IndicesEndWithTheRunsHostsAndKernels) {
  auto needs = seed_needs();
  needs.host = HostSource::cutouts;
  needs.host_count = 46;
  needs.psf[1] = PsfNeed::index;
  needs.psf_count[1] = 3;
  const auto band = needs.bands[1];

  const auto message = verdict("host_index,psf_index_" + band +
                                   ",psf_index_other\n"
                                   "0,2,100\n45,0,100\n46,0,100\n3,3,100\n",
                               needs);

  EXPECT_THAT(message, HasSubstr("2 problems"));
  EXPECT_THAT(message,
              HasSubstr("line 4: host_index must be an integer in [0, 45] (got 46)"));
  EXPECT_THAT(message, HasSubstr("line 5: psf_index_" + band +
                                 " must be an integer in [0, 2] (got 3)"));
}

TEST(ValidateFile, ReportsDuplicateIds) {
  const auto message =
      verdict("injection_id,lens_q\n9,0.5\n7,0.5\n9,0.5\n8,0.5\n9,0.5\n7,0.5\n");

  EXPECT_THAT(message, HasSubstr("3 problems"));
  EXPECT_THAT(message, HasSubstr("line 4: injection_id 9 is there twice (first in line "
                                 "2)"));
  EXPECT_THAT(message, HasSubstr("line 6: injection_id 9 is there twice"));
  EXPECT_THAT(message, HasSubstr("line 7: injection_id 7 is there twice (first in line "
                                 "3)"));
}

TEST(ValidateFile, UnorderedIdsAreNoProblem) {
  EXPECT_EQ(verdict("injection_id,lens_q\n9,0.5\n7,0.5\n8,0.5\n"), "");
}

TEST(ValidateFile, CountsAllAndShowsTwenty) {
  std::string text = "injection_id,lens_q\n";
  for (int row = 0; row < 10000; ++row) text += std::to_string(row / 2) + ",2\n";

  const auto message = verdict(text);

  EXPECT_THAT(message, HasSubstr("15000 problems in this catalogue, the first 20:"));
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 20);
}

TEST(ValidateFile, UnknownColumnsGetTheNearestName) {
  EXPECT_THAT(verdict("theta_e,lens_q\n1,0.5\n"),
              HasSubstr("column `theta_e` is unknown"));
  EXPECT_THAT(verdict("lens_phi_rads\n1\n"),
              HasSubstr("column `lens_phi_rads` is unknown: did you mean "
                        "`lens_phi_rad`?"));
  EXPECT_THAT(verdict("src_flux_nmgy_R\n1\n"), HasSubstr("the run's band is `r`"));
  EXPECT_THAT(verdict("src_offset\n1\n"), HasSubstr("stands for two numbers"));
}

TEST(ValidateFile, AFileWithoutRowsIsAProblem) {
  EXPECT_THAT(verdict("lens_q\n"), HasSubstr("has no rows"));
  EXPECT_THAT(verdict("lens_q\n# none\n\n"), HasSubstr("has no rows"));
}

}  // namespace
}  // namespace lensmill::catalogue
