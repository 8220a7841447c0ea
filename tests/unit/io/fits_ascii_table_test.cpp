// ASCII tables, columns of equal names, and integers of more than 53 bits.
#include <fitsio.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io::fits {
namespace {

using test_support::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

struct Field {
  const char* name;
  const char* form;
};

/// A table file without rows' contents yet.
class TableFile {
 public:
  TableFile(int type, LONGLONG rows, const std::vector<Field>& fields) {
    std::vector<char*> names;
    std::vector<char*> forms;
    for (const auto& field : fields) {
      names.push_back(const_cast<char*>(field.name));
      forms.push_back(const_cast<char*>(field.form));
    }
    fits_create_diskfile(&fits_, path().c_str(), &status_);
    fits_create_tbl(fits_, type, rows, static_cast<int>(fields.size()), names.data(),
                    forms.data(), nullptr, nullptr, &status_);
  }
  std::string path() const { return (folder_ / "table.fits").string(); }
  void put_texts(int column, std::vector<const char*> cells) {
    // As it stands: CFITSIO itself would write large integers through doubles.
    long begin = 0;
    fits_get_acolparms(fits_, column, nullptr, &begin, nullptr, nullptr, nullptr,
                       nullptr, nullptr, nullptr, &status_);
    LONGLONG row = 0;
    for (const std::string cell : cells) {
      std::string bytes = cell;
      fits_write_tblbytes(fits_, ++row, begin, static_cast<LONGLONG>(bytes.size()),
                          reinterpret_cast<unsigned char*>(bytes.data()), &status_);
    }
  }
  void put_integers(int column, std::vector<LONGLONG> cells) {
    fits_write_col(fits_, TLONGLONG, column, 1, 1, std::ssize(cells), cells.data(),
                   &status_);
  }
  void put_card(const char* keyword, double number) {
    fits_update_key(fits_, TDOUBLE, keyword, &number, nullptr, &status_);
  }
  void put_card(const char* keyword, const char* text) {
    fits_update_key(fits_, TSTRING, keyword, const_cast<char*>(text), nullptr,
                    &status_);
  }
  TableHdu read() {
    fits_close_file(fits_, &status_);
    EXPECT_EQ(status_, 0);
    return File::open(path()).first_table();
  }

 private:
  TemporaryFolder folder_;
  fitsfile* fits_ = nullptr;
  int status_ = 0;
};

TEST(FitsAsciiTable, IsReadAsItIsWritten) {
  TableFile file(
      ASCII_TBL, 2,
      {{"ID", "I20"}, {"PA", "F14.5"}, {"Q", "E25.17"}, {"NAME", "A8"}, {"N", "I10"}});
  file.put_texts(1, {"   9007199254740993", "                  -7"});
  file.put_texts(2, {"  123456.78901", "       2.50000"});
  file.put_texts(3, {"  3.33333333333333315E-01", "  1.00000000000000002E-03"});
  file.put_texts(4, {"one", "two"});
  file.put_texts(5, {"4000000000", "         3"});
  const auto table = file.read();

  ASSERT_EQ(table.rows(), 2);
  EXPECT_EQ(table.column("ID").kind, ColumnKind::integer);
  EXPECT_FALSE(table.column("PA").single_precision);
  EXPECT_EQ(table.column("PA").element_type, ElementType::float64);
  EXPECT_THAT(table.read_integers("ID", 0, 2), ElementsAre(9007199254740993, -7));
  EXPECT_THAT(table.read_integers("N", 0, 2), ElementsAre(4000000000, 3));
  EXPECT_THAT(table.read_integers("N", 1, 1), ElementsAre(3));
  std::vector<std::int64_t> raw(2);
  table.read_raw("ID", 0, 2, raw.data());
  EXPECT_THAT(raw, ElementsAre(9007199254740993, -7));
  EXPECT_THAT(table.read_doubles("PA", 0, 2),
              ElementsAre(testing::DoubleEq(123456.78901), testing::DoubleEq(2.5)));
  EXPECT_THAT(table.read_doubles("Q", 0, 2),
              ElementsAre(testing::DoubleEq(1.0 / 3.0), testing::DoubleEq(1e-3)));
  EXPECT_THAT(table.read_strings("NAME", 0, 2), ElementsAre("one", "two"));
}

TEST(FitsAsciiTable, RefusesWhatIsNoNumber) {
  TableFile file(ASCII_TBL, 2, {{"ID", "I20"}, {"PA", "F8.3"}});
  file.put_texts(1, {"                   1", "99999999999999999999"});
  file.put_texts(2, {"   1.500", "        "});
  const auto table = file.read();

  EXPECT_THAT([&] { table.read_integers("ID", 0, 2); },
              ThrowsMessage<DataError>(
                  HasSubstr("column ID, row 2: must be an integer below 2^63")));
  EXPECT_THAT(
      [&] { table.read_doubles("PA", 0, 2); },
      ThrowsMessage<DataError>(HasSubstr("column PA, row 2: the cell is blank")));
}

TEST(FitsTable, ANameThatFitsSeveralColumnsIsRefused) {
  TableFile file(BINARY_TBL, 1,
                 {{"FLUX", "K"}, {"flux", "K"}, {"ID", "K"}, {"x", "K"}});
  file.put_card("TTYPE4", "ID");
  file.put_integers(1, {1});
  file.put_integers(2, {10});
  const auto table = file.read();

  EXPECT_THAT(table.read_integers("FLUX", 0, 1), ElementsAre(1));
  EXPECT_THAT(table.read_integers("flux", 0, 1), ElementsAre(10));
  EXPECT_THAT(
      [&] { table.read_integers("Flux", 0, 1); },
      ThrowsMessage<DataError>(HasSubstr(
          "the column Flux may be any of FLUX (TTYPE1), flux (TTYPE2); write")));
  EXPECT_THAT(
      [&] { table.read_integers("ID", 0, 1); },
      ThrowsMessage<DataError>(HasSubstr(
          "may be any of ID (TTYPE3), ID (TTYPE4); give them different names")));
}

TEST(FitsTable, ScalesIntegersWithoutRounding) {
  constexpr LONGLONG large = (1LL << 60) + 1;
  constexpr LONGLONG largest = std::numeric_limits<LONGLONG>::max();
  TableFile file(BINARY_TBL, 2,
                 {{"ID", "K"}, {"TWICE", "K"}, {"FAR", "K"}, {"H", "K"}});
  for (int column = 1; column <= 2; ++column) file.put_integers(column, {large, 7});
  file.put_integers(3, {7, largest});
  file.put_integers(4, {7, 8});
  file.put_card("TZERO1", 1000.0);
  file.put_card("TSCAL2", -2.0);
  file.put_card("TZERO3", 1.0);
  file.put_card("TSCAL4", 0.5);
  const auto table = file.read();

  EXPECT_THAT(table.read_integers("ID", 0, 2), ElementsAre(large + 1000, 1007));
  EXPECT_THAT(table.read_integers("ID", 1, 1), ElementsAre(1007));
  EXPECT_THAT(table.read_doubles("ID", 1, 1), ElementsAre(1007.0));
  EXPECT_THAT(table.read_integers("TWICE", 0, 2), ElementsAre(-2 * large, -14));
  EXPECT_THAT([&] { table.read_integers("FAR", 0, 2); },
              ThrowsMessage<DataError>(HasSubstr("column FAR, row 2: 92233")));
  EXPECT_EQ(table.column("H").kind, ColumnKind::floating);
  EXPECT_THAT(table.read_doubles("H", 0, 2), ElementsAre(3.5, 4.0));
}

}  // namespace
}  // namespace lensmill::io::fits
