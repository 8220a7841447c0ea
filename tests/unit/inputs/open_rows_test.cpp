#include "pipeline/inputs/open_rows.hpp"

#include <fitsio.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/input_files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using config::CatalogueKind;
using config::CatalogueSection;
using test_support::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

const catalogue::Needs needs{
    .bands = {"g", "r"}, .host = catalogue::HostSource::cutouts, .host_count = 46};

CatalogueSection file_section(const std::string& path) {
  CatalogueSection section;
  section.kind = CatalogueKind::file;
  section.file = path;
  return section;
}

std::string csv_file(const TemporaryFolder& folder, const std::string& text) {
  std::string path = (folder / "rows.csv").string();
  test_support::write_bytes(path, text);
  return path;
}

std::string hdf5_file(const TemporaryFolder& folder, double last_theta_e) {
  std::string path = (folder / "rows.h5").string();
  auto file = io::hdf5::File::create(path);
  const std::vector<std::int64_t> id{5, 3, 9};
  const std::vector<double> theta_e{1.0, 0.0, last_theta_e};
  file.create_dataset("catalogue/injection_id", ElementType::int64, {3})
      .write_all<std::int64_t>(id);
  file.create_dataset("catalogue/theta_e_arcsec", ElementType::float64, {3})
      .write_all<double>(theta_e);
  return path;
}

std::string fits_file(const TemporaryFolder& folder, double last_theta_e) {
  std::string path = (folder / "rows.fits").string();
  fitsfile* fits = nullptr;
  int status = 0;
  const char* names[] = {"injection_id", "theta_e_arcsec"};
  const char* forms[] = {"K", "D"};
  LONGLONG id[] = {5, 3, 9};
  double theta_e[] = {1.0, 0.0, last_theta_e};
  fits_create_diskfile(&fits, path.c_str(), &status);
  fits_create_tbl(fits, BINARY_TBL, 3, 2, const_cast<char**>(names),
                  const_cast<char**>(forms), nullptr, nullptr, &status);
  fits_write_col(fits, TLONGLONG, 1, 1, 1, 3, id, &status);
  fits_write_col(fits, TDOUBLE, 2, 1, 1, 3, theta_e, &status);
  fits_close_file(fits, &status);
  EXPECT_EQ(status, 0);
  return path;
}

std::shared_ptr<const catalogue::Rows> opened(const CatalogueSection& section) {
  auto [rows, sky_angles, warnings] = open_rows(section, needs, {});
  EXPECT_THAT(warnings, IsEmpty());
  return rows;
}

void expect_refused(const std::string& path,
                    const testing::Matcher<std::string>& message) {
  EXPECT_THAT([&] { opened(file_section(path)); }, ThrowsMessage<DataError>(message));
}

TEST(OpenRows, SampledAndSobolRowsBringNothing) {
  for (const auto kind : {CatalogueKind::sampled, CatalogueKind::sobol}) {
    CatalogueSection section;
    section.kind = kind;
    section.count = 7;

    const auto rows = opened(section);

    EXPECT_EQ(rows->count(), 7);
    EXPECT_THAT(rows->given(), IsEmpty());
  }
}

TEST(OpenRows, AGridIsItsProduct) {
  CatalogueSection section;
  section.kind = CatalogueKind::grid;
  section.grid = {{"theta_e_arcsec", {0.5, 1.0}}, {"lens_q", {0.6, 0.7, 0.8}}};

  const auto rows = opened(section);

  EXPECT_EQ(rows->count(), 6);
  EXPECT_THAT(rows->read(4, 1).values, ElementsAre(1.0, 0.7));
}

TEST(OpenRows, FilesAreToldByTheirContents) {
  const TemporaryFolder folder;
  for (const auto& path :
       {csv_file(folder, "injection_id,theta_e_arcsec\n5,1\n3,0\n9,2.5\n"),
        hdf5_file(folder, 2.5), fits_file(folder, 2.5)}) {
    SCOPED_TRACE(path);
    // Whatever the file is called.
    const auto renamed = (folder / "rows.dat").string();
    std::filesystem::rename(path, renamed);

    const auto rows = opened(file_section(renamed));
    const auto block = rows->read(1, 2);

    EXPECT_EQ(rows->count(), 3);
    EXPECT_THAT(rows->given(), ElementsAre("theta_e_arcsec"));
    EXPECT_THAT(block.injection_id, ElementsAre(3, 9));
    EXPECT_THAT(block.values, ElementsAre(0.0, 2.5));
  }
}

TEST(OpenRows, ProblemsNameFileRowAndColumn) {
  const TemporaryFolder folder;
  expect_refused(
      csv_file(folder, "theta_e_arcsec,host_index\n1,0\n-1,45\n1,46\n"),
      AllOf(HasSubstr("rows.csv: 2 problems in this catalogue"),
            HasSubstr("line 3: theta_e_arcsec must be in [0, 1000] (got -1)"),
            HasSubstr("line 4: host_index must be an integer in [0, 45] (got 46)")));
  expect_refused(hdf5_file(folder, -2.0),
                 AllOf(HasSubstr("rows.h5: 1 problem"),
                       HasSubstr("row 3: theta_e_arcsec must be in [0, 1000]")));
  expect_refused(fits_file(folder, -2.0),
                 AllOf(HasSubstr("rows.fits: 1 problem"),
                       HasSubstr("row 3: theta_e_arcsec must be in [0, 1000]")));
  expect_refused(
      csv_file(folder, "theta_e_arcsecs\n1\n"),
      HasSubstr("column `theta_e_arcsecs` is unknown: did you mean `theta_e_arcsec`?"));
}

TEST(OpenRows, ColumnsComeInTheirQuantitysUnitAndThatIsSaid) {
  const TemporaryFolder folder;
  const auto path = hdf5_file(folder, 2500.0);
  io::hdf5::File::open_for_update(path)
      .open_dataset("catalogue/theta_e_arcsec")
      .write_attribute("unit", "mas");

  const auto [rows, sky_angles, warnings] = open_rows(file_section(path), needs, {});

  EXPECT_THAT(warnings, ElementsAre(HasSubstr("column `theta_e_arcsec` has the unit "
                                              "`mas`: converted to arcsec")));
  EXPECT_THAT(rows->read(2, 1).values, ElementsAre(2500.0 * 1.0e-3));
}

TEST(OpenRows, TruncatedFilesAreNamed) {
  const TemporaryFolder folder;
  // Cut within the last row.
  expect_refused(csv_file(folder, "theta_e_arcsec,lens_q\n1,0.5\n1"),
                 AllOf(HasSubstr("rows.csv"), HasSubstr("line 3: has 1 cells (the "
                                                        "header has 2)")));
  expect_refused(csv_file(folder, ""), HasSubstr("rows.csv: the file is empty"));
  const auto hdf5 = hdf5_file(folder, 2.5);
  std::filesystem::resize_file(hdf5, std::filesystem::file_size(hdf5) - 100);
  expect_refused(hdf5, AllOf(HasSubstr("rows.h5"), HasSubstr("not a complete HDF5")));
  const auto fits = fits_file(folder, 2.5);
  std::filesystem::resize_file(fits, std::filesystem::file_size(fits) - 2880);
  expect_refused(fits, AllOf(HasSubstr("rows.fits"), HasSubstr("truncated file")));

  EXPECT_THAT(
      [&] { opened(file_section((folder / "absent.csv").string())); },
      ThrowsMessage<IoError>(AllOf(HasSubstr("absent.csv"), HasSubstr("No such"))));
}

TEST(OpenRows, ALargeFileIsNotReadWhole) {
  constexpr std::size_t many = 10'000'000;
  constexpr double most_mib = 64.0;  // two columns of doubles are 160 MB
  const TemporaryFolder folder;
  std::string path = (folder / "rows.h5").string();
  {
    auto file = io::hdf5::File::create(path);
    for (const char* name : {"theta_e_arcsec", "lens_phi_rad"}) {
      file.create_dataset(name, ElementType::float64, {many});  // zeros, on no disk
    }
  }
  const double before = test_support::peak_memory_mib();

  const auto rows = opened(file_section(path));
  const auto last = rows->read(many - 1, 1);

  EXPECT_EQ(rows->count(), static_cast<std::int64_t>(many));
  EXPECT_THAT(last.values, ElementsAre(0.0, 0.0));
  EXPECT_LT(test_support::peak_memory_mib() - before, most_mib);
}

TEST(OpenRows, PassOverWhatNamesHostsElsewhere) {
  const TemporaryFolder folder;
  const auto section =
      file_section(csv_file(folder, "lens_q,Cutout,id\n0.5,a.fits,x\n0.6,b.fits,y\n"));

  const auto [rows, sky_angles, warnings] =
      open_rows(section, needs, {}, {"cutout", "ID"});

  EXPECT_THAT(rows->given(), ElementsAre("lens_q"));
  EXPECT_THAT(rows->read(0, 2).values, ElementsAre(0.5, 0.6));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(OpenRows, AHostIdNamesNoHostByItself) {
  const TemporaryFolder folder;

  // As in this program's own catalogues.
  const auto [rows, sky_angles, warnings] = open_rows(
      file_section(csv_file(folder, "host_index,host_id\n3,x1\n")), needs, {});
  EXPECT_THAT(rows->given(), ElementsAre("host_index"));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("column `host_id` is not used")));

  EXPECT_THAT(
      [&] {
        open_rows(file_section(csv_file(folder, "lens_q,host_id\n0.5,x1\n")), needs,
                  {});
      },
      ThrowsMessage<DataError>(HasSubstr("names its host by host_index")));
  const auto path = (folder / "text.h5").string();
  {
    auto file = io::hdf5::File::create(path);
    const std::vector<std::string> names{"a", "b"};
    const std::vector<double> q{0.5, 0.6};
    file.write_strings("host_id", names);
    file.create_dataset("lens_q", ElementType::float64, {2}).write_all<double>(q);
  }
  EXPECT_THAT([&] { open_rows(file_section(path), needs, {}); },
              ThrowsMessage<DataError>(HasSubstr("names its host by host_index")));
}

}  // namespace
}  // namespace lensmill::pipeline
