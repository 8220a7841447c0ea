#include "lib/catalogue/csv_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>

#include "lib/catalogue/csv_records.hpp"
#include "lib/catalogue/rows.hpp"
#include "lib/core/errors.hpp"
#include "tests/unit/catalogue/csv_file.hpp"

namespace lensmill::catalogue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<double> column(const CsvSource& source, const std::string& name) {
  std::vector<BadCell> bad;
  const std::vector<std::string> names{name};
  const auto table = source.read(0, source.rows(), names, bad);
  EXPECT_TRUE(bad.empty());
  std::vector<double> values;
  for (std::size_t row = 0; row < table[0].rows(); ++row) {
    values.push_back(real_cell(table[0], row));
  }
  return values;
}

template <class ErrorType>
std::string error_of(const std::string& text) {
  const CsvFile file(text);
  try {
    CsvSource source(file.path());
  } catch (const ErrorType& error) {
    return error.what();
  }
  return "no error";
}

TEST(CsvSource, ReadsCommentsQuotesBlanksAndWindowsLineEnds) {
  const CsvFile file(
      "\xef\xbb\xbf# made by hand\r\n"
      "injection_id, \"lens_q\" ,theta_e_arcsec\r\n"
      "\r\n"
      "7, 0.5 ,1e0\r\n"
      "# between\r\n"
      "8.0,\"0.75\",+2\r\n"
      "9,1,3");
  const CsvSource source(file.path());

  EXPECT_THAT(source.columns(),
              ElementsAre("injection_id", "lens_q", "theta_e_arcsec"));
  EXPECT_EQ(source.rows(), 3);
  EXPECT_THAT(column(source, "injection_id"), ElementsAre(7, 8, 9));
  EXPECT_THAT(column(source, "lens_q"), ElementsAre(0.5, 0.75, 1.0));
  EXPECT_THAT(column(source, "theta_e_arcsec"), ElementsAre(1.0, 2.0, 3.0));
  EXPECT_EQ(source.where(0), "line 4");
  EXPECT_EQ(source.where(1), "line 6");
}

TEST(CsvSource, KeepsIdsBeyondDoublePrecision) {
  const CsvFile file("injection_id\n9007199254740993\n");
  const CsvSource source(file.path());
  std::vector<BadCell> bad;

  const auto table = source.read(0, 1, source.columns(), bad);

  EXPECT_EQ(whole_cell(table[0], 0), 9007199254740993);
}

TEST(SplitCells, FollowsRfc4180) {
  std::string record = "a,\"b,\"\"c\"\"\",, d e ,\"two\nlines\" ,";
  std::vector<std::string_view> cells;

  split_cells(record, ',', cells);

  EXPECT_THAT(cells, ElementsAre("a", "b,\"c\"", "", "d e", "two\nlines", ""));
}

TEST(CsvSource, ABadCellIsReportedWithItsRowAndText) {
  const CsvFile file("lens_q,host_index\n0.5,1\nhalf,2\n0.5\n,2.5\n");
  const CsvSource source(file.path());
  std::vector<BadCell> bad;

  const auto table = source.read(0, 4, source.columns(), bad);

  ASSERT_EQ(bad.size(), 4u);
  EXPECT_EQ(bad[0].row, 1);
  EXPECT_EQ(bad[0].column, "lens_q");
  EXPECT_EQ(bad[0].reason, "must be a number (got `half`)");
  EXPECT_EQ(bad[1].reason, "has 1 cells (the header has 2)");
  EXPECT_EQ(bad[2].reason, "the cell is empty");
  EXPECT_EQ(bad[3].reason, "must be an integer (got `2.5`)");
  EXPECT_TRUE(std::isnan(table[0].values<double>()[1]));
}

TEST(CsvSource, RefusesFilesThatAreNoTables) {
  EXPECT_THAT(error_of<DataError>(""), HasSubstr("is empty"));
  EXPECT_THAT(error_of<DataError>("# only a comment\n"), HasSubstr("is empty"));
  EXPECT_THAT(error_of<DataError>("lens_q,lens_q\n"), HasSubstr("is there twice"));
  EXPECT_THAT(error_of<DataError>("lens_q,,src_q\n"),
              HasSubstr("column 2 has no name"));
  EXPECT_THAT(error_of<DataError>("lens_q\n0.5\n\"0.6\n"),
              HasSubstr("line 3: a quote (\") is never closed"));
  EXPECT_THROW(CsvSource("/no/such/file.csv"), IoError);
}

TEST(CsvSource, ReadsTablesWhateverSeparatesTheirColumns) {
  for (const std::string text :
       {"lens_q,src_q\n0.5, 0.6\n", "lens_q\tsrc_q\n0.5\t0.6\n",
        "# c\nlens_q;src_q\n0.5;0.6\n", "lens_q | src_q\n0.5|0.6\n",
        "lens_q src_q\n0.5 0.6\n", "  lens_q\t src_q \n\t0.5    0.6  \n"}) {
    const CsvFile file(text);
    const CsvSource source(file.path());
    std::vector<BadCell> bad;
    const auto table = source.read(0, 1, source.columns(), bad);
    ASSERT_EQ(source.columns(), (std::vector<std::string>{"lens_q", "src_q"})) << text;
    EXPECT_TRUE(bad.empty()) << text;
    EXPECT_EQ(table[0].values<double>()[0], 0.5) << text;
    EXPECT_EQ(table[1].values<double>()[0], 0.6) << text;
  }
}

TEST(CsvSource, AnEmptyCellBetweenTabsIsACell) {
  const CsvFile file("lens_q\tnote\tsrc_q\n0.5\t\t0.6\n");
  const CsvSource source(file.path());
  std::vector<BadCell> bad;
  const auto table = source.read(0, 1, std::vector<std::string>{"src_q"}, bad);
  EXPECT_EQ(table[0].values<double>()[0], 0.6);
  EXPECT_EQ(source.read_texts(0, 1, "note"), std::vector<std::string>{""});
}

TEST(CsvSource, RefusesSeparatorsThatCannotBeTold) {
  EXPECT_THAT(error_of<DataError>("lens_q;src_q,z\n0,5;0,6\n"),
              HasSubstr("line 1: the header has commas and semicolons"));
  EXPECT_THAT(
      error_of<DataError>("#lens_q,src_q\n0.5,0.5\n"),
      HasSubstr("line 2: contains numbers where the header's column names are "));
}

TEST(CsvSource, AColumnIsCarriedInTheTypeThatContainsItExactly) {
  const CsvFile file(
      "id,big,real,name,padded,huge,none\n"
      "39627700000000001,18446744073709551615,0.5,PSF,007,99999999999999999999,\n"
      "-3,0,1e3,REX,12,1,\n");
  const CsvSource source(file.path());
  const auto type = [&](const char* name) { return source.stored(name).type; };
  EXPECT_EQ(type("id"), ElementType::int64);
  EXPECT_EQ(type("big"), ElementType::uint64);
  EXPECT_EQ(type("real"), ElementType::float64);
  EXPECT_EQ(type("name"), ElementType::text);
  EXPECT_EQ(type("padded"), ElementType::text);
  EXPECT_EQ(type("huge"), ElementType::text);
  EXPECT_EQ(type("none"), ElementType::text);
  const auto ids = source.read_stored(0, 2, source.stored("id"));
  EXPECT_EQ(ids.values<std::int64_t>()[0], 39627700000000001);
  const auto big = source.read_stored(0, 2, source.stored("big"));
  EXPECT_EQ(big.values<std::uint64_t>()[0], 18446744073709551615U);
  const auto names = source.read_stored(0, 2, source.stored("padded"));
  EXPECT_EQ(text_cell(names, 0), "007");
  EXPECT_EQ(text_cell(names, 1), "12");
}

TEST(CsvSource, NamesTheFormatThatIsNoText) {
  EXPECT_THAT(
      error_of<DataError>("SIMPLE  =                    T" + std::string(2000, ' ')),
      HasSubstr("is a file in FITS, but comma-separated text is needed"));
  EXPECT_THAT(error_of<DataError>("\x89HDF\r\n\x1a\n"), HasSubstr("is a file in HDF5"));
  EXPECT_THAT(error_of<DataError>("PK\x03\x04 and more"), HasSubstr("spreadsheet"));
  EXPECT_THAT(error_of<DataError>("<?xml version='1.0'?>\n"), HasSubstr("VOTable"));
  EXPECT_THAT(error_of<DataError>("lens_q\n0.5\n" + std::string("0.\0", 3)),
              HasSubstr("line 3: contains a byte 0"));
}

TEST(CsvSource, ReadsNoMoreThanAMebibyteOfALineWithoutAnEnd) {
  EXPECT_THROW(CsvSource("/dev/zero"), DataError);
  EXPECT_THAT(error_of<DataError>("lens_q\n" + std::string((1U << 20) + 1, '1')),
              HasSubstr("line 2: is longer than 1048576 bytes"));
  EXPECT_EQ(CsvSource(CsvFile("lens_q\n0.5" + std::string(1000, '0')).path()).rows(),
            1);
}

/// rows lines "id,theta_e,q" with values that depend on the row.
std::string many_rows(std::int64_t rows) {
  std::string text = "injection_id,theta_e_arcsec,lens_q\n";
  for (std::int64_t row = 0; row < rows; ++row) {
    if (row % 1000 == 0) text += "# a comment\n";
    text += std::to_string(2 * row) + "," + std::to_string(0.001 * double(row % 2500)) +
            ",0." + std::to_string(1 + row % 9) + "\n";
  }
  return text;
}

TEST(CsvSource, ARowIsTheSameAloneAndInABlockAndThroughASharedIndex) {
  const CsvFile file(many_rows(10000));
  auto source = std::make_unique<CsvSource>(file.path());
  const FileRows shared(std::make_unique<CsvSource>(file.path(), source->index()));
  const FileRows rows(std::move(source));
  ASSERT_EQ(rows.count(), 10000);

  const auto block = rows.read(4000, 300);  // across a block of the index

  EXPECT_THAT(rows.given(), ElementsAre("theta_e_arcsec", "lens_q"));
  for (std::size_t i : {0u, 95u, 96u, 97u, 299u}) {
    const auto alone = shared.read(4000 + std::int64_t(i), 1);
    EXPECT_EQ(alone.injection_id[0], 8000 + 2 * std::int64_t(i));
    EXPECT_EQ(alone.injection_id[0], block.injection_id[i]);
    EXPECT_EQ(alone.row(0)[0], block.row(i)[0]);
    EXPECT_EQ(alone.row(0)[1], block.row(i)[1]);
  }
}

#if !defined(__SANITIZE_ADDRESS__)  // whose quarantine keeps what is freed
long resident_kib() {
  std::ifstream statm("/proc/self/statm");
  long pages = 0;
  long resident = 0;
  statm >> pages >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

TEST(CsvSource, StreamsInBoundedMemory) {
  constexpr std::int64_t count = 1000000;
  // A block of 4096 rows of 3 doubles is 0.1 MB; the file has 20 MB.
  constexpr long allowed_growth_kib = 4096;
  test_support::TemporaryFolder folder;
  const auto path = (folder / "large.csv").string();
  {
    std::ofstream file(path);
    file << "injection_id,theta_e_arcsec,lens_q\n";
    for (std::int64_t row = 0; row < count; ++row) {
      file << row << ",0." << 1000 + row % 1000 << ",0.5\n";
    }
  }
  const long before = resident_kib();
  long peak = before;

  const FileRows rows(std::make_unique<CsvSource>(path));
  double sum = 0.0;
  for (std::int64_t first = 0; first < count; first += 4096) {
    const auto block = rows.read(first, std::min<std::int64_t>(4096, count - first));
    for (std::size_t i = 0; i < block.rows(); ++i) sum += block.row(i)[0];
    peak = std::max(peak, resident_kib());
  }

  constexpr double mean = 0.14995;
  EXPECT_NEAR(sum / double(count), mean, 1.0e-9);
  EXPECT_LT(peak - before, allowed_growth_kib);
}
#endif

}  // namespace
}  // namespace lensmill::catalogue
