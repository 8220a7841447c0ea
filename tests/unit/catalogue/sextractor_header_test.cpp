#include "lib/catalogue/sextractor_header.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "lib/catalogue/csv_source.hpp"
#include "lib/core/errors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::catalogue {
namespace {

using test_support::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class SextractorHeaderTest : public testing::Test {
 protected:
  std::string write(const std::string& text) const {
    const auto path = (folder_ / "found.cat").string();
    std::ofstream(path) << text;
    return path;
  }

 private:
  TemporaryFolder folder_;
};

constexpr const char* header =
    "#   1 NUMBER                 Running object number\n"
    "#   2 X_IMAGE                Object position along x        [pixel]\n"
    "#   3 FLUX_APER              Flux vector within apertures   [count]\n"
    "#   6 MAG_AUTO               Kron-like magnitude            [mag]\n";

TEST_F(SextractorHeaderTest, NamesTheCellsOfARow) {
  const auto path = write(std::string(header) +
                          "         1   12.5000  1.0  2.0  3.0  21.5\n"
                          "         2   +1.5e+1  4.0  5.0  6.0  22.5\n");

  const CsvSource table(path);

  EXPECT_THAT(table.columns(), ElementsAre("NUMBER", "X_IMAGE", "FLUX_APER",
                                           "FLUX_APER_1", "FLUX_APER_2", "MAG_AUTO"));
  EXPECT_EQ(table.facts("X_IMAGE").unit, "pixel");
  EXPECT_EQ(table.facts("NUMBER").unit, "");
  EXPECT_EQ(table.facts("FLUX_APER_1").unit, "count");
  ASSERT_EQ(table.rows(), 2);
  std::vector<BadCell> bad;
  const auto block =
      table.read(0, 2, std::vector<std::string>{"X_IMAGE", "MAG_AUTO"}, bad);
  EXPECT_TRUE(bad.empty());
  EXPECT_EQ(real_cell(block[0], 1), 15.0);
  EXPECT_EQ(real_cell(block[1], 0), 21.5);
  EXPECT_EQ(table.where(1), "line 6");
}

TEST_F(SextractorHeaderTest, TheLastColumnHasWhatIsLeft) {
  const auto path = write("# 1 NUMBER\n# 2 FLUX_APER\n1 10.0 20.0 30.0\n");

  EXPECT_THAT(sextractor_header(path)->names,
              ElementsAre("NUMBER", "FLUX_APER", "FLUX_APER_1", "FLUX_APER_2"));
}

TEST_F(SextractorHeaderTest, ACatalogueWithoutRowsIsOne) {
  const CsvSource table(write(header));

  EXPECT_EQ(table.rows(), 0);
  EXPECT_EQ(table.columns().size(), 6U);
}

TEST_F(SextractorHeaderTest, OtherCommentsAreNone) {
  EXPECT_FALSE(sextractor_header(write("# found by hand\nx,y\n1,2\n")).has_value());
  // A numbered remark before a header line.
  EXPECT_FALSE(sextractor_header(write("# 1 remark\nx,y\n1,2\n")).has_value());
  EXPECT_FALSE(sextractor_header(write("# 2 X_IMAGE\n1 2\n")).has_value());
  EXPECT_FALSE(sextractor_header(write("x,y\n1,2\n")).has_value());
}

TEST_F(SextractorHeaderTest, RefusesWhatContradictsItself) {
  EXPECT_THAT([&] { sextractor_header(write("# 1 A\n# 3 B\n# 2 C\n1 2 3\n")); },
              ThrowsMessage<DataError>(HasSubstr("do not ascend")));
  EXPECT_THAT([&] { sextractor_header(write("# 1 A\n# 2 A\n1 2\n")); },
              ThrowsMessage<DataError>(HasSubstr("column `A` is there twice")));
}

}  // namespace
}  // namespace lensmill::catalogue
