#include "lib/catalogue/table_cut.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/catalogue/csv_source.hpp"
#include "lib/catalogue/selected_source.hpp"
#include "lib/core/errors.hpp"
#include "tests/unit/catalogue/csv_file.hpp"

namespace lensmill::catalogue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

const std::string table =
    "mag,primary,TYPE,id\n"
    "20,True,DEV,a\n"
    "21,False,SER,b\n"
    "nan,True,PSF,c\n"
    "23,True,SER,d\n";

TEST(TableCut, TakesRangesTruthsAndTexts) {
  const CsvFile file(table);
  const CsvSource source(file.path());
  std::vector<std::string> warnings;
  const auto rows = [&](const TableCut& cut) {
    return select_rows(source, {cut}, "cuts", warnings);
  };
  // NaN lies in no range.
  EXPECT_THAT(rows({.column = "mag", .wanted = CutRange{20.5, 99.0}}),
              ElementsAre(1, 3));
  EXPECT_THAT(rows({.column = "primary", .wanted = true}), ElementsAre(0, 2, 3));
  EXPECT_THAT(rows({.column = "primary", .wanted = false}), ElementsAre(1));
  EXPECT_THAT(
      rows({.column = "type", .wanted = std::vector<std::string>{"DEV", "SER"}}),
      ElementsAre(0, 1, 3));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(TableCut, TellsOfTextsThatNoRowHas) {
  const CsvFile file(table);
  const CsvSource source(file.path());
  std::vector<std::string> warnings;
  select_rows(source,
              {{.column = "TYPE", .wanted = std::vector<std::string>{"DEV", "EXP"}}},
              "cuts", warnings);
  EXPECT_THAT(warnings,
              ElementsAre(HasSubstr("no row has TYPE EXP; there are DEV, PSF, SER")));
}

TEST(TableCut, RefusesWhatCannotBeMeant) {
  const CsvFile file(table);
  const CsvSource source(file.path());
  const auto refused = [&](const TableCut& cut) {
    return [&source, cut] {
      std::vector<std::string> warnings;
      select_rows(source, {cut}, "catalogue.file.cuts", warnings);
    };
  };
  EXPECT_THAT(refused({.column = "magg", .wanted = CutRange{}}),
              ThrowsMessage<ConfigError>(HasSubstr("did you mean `mag`?")));
  EXPECT_THAT(refused({.column = "TYPE", .wanted = true}),
              ThrowsMessage<DataError>(HasSubstr("line 2: column `TYPE` is neither")));
  EXPECT_THAT(refused({.column = "TYPE", .wanted = CutRange{0.0, 1.0}}),
              ThrowsMessage<DataError>(HasSubstr("must be a number (got `DEV`)")));
  EXPECT_THAT(refused({.column = "mag", .wanted = CutRange{90.0, 99.0}}),
              ThrowsMessage<DataError>(HasSubstr(
                  "none of its 4 rows passes catalogue.file.cuts (mag in [90, "
                  "99]: 0)")));
}

TEST(SelectedSource, RowsKeepTheirPlacesInTheFile) {
  const CsvFile file(table);
  const SelectedSource source(std::make_unique<const CsvSource>(file.path()),
                              {0, 2, 3});
  std::vector<BadCell> bad;

  const auto rows = source.read(1, 2, std::vector<std::string>{"mag"}, bad);

  EXPECT_EQ(source.rows(), 3);
  EXPECT_EQ(rows[0].values<double>()[1], 23.0);
  EXPECT_EQ(source.where(2), "line 5");
  EXPECT_THAT(source.read_texts(0, 3, "id"), ElementsAre("a", "c", "d"));
  EXPECT_EQ(text_cell(source.read_stored(2, 1, source.stored("id")), 0), "d");
}

}  // namespace
}  // namespace lensmill::catalogue
