#include "pipeline/inputs/catalogue_sources.hpp"

#include <fitsio.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lib/catalogue/table_cut.hpp"
#include "lib/core/errors.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using catalogue::BadCell;
using test_support::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsNan;
using testing::ThrowsMessage;

/// Two columns of three rows in `group`, and things that are no columns.
std::string hdf5_catalogue(const TemporaryFolder& folder, const std::string& group) {
  std::string path = (folder / "catalogue.h5").string();
  auto file = io::hdf5::File::create(path);
  const std::vector<std::int32_t> id{7, 8, 9};
  const std::vector<float> radius{0.5F, 1.0F, 1.5F};
  const std::vector<std::string> names{"a", "b", "c"};
  file.create_dataset(group + "injection_id", ElementType::int32, {3})
      .write_all<std::int32_t>(id);
  auto dataset =
      file.create_dataset(group + "theta_e_arcsec", ElementType::float32, {3});
  dataset.write_all<float>(radius);
  dataset.write_attribute("unit", "arcsec");
  file.create_dataset(group + "images", ElementType::float32, {3, 2});
  file.write_strings(group + "names", names);
  return path;
}

TEST(Hdf5Source, ReadsRowRangesOfTheNumericColumns) {
  const TemporaryFolder folder;
  for (const std::string group : {"", "catalogue/"}) {
    const Hdf5Source source(hdf5_catalogue(folder, group));
    std::vector<BadCell> bad;

    const std::vector<std::string> wanted{"theta_e_arcsec", "injection_id"};
    const Table table = source.read(1, 2, wanted, bad);

    EXPECT_EQ(source.rows(), 3);
    EXPECT_THAT(source.columns(), ElementsAre("injection_id", "theta_e_arcsec"));
    ASSERT_EQ(table.size(), 2U);
    EXPECT_EQ(table[0].info().unit, "arcsec");
    EXPECT_THAT(table[0].values<double>(), ElementsAre(1.0, 1.5));
    EXPECT_THAT(table[1].values<std::int64_t>(), ElementsAre(8, 9));
    EXPECT_TRUE(bad.empty());
  }
}

TEST(Hdf5Source, ReadsElementsOfArraysAndColumnsAsTheyAre) {
  const TemporaryFolder folder;
  const std::string path = hdf5_catalogue(folder, "");
  const std::vector<std::uint64_t> large{1, 18446744073709551615U, 3};
  {
    auto file = io::hdf5::File::open_for_update(path);
    const std::vector<float> pixels{1, 2, 3, 4, 5, 6};
    file.open_dataset("images").write_all<float>(pixels);
    file.create_dataset("UID", ElementType::uint64, {3})
        .write_all<std::uint64_t>(large);
  }
  const Hdf5Source source(path);
  std::vector<BadCell> bad;

  const auto table = source.read(1, 2, std::vector<std::string>{"images[1]"}, bad);
  const auto ids = source.read_stored(0, 3, source.stored("UID"));
  const auto names = source.read_stored(1, 2, source.stored("names"));
  const auto images = source.stored("images");

  EXPECT_THAT(table[0].values<double>(), ElementsAre(4.0, 6.0));
  EXPECT_EQ(source.facts("images[1]").elements, 1U);
  EXPECT_EQ(source.facts("images[2]").elements, 2U);  // there is none
  EXPECT_THAT(ids.values<std::uint64_t>(), testing::ElementsAreArray(large));
  EXPECT_EQ(catalogue::text_cell(names, 1), "c");
  EXPECT_EQ(images.type, ElementType::float32);
  EXPECT_THAT(images.row_shape, ElementsAre(2U));
}

TEST(Hdf5Source, SaysUnitsPrecisionAndWhatItDoesNotRead) {
  const TemporaryFolder folder;
  const std::string path = hdf5_catalogue(folder, "");
  {
    auto file = io::hdf5::File::open_for_update(path);
    file.open_dataset("injection_id").write_attribute("units", "pixel");
    file.open_dataset("theta_e_arcsec").write_attribute("unit", "mas");
  }
  const Hdf5Source source(path);

  EXPECT_EQ(source.facts("theta_e_arcsec").unit, "mas");
  EXPECT_TRUE(source.facts("theta_e_arcsec").single_precision);
  EXPECT_EQ(source.facts("injection_id").unit, "pixel");
  EXPECT_FALSE(source.facts("injection_id").single_precision);
  const auto unread = source.unread();
  ASSERT_EQ(unread.size(), 2U);
  EXPECT_EQ(unread[0].name, "images");
  EXPECT_EQ(unread[0].holds, "2 numbers in each row");
  EXPECT_EQ(unread[1].name, "names");
  EXPECT_EQ(unread[1].holds, "text");
}

TEST(Hdf5Source, RefusesUnequalColumnsAndFilesWithoutAny) {
  const TemporaryFolder folder;
  const std::string path = hdf5_catalogue(folder, "");
  io::hdf5::File::open_for_update(path).create_dataset("lens_q", ElementType::float64,
                                                       {4});
  EXPECT_THAT(
      [&] { Hdf5Source{path}; },
      ThrowsMessage<DataError>(AllOf(HasSubstr("catalogue.h5: /lens_q: has 4 rows"),
                                     HasSubstr("injection_id has 3"))));

  const std::string empty = (folder / "empty.h5").string();
  io::hdf5::File::create(empty).create_group("catalogue");
  EXPECT_THAT([&] { Hdf5Source{empty}; },
              ThrowsMessage<DataError>(HasSubstr("/catalogue has no one-dimensional")));
}

TEST(FitsSource, ReadsScalarNumericColumnsWithUndefinedCellsAsNan) {
  const TemporaryFolder folder;
  std::string path = (folder / "catalogue.fits").string();
  fitsfile* fits = nullptr;
  int status = 0;
  const char* names[] = {"injection_id", "host_index", "lens_q", "pair", "name"};
  const char* forms[] = {"K", "J", "E", "2E", "3A"};
  const char* units[] = {"", "", "deg", "", ""};
  fits_create_diskfile(&fits, path.c_str(), &status);
  fits_create_tbl(fits, BINARY_TBL, 2, 5, const_cast<char**>(names),
                  const_cast<char**>(forms), const_cast<char**>(units), nullptr,
                  &status);
  LONGLONG id[] = {5, 6};
  int host[] = {3, -1};
  float q[] = {0.75F, 0.5F};
  int undefined = -1;
  fits_write_col(fits, TLONGLONG, 1, 1, 1, 2, id, &status);
  fits_write_col(fits, TINT, 2, 1, 1, 2, host, &status);
  fits_write_col(fits, TFLOAT, 3, 1, 1, 2, q, &status);
  fits_update_key(fits, TINT, "TNULL2", &undefined, nullptr, &status);
  fits_close_file(fits, &status);
  ASSERT_EQ(status, 0);

  const FitsSource source(path);
  std::vector<BadCell> bad;
  const Table table = source.read(0, 2, source.columns(), bad);

  EXPECT_EQ(source.rows(), 2);
  EXPECT_THAT(source.columns(), ElementsAre("injection_id", "host_index", "lens_q"));
  EXPECT_THAT(table[0].values<std::int64_t>(), ElementsAre(5, 6));
  EXPECT_THAT(table[1].values<double>(), ElementsAre(3.0, IsNan()));
  EXPECT_THAT(table[2].values<double>(), ElementsAre(0.75, 0.5));
  EXPECT_EQ(source.facts("lens_q").unit, "deg");
  EXPECT_TRUE(source.facts("lens_q").single_precision);
  EXPECT_FALSE(source.facts("host_index").single_precision);
  const auto unread = source.unread();
  ASSERT_EQ(unread.size(), 2U);
  EXPECT_EQ(unread[0].holds, "2 numbers in each row");
  EXPECT_EQ(unread[1].holds, "text");
}

TEST(CatalogueFormat, IsToldByTheFirstBytes) {
  const TemporaryFolder folder;
  const auto format = [&](const std::string& bytes) {
    const auto path = (folder / "file").string();
    test_support::write_bytes(path, bytes);
    return catalogue_format_of(path);
  };

  EXPECT_EQ(format("theta_e_arcsec\n1.0\n"), CatalogueFormat::csv);
  EXPECT_EQ(format("SIMPLE  =                    T"), CatalogueFormat::fits);
  EXPECT_EQ(format("\x1f\x8b\x08"), CatalogueFormat::fits);
  EXPECT_EQ(catalogue_format_of(hdf5_catalogue(folder, "")), CatalogueFormat::hdf5);
  EXPECT_THAT([&] { format(""); }, ThrowsMessage<DataError>(HasSubstr("is empty")));
  EXPECT_THAT(
      [&] {
        format(
            std::string("\x7f"
                        "ELF\0\0",
                        6));
      },
      ThrowsMessage<DataError>(HasSubstr("neither CSV, HDF5 nor FITS")));
  EXPECT_THAT([&] { catalogue_format_of((folder / "absent").string()); },
              ThrowsMessage<IoError>(HasSubstr("No such file")));
  EXPECT_THAT([&] { catalogue_format_of(folder.path().string()); },
              ThrowsMessage<IoError>(HasSubstr("Is a directory")));
}

/// A FITS file of tables with one number each, 0.1, 0.2, ...
std::string tables_file(const TemporaryFolder& folder,
                        const std::vector<const char*>& names) {
  auto path = (folder / "tables.fits").string();
  std::filesystem::remove(path);
  fitsfile* fits = nullptr;
  int status = 0;
  fits_create_diskfile(&fits, path.c_str(), &status);
  double number = 0.0;
  for (const char* name : names) {
    const bool header = std::string_view(name) == "LDAC_IMHEAD";
    const char* columns[] = {header ? "Field Header Card" : "PA"};
    const char* forms[] = {header ? "80A" : "D"};
    fits_create_tbl(fits, BINARY_TBL, 1, 1, const_cast<char**>(columns),
                    const_cast<char**>(forms), nullptr, name, &status);
    number += 0.1;
    if (!header) fits_write_col(fits, TDOUBLE, 1, 1, 1, 1, &number, &status);
  }
  fits_close_file(fits, &status);
  EXPECT_EQ(status, 0);
  return path;
}

TEST(FitsSource, TakesNoTableOfSeveralWithoutAWord) {
  const TemporaryFolder folder;
  EXPECT_THAT(
      [&] {
        FitsSource{tables_file(folder, {"A", "B"})};
      },
      ThrowsMessage<DataError>(
          AllOf(HasSubstr("tables.fits: has 2 tables (HDU 1, A; HDU 2, B)"),
                HasSubstr("hdu=1).write("))));
  // SExtractor's, of one image; those of several have two of each.
  const FitsSource objects(tables_file(folder, {"LDAC_IMHEAD", "LDAC_OBJECTS"}));
  std::vector<BadCell> bad;
  EXPECT_THAT(objects.read(0, 1, objects.columns(), bad)[0].values<double>(),
              ElementsAre(0.2));
  EXPECT_THAT(
      [&] {
        FitsSource{tables_file(
            folder, {"LDAC_IMHEAD", "LDAC_OBJECTS", "LDAC_IMHEAD", "LDAC_OBJECTS"})};
      },
      ThrowsMessage<DataError>(HasSubstr("has 2 tables (HDU 2, LDAC_OBJECTS; HDU 4")));
}

constexpr std::int64_t first_id = 39627700000000001;  // beyond 2^53, as DESI's

/// The rows that a cut on `id` takes.
std::vector<std::int64_t> rows_with(const catalogue::ColumnSource& source,
                                    catalogue::CutNumber lower,
                                    catalogue::CutNumber upper) {
  std::vector<std::string> warnings;
  return catalogue::select_rows(
      source, {{.column = "id", .wanted = catalogue::CutRange{lower, upper}}}, "cuts",
      warnings);
}

void expect_exact_cuts(const catalogue::ColumnSource& source) {
  // Rows: three neighbours, which are one double, and 5.
  EXPECT_THAT(rows_with(source, first_id, first_id), ElementsAre(0));
  EXPECT_THAT(rows_with(source, first_id + 1, first_id + 1), ElementsAre(1));
  EXPECT_THAT(rows_with(source, 4.5L, first_id + 1), ElementsAre(0, 1, 3));
  EXPECT_THAT(rows_with(source, first_id + 2, 1e30L), ElementsAre(2));
}

TEST(TableCut, TellsNeighbouringIdsApartInEveryFormat) {
  const TemporaryFolder folder;
  const std::vector<std::int64_t> ids{first_id, first_id + 1, first_id + 2, 5};
  const std::string text = (folder / "ids.csv").string();
  {
    std::ofstream csv(text);
    csv << "id\n";
    for (const auto id : ids) csv << id << "\n";
  }
  expect_exact_cuts(*open_table(text));

  const std::string hdf5 = (folder / "ids.h5").string();
  for (const auto type : {ElementType::int64, ElementType::uint64}) {
    std::filesystem::remove(hdf5);
    auto dataset =
        io::hdf5::File::create(hdf5).create_dataset("id", type, {ids.size()});
    if (type == ElementType::int64) {
      dataset.write_all<std::int64_t>(ids);
    } else {
      dataset.write_all<std::uint64_t>(
          std::vector<std::uint64_t>(ids.begin(), ids.end()));
    }
    expect_exact_cuts(*open_table(hdf5));
  }

  const std::string binary = (folder / "ids.fits").string();
  for (const bool has_undefined : {false, true}) {
    std::filesystem::remove(binary);
    fitsfile* fits = nullptr;
    int status = 0;
    const char* name[] = {"id"};
    const char* form[] = {"K"};
    fits_create_diskfile(&fits, binary.c_str(), &status);
    fits_create_tbl(fits, BINARY_TBL, has_undefined ? 5 : 4, 1,
                    const_cast<char**>(name), const_cast<char**>(form), nullptr,
                    nullptr, &status);
    auto cells = std::vector<LONGLONG>(ids.begin(), ids.end());
    if (has_undefined) {
      LONGLONG undefined = first_id + 100;
      fits_update_key(fits, TLONGLONG, "TNULL1", &undefined, nullptr, &status);
      cells.push_back(undefined);  // in no range
    }
    fits_write_col(fits, TLONGLONG, 1, 1, 1, std::ssize(cells), cells.data(), &status);
    fits_close_file(fits, &status);
    ASSERT_EQ(status, 0);
    expect_exact_cuts(*open_table(binary));
  }
}

TEST(FitsSource, ReadsARealTractorCatalogue) {
  LENSMILL_NEEDS_REAL_DATA("legacysurvey-coadd/tractor-3301m002.fits");
  const FitsSource source(
      test_support::data_path("legacysurvey-coadd/tractor-3301m002.fits").string());
  std::vector<BadCell> bad;

  const std::vector<std::string> wanted{"objid", "flux_r"};
  const Table table = source.read(0, source.rows(), wanted, bad);

  EXPECT_EQ(source.rows(), 6);
  // Names match whatever their case (the file says OBJID); values as astropy reads
  // them.
  EXPECT_THAT(table[0].values<std::int64_t>(), ElementsAre(0, 2, 15, 1, 3, 4));
  EXPECT_FLOAT_EQ(static_cast<float>(table[1].values<double>()[2]), 51.33338F);
}

}  // namespace
}  // namespace lensmill::pipeline
