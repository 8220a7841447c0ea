#include <fitsio.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "lib/io/fits/psfex_file.hpp"
#include "lib/io/fits/writer.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io::fits {
namespace {

using test_support::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// Three rows: an id, a radius with a unit, a name, a flag, a pair, a scaled short with
/// an undefined value.
std::string written_table(const TemporaryFolder& folder) {
  const std::string path = (folder / "table.fits").string();
  fitsfile* fits = nullptr;
  int status = 0;
  const char* names[] = {"injection_id", "theta_e_arcsec", "name", "ok", "PAIR", "mag"};
  const char* forms[] = {"K", "D", "6A", "L", "4E", "I"};
  const char* units[] = {"", "arcsec", "", "", "nmgy", "mag"};
  fits_create_diskfile(&fits, path.c_str(), &status);
  fits_create_tbl(fits, BINARY_TBL, 3, 6, const_cast<char**>(names),
                  const_cast<char**>(forms), const_cast<char**>(units), "CAT", &status);
  std::int64_t id[] = {1, 2, 9007199254740993};  // not a double
  double radius[] = {0.5, 1.0, std::nan("")};
  const char* name[] = {"one", "two", "three"};
  char flag[] = {1, 0, 1};
  float pair[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  short mag[] = {2050, -99, 1800};
  fits_write_col(fits, TLONGLONG, 1, 1, 1, 3, id, &status);
  fits_write_col(fits, TDOUBLE, 2, 1, 1, 3, radius, &status);
  fits_write_col(fits, TSTRING, 3, 1, 1, 3, const_cast<char**>(name), &status);
  fits_write_col(fits, TLOGICAL, 4, 1, 1, 3, flag, &status);
  fits_write_col(fits, TFLOAT, 5, 1, 1, 12, pair, &status);
  fits_write_col(fits, TSHORT, 6, 1, 1, 3, mag, &status);
  double scale = 0.01;
  long undefined = -99;
  fits_update_key(fits, TDOUBLE, "TSCAL6", &scale, nullptr, &status);
  fits_update_key(fits, TLONG, "TNULL6", &undefined, nullptr, &status);
  char dim[] = "(2,2)";
  fits_update_key(fits, TSTRING, "TDIM5", dim, nullptr, &status);
  fits_close_file(fits, &status);
  EXPECT_EQ(status, 0);
  return path;
}

TEST(FitsTable, DescribesItsColumns) {
  const TemporaryFolder folder;
  const TableHdu table = File::open(written_table(folder)).first_table();

  EXPECT_EQ(table.index(), 1);
  EXPECT_EQ(table.rows(), 3);
  ASSERT_EQ(table.columns().size(), 6U);
  EXPECT_EQ(table.columns()[1].name, "theta_e_arcsec");
  EXPECT_EQ(table.columns()[1].unit, "arcsec");
  EXPECT_EQ(table.column("injection_id").kind, ColumnKind::integer);
  EXPECT_EQ(table.column("THETA_E_ARCSEC").kind, ColumnKind::floating);
  EXPECT_EQ(table.column("name").kind, ColumnKind::string);
  EXPECT_EQ(table.column("ok").kind, ColumnKind::logical);
  EXPECT_THAT(table.column("pair").row_shape, ElementsAre(2, 2));
  EXPECT_EQ(table.column("mag").kind, ColumnKind::floating) << "scaled by TSCAL";
  EXPECT_TRUE(table.column("mag").may_be_undefined);
  EXPECT_FALSE(table.column("injection_id").may_be_undefined);
}

TEST(FitsTable, ReadsRowRanges) {
  const TemporaryFolder folder;
  const TableHdu table = File::open(written_table(folder)).first_table();

  EXPECT_THAT(table.read_integers("injection_id", 1, 2),
              ElementsAre(2, 9007199254740993));
  EXPECT_THAT(table.read_doubles("theta_e_arcsec", 0, 3),
              ElementsAre(0.5, 1.0, testing::IsNan()));
  EXPECT_THAT(table.read_strings("name", 0, 3), ElementsAre("one", "two", "three"));
  EXPECT_THAT(table.read_doubles("pair", 1, 1), ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(
      table.read_doubles("mag", 0, 3),
      ElementsAre(testing::DoubleEq(20.5), testing::IsNan(), testing::DoubleEq(18.0)));
  EXPECT_TRUE(table.read_doubles("mag", 3, 0).empty());
}

TEST(FitsTable, MisuseIsBadDataThatNamesColumnAndFile) {
  const TemporaryFolder folder;
  const TableHdu table = File::open(written_table(folder)).first_table();

  EXPECT_THAT([&] { table.read_doubles("lens_q", 0, 1); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("table.fits, HDU 1"),
                                             HasSubstr("no column lens_q"),
                                             HasSubstr("theta_e_arcsec"))));
  EXPECT_THAT([&] { table.read_doubles("name", 0, 1); },
              ThrowsMessage<DataError>(HasSubstr("contains strings, not numbers")));
  EXPECT_THAT([&] { table.read_integers("theta_e_arcsec", 0, 1); },
              ThrowsMessage<DataError>(HasSubstr("not integers")));
  EXPECT_THAT([&] { table.read_strings("ok", 0, 1); },
              ThrowsMessage<DataError>(HasSubstr("not strings")));
  EXPECT_THAT([&] { table.read_doubles("mag", 2, 2); },
              ThrowsMessage<DataError>(HasSubstr("rows 2 to 4 asked for of 3")));
}

TEST(FitsTable, ATruncatedTableIsBadData) {
  const TemporaryFolder folder;
  const std::string path = written_table(folder);
  const std::string whole = test_support::file_bytes(path);
  // One block contains the table's data: cut inside it.
  test_support::write_bytes(path, whole.substr(0, whole.size() - 2880 + 100));

  EXPECT_THAT([&] { File::open(path).first_table(); },
              ThrowsMessage<DataError>(
                  AllOf(HasSubstr("table.fits, HDU 1"), HasSubstr("truncated"))));
}

/// A file's header with another number for the keyword; the last one that has it.
void replace_number(const std::string& path, const std::string& keyword,
                    const std::string& number) {
  auto bytes = test_support::file_bytes(path);
  const auto at = bytes.rfind(keyword + std::string(8 - keyword.size(), ' ') + "=");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at + 10, 20, std::string(20 - number.size(), ' ') + number);
  test_support::write_bytes(path, bytes);
}

TEST(FitsTable, MoreRowsThanTheFileHoldsAreRefusedHoweverMany) {
  const TemporaryFolder folder;
  // The last one times the bytes of a row is beyond 64 bits.
  for (const char* rows : {"4000", "1000000000000", "4611686018427387904"}) {
    const std::string path = written_table(folder);
    replace_number(path, "NAXIS2", rows);
    EXPECT_THAT([&] { File::open(path).first_table(); },
                ThrowsMessage<DataError>(HasSubstr("truncated file")))
        << rows;
    std::filesystem::remove(path);
  }
}

TEST(FitsTable, SaysWhichColumnsAreInSinglePrecision) {
  const TemporaryFolder folder;
  const TableHdu table = File::open(written_table(folder)).first_table();

  EXPECT_TRUE(table.column("PAIR").single_precision);
  EXPECT_FALSE(table.column("theta_e_arcsec").single_precision);
  EXPECT_FALSE(table.column("mag").single_precision);  // scaled integers
}

TEST(FitsImage, MorePixelsThanTheFileHoldsAreRefusedHoweverMany) {
  const TemporaryFolder folder;
  const std::string path = (folder / "image.fits").string();
  Writer writer;
  const Image<float> image(10, 12);
  writer.add_image("image", image.view(), {});
  writer.save(path);
  replace_number(path, "BITPIX", "-64");
  replace_number(path, "NAXIS1", "2147483647");
  for (const char* side : {"3000", "2147483647"}) {
    replace_number(path, "NAXIS2", side);
    EXPECT_THAT([&] { File::open(path).first_image(); },
                ThrowsMessage<DataError>(HasSubstr("truncated file")))
        << side;
  }
}

TEST(PsfexFile, ReadsBothFormsOfRealModels) {
  LENSMILL_NEEDS_REAL_DATA("psfex-more/decam-5742149339-ccd2.fits");
  const auto read = [](const char* name) {
    return read_psfex(test_support::data_path(name).string());
  };

  const auto keywords = read("psfex-more/decam-5742149339-ccd2.fits");
  EXPECT_EQ(keywords.basis.size(), 6U);
  EXPECT_EQ(keywords.basis.front().ny(), 25);
  EXPECT_THAT(keywords.polynomial_name, ElementsAre("X_IMAGE", "Y_IMAGE"));
  EXPECT_DOUBLE_EQ(keywords.polynomial_zero[0], 1170.683140755);
  EXPECT_DOUBLE_EQ(keywords.polynomial_scale[1], 4064.332510948);
  EXPECT_EQ(keywords.polynomial_degree, 2);
  EXPECT_DOUBLE_EQ(keywords.sampling_pix, 0.70776927);

  const auto columns = read("psfex-more/c4d_181104_072440_ooi_g_ls9-psfex.fits");
  EXPECT_EQ(columns.basis.size(), 6U);
  EXPECT_EQ(columns.basis.front().nx(), 63);
  EXPECT_THAT(columns.polynomial_name, ElementsAre("X_IMAGE", "Y_IMAGE"));
  EXPECT_EQ(columns.polynomial_degree, 2);
  EXPECT_GT(columns.fwhm_pix, 2.0);

  // The constant term peaks at the centre of the image, whichever way it was stored.
  for (const auto& model : {keywords, columns}) {
    const auto& image = model.basis.front();
    const int centre = image.ny() / 2;
    for (const double value : image.pixels()) EXPECT_LE(value, image(centre, centre));
  }
}

TEST(PsfexFile, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  const std::string path = (folder / "psfex.fits").string();
  fitsfile* fits = nullptr;
  int status = 0;
  const char* names[] = {"PSF_MASK"};
  const char* forms[] = {"9E"};
  fits_create_diskfile(&fits, path.c_str(), &status);
  fits_create_tbl(fits, BINARY_TBL, 1, 1, const_cast<char**>(names),
                  const_cast<char**>(forms), nullptr, "PSF_DATA", &status);
  char name[] = "X_IMAGE";
  fits_update_key(fits, TSTRING, "POLNAME1", name, nullptr, &status);
  fits_close_file(fits, &status);
  ASSERT_EQ(status, 0);

  EXPECT_THAT([&] { read_psfex(path); },
              ThrowsMessage<DataError>(
                  AllOf(HasSubstr("psfex.fits, HDU 1, row 0"),
                        HasSubstr("missing: POLZERO1, POLSCAL1, POLDEG1, PSF_SAMP"))));
  EXPECT_THAT([&] { read_psfex(path, 1); },
              ThrowsMessage<DataError>(HasSubstr("no such row")));
}

Column column_of(const char* name, const char* unit, ElementType type,
                 std::vector<std::size_t> row_shape = {}) {
  return {{.name = name,
           .unit = unit,
           .description = "",
           .type = type,
           .row_shape = std::move(row_shape)},
          2};
}

TEST(FitsWriter, TablesComeBackAsTheyWere) {
  const TemporaryFolder folder;
  const auto path = (folder / "out.fits").string();
  Table table;
  table.push_back(column_of("id", "", ElementType::int64));
  table.push_back(column_of("flux", "nmgy", ElementType::float64));
  table.push_back(column_of("state", "", ElementType::text, {8}));
  table.push_back(column_of("flag", "", ElementType::int32));
  table.push_back(column_of("pair", "", ElementType::float32, {2}));
  std::ranges::copy(std::vector<std::int64_t>{9007199254740993, -1},
                    table[0].values<std::int64_t>().begin());
  std::ranges::copy(std::vector{0.1, std::nan("")}, table[1].values<double>().begin());
  std::ranges::copy(std::string_view("counted"), table[2].row<char>(0).begin());
  std::ranges::copy(std::vector{-1, 3}, table[3].values<std::int32_t>().begin());
  std::ranges::copy(std::vector{1.0F, 2.0F, 3.0F, 4.0F},
                    table[4].values<float>().begin());
  Writer writer;

  writer.add_table("RECOVERY", table, std::vector<Card>{{"RADIUS", 1.5, "arcsec"}});
  writer.save(path);

  const auto read = File::open(path).table(1);
  EXPECT_EQ(read.find_string("EXTNAME"), "RECOVERY");
  EXPECT_EQ(read.find_double("RADIUS"), 1.5);
  EXPECT_EQ(read.rows(), 2);
  EXPECT_THAT(read.read_integers("id", 0, 2), ElementsAre(9007199254740993, -1));
  EXPECT_EQ(read.read_doubles("flux", 0, 1)[0], 0.1);
  EXPECT_TRUE(std::isnan(read.read_doubles("flux", 1, 1)[0]));
  EXPECT_EQ(read.column("flux").unit, "nmgy");
  EXPECT_THAT(read.read_strings("state", 0, 2), ElementsAre("counted", ""));
  EXPECT_THAT(read.read_integers("flag", 0, 2), ElementsAre(-1, 3));
  EXPECT_THAT(read.read_doubles("pair", 0, 2), ElementsAre(1.0, 2.0, 3.0, 4.0));
}

TEST(FitsWriter, ATableMayHaveNoRows) {
  const TemporaryFolder folder;
  const auto path = (folder / "out.fits").string();
  Column column({.name = "id", .unit = "", .description = "", .row_shape = {}}, 0);
  Writer writer;

  writer.add_table("NONE", Table{column}, {});
  writer.save(path);

  EXPECT_EQ(File::open(path).table(1).rows(), 0);
}

}  // namespace
}  // namespace lensmill::io::fits
