#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "tests/support/data_folder.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/full_disk.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io::hdf5 {
namespace {

using test_support::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

const ColumnInfo snr_info{.name = "measurements/arc_snr",
                          .unit = "nmgy",
                          .description = "Signal to noise of the arc, µ",
                          .type = ElementType::float32,
                          .row_shape = {2}};

std::string written_file(const TemporaryFolder& folder) {
  const std::string path = (folder / "a.h5").string();
  File file = File::create(path);
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  file.create_column(snr_info, 3).write_all<float>(values);
  file.write_string("provenance/config", "schema: 1\n");
  const std::vector<std::string> names{"g", "längste", ""};
  file.write_strings("names", names);
  file.write_attribute("software", "lensmill");
  file.write_attribute("seed", std::uint64_t{18446744073709551615U});
  file.write_attribute("scale", 0.262);
  file.write_attribute("minus", -3);
  file.write_attribute("bands", std::span<const std::string>(names));
  file.close();
  return path;
}

TEST(Hdf5File, GivesBackColumnsStringsAndAttributes) {
  const TemporaryFolder folder;
  const std::string path = written_file(folder);

  const File file = File::open(path);
  const auto column = file.read_all<double>("/measurements/arc_snr");
  const Dataset dataset = file.open_group("measurements").open_dataset("arc_snr");

  EXPECT_EQ(column.shape, (Shape{3, 2}));
  EXPECT_THAT(column.values, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(dataset.type().element_type(), ElementType::float32);
  EXPECT_EQ(dataset.read_string_attribute("unit"), "nmgy");
  EXPECT_EQ(dataset.read_string_attribute("description"), snr_info.description);
  EXPECT_THAT(file.read_strings("provenance/config"), ElementsAre("schema: 1\n"));
  EXPECT_THAT(file.read_strings("names"), ElementsAre("g", "längste", ""));
  EXPECT_EQ(file.read_string_attribute("software"), "lensmill");
  EXPECT_EQ(file.read_unsigned_attribute("seed"), 18446744073709551615U);
  EXPECT_EQ(file.read_double_attribute("scale"), 0.262);
  EXPECT_EQ(file.read_integer_attribute("minus"), -3);
  EXPECT_THAT(file.read_strings_attribute("bands"), ElementsAre("g", "längste", ""));
  EXPECT_THAT(file.attribute_names(),
              ElementsAre("bands", "minus", "scale", "seed", "software"));
  EXPECT_THAT(file.names(), ElementsAre("measurements", "names", "provenance"));
  EXPECT_THAT(file.dataset_names(), ElementsAre("names"));
  EXPECT_TRUE(file.has("measurements/arc_snr"));
  EXPECT_FALSE(file.has("nowhere/arc_snr"));
}

TEST(Hdf5File, ColumnsOfTextAreStringsOfFixedLength) {
  const TemporaryFolder folder;
  const std::string path = (folder / "a.h5").string();
  const ColumnInfo info{.name = "host_id",
                        .unit = "",
                        .description = "a name",
                        .type = ElementType::text,
                        .row_shape = {3}};
  {
    File file = File::create(path);
    auto dataset = file.create_column(info, 2);
    Transfer transfer;
    dataset.write_rows_raw(0, 2, ElementType::text, "abcx\0\0", transfer);
  }

  const auto dataset = File::open(path).open_dataset("host_id");
  std::string second(3, '?');
  dataset.read_block_raw({1}, {1}, ElementType::text, second.data());

  EXPECT_EQ(dataset.shape(), Shape{2});
  EXPECT_EQ(dataset.type().element_type(), ElementType::text);
  EXPECT_EQ(dataset.type().bytes, 3U);
  EXPECT_THAT(dataset.read_strings(), ElementsAre("abc", "x"));
  EXPECT_EQ(second, std::string("x\0\0", 3));
}

TEST(Hdf5File, ReadsRowsAndBlocks) {
  const TemporaryFolder folder;
  const std::string path = (folder / "cube.h5").string();
  std::vector<double> values(4 * 3 * 2);
  std::iota(values.begin(), values.end(), 0.0);
  {
    File file = File::create(path);
    Dataset cube = file.create_dataset("cube", ElementType::float64, {4, 3, 2});
    Transfer transfer;
    const std::span<const double> all(values);
    cube.write_rows(2, all.subspan(12), transfer);
    cube.write_rows(0, all.first(12), transfer);
    cube.write_rows(4, all.first(0), transfer);
  }

  const Dataset cube = File::open(path).open_dataset("cube");

  EXPECT_THAT(cube.read_rows<float>(1, 1), ElementsAre(6, 7, 8, 9, 10, 11));
  EXPECT_THAT(cube.read_block<double>({1, 2, 0}, {2, 1, 2}),
              ElementsAre(10, 11, 16, 17));
  EXPECT_TRUE(cube.read_rows<double>(4, 0).empty());
  EXPECT_THAT([&] { cube.read_rows<double>(3, 2); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("/cube"), HasSubstr("cube.h5"),
                                             HasSubstr("4 x 3 x 2"))));
}

TEST(Hdf5File, EmptyDatasetsAreValid) {
  const TemporaryFolder folder;
  const std::string path = (folder / "empty.h5").string();
  File::create(path).create_column(snr_info, 0).write_all<float>({});

  EXPECT_EQ(File::open(path).read_all<float>(snr_info.name).shape, (Shape{0, 2}));
}

TEST(Hdf5File, SaysWhichDatasetIsMissingAndWhatThereIs) {
  const TemporaryFolder folder;
  const File file = File::open(written_file(folder));

  EXPECT_THAT(
      [&] { file.open_dataset("lens_q"); },
      ThrowsMessage<DataError>(AllOf(HasSubstr("a.h5: /lens_q: no such dataset"),
                                     HasSubstr("names, provenance"))));
  EXPECT_THAT([&] { file.open_dataset("measurements"); },
              ThrowsMessage<DataError>(HasSubstr("no such dataset")));
  EXPECT_THAT([&] { file.open_group("names"); },
              ThrowsMessage<DataError>(HasSubstr("no such group")));
  EXPECT_THAT([&] { file.read_double_attribute("gain"); },
              ThrowsMessage<DataError>(HasSubstr("/@gain: no such attribute")));
}

TEST(Hdf5File, RefusesTypesThatWouldLoseValues) {
  const TemporaryFolder folder;
  const File file = File::open(written_file(folder));

  EXPECT_THAT([&] { file.read_all<std::int64_t>("measurements/arc_snr"); },
              ThrowsMessage<DataError>(HasSubstr("contains float32")));
  EXPECT_THAT([&] { file.read_all<double>("names"); },
              ThrowsMessage<DataError>(HasSubstr("contains string")));
  EXPECT_THAT([&] { file.read_strings("measurements/arc_snr"); },
              ThrowsMessage<DataError>(HasSubstr("not strings")));
  EXPECT_THAT([&] { file.read_integer_attribute("scale"); },
              ThrowsMessage<DataError>(HasSubstr("not one integer")));
}

TEST(Hdf5File, KnowsWhatWasDeclaredAndNeverWritten) {
  const TemporaryFolder folder;
  const std::string path = (folder / "chunks.h5").string();
  const hsize_t extent = 1000000;
  const hsize_t chunk = 100;
  const hid_t id = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(1, &extent, nullptr);
  const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(properties, 1, &chunk);
  const hid_t dataset = H5Dcreate2(id, "column", H5T_IEEE_F64LE, space, H5P_DEFAULT,
                                   properties, H5P_DEFAULT);
  ASSERT_GE(dataset, 0);
  H5Dclose(dataset);
  H5Pclose(properties);
  H5Sclose(space);
  H5Fclose(id);

  auto file = File::open_for_update(path);
  auto column = file.open_dataset("column");
  EXPECT_FALSE(column.is_written());
  Transfer transfer;
  const std::vector<double> some(100, 1.0);
  column.write_rows<double>(0, some, transfer);
  EXPECT_FALSE(column.is_written());
  column.write_all<double>(std::vector<double>(extent, 1.0));
  EXPECT_TRUE(column.is_written());
  EXPECT_TRUE(file.create_dataset("none", ElementType::float64, {0}).is_written());
}

TEST(Hdf5File, TruncatedAndForeignFilesAreBadData) {
  const TemporaryFolder folder;
  const std::string whole = test_support::file_bytes(written_file(folder));
  const std::string cut = (folder / "cut.h5").string();

  // The cuts: nothing, inside the superblock, in the middle, one byte short.
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{40}, whole.size() / 2, whole.size() - 1}) {
    test_support::write_bytes(cut, whole.substr(0, size));
    EXPECT_THAT([&] { File::open(cut); },
                ThrowsMessage<DataError>(HasSubstr("cut.h5: not a complete HDF5 file")))
        << "cut at " << size;
  }
  test_support::write_bytes(cut, std::string(4096, 'x'));
  EXPECT_THAT([&] { File::open(cut); }, ThrowsMessage<DataError>(HasSubstr("cut.h5")));
}

TEST(Hdf5File, WhatCannotBeOpenedIsAnIoError) {
  const TemporaryFolder folder;
  const std::string path = written_file(folder);

  EXPECT_THAT([&] { File::open((folder / "absent.h5").string()); },
              ThrowsMessage<IoError>(AllOf(HasSubstr("absent.h5"),
                                           HasSubstr("No such file or directory"))));
  EXPECT_THAT([&] { File::open(folder.path().string()); },
              ThrowsMessage<IoError>(HasSubstr("Is a directory")));
  // Not a permission (root has all of them) but as unwritable for everyone.
  EXPECT_THAT([&] { File::create(path + "/below_a_file.h5"); },
              ThrowsMessage<IoError>(
                  AllOf(HasSubstr("H5Fcreate failed"), HasSubstr("Not a directory"))));
}

TEST(Hdf5File, FullDiskIsAnIoErrorThatSaysSo) {
  const TemporaryFolder folder;
  const std::string full = test_support::full_disk_file(folder.path(), "full.h5");
  const auto fill_the_disk = [&] {
    File file = File::create(full);
    Dataset data = file.create_dataset("data", ElementType::float64, {1 << 20});
    data.write_all<double>(std::vector<double>(1 << 20));
    file.close();
  };

  EXPECT_THAT(fill_the_disk,
              ThrowsMessage<IoError>(
                  AllOf(HasSubstr("full.h5"), HasSubstr("No space left on device"))));
}

TEST(Hdf5File, EqualDataGiveEqualFiles) {
  const TemporaryFolder one;
  const TemporaryFolder two;

  EXPECT_EQ(test_support::file_bytes(written_file(one)),
            test_support::file_bytes(written_file(two)));
}

TEST(Hdf5File, ReadsTheOracle) {
  LENSMILL_NEEDS_REAL_DATA("oracle/open.h5");
  const auto path = test_support::data_path("oracle/open.h5").string();

  const File file = File::open(path);

  EXPECT_EQ(file.read_all<double>("images/unconv").shape, (Shape{100, 64, 64}));
  EXPECT_EQ(file.read_all<double>("params/theta_E").values.size(), 100U);
  EXPECT_EQ(file.read_strings("params/lens_model").size(), 100U);
  EXPECT_FALSE(file.read_string_attribute("lenstronomy_version").empty());
}

}  // namespace
}  // namespace lensmill::io::hdf5
