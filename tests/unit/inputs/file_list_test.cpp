#include "pipeline/inputs/file_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/inputs/text_column.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::TemporaryFolder;
using test_support::write_bytes;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::string at(const TemporaryFolder& folder, const std::string& name) {
  return (folder / name).string();
}

config::FileList pattern_of(const std::string& pattern) {
  config::FileList list;
  list.pattern = pattern;
  return list;
}
config::FileList files_of(std::vector<std::string> files) {
  config::FileList list;
  list.files = std::move(files);
  return list;
}
config::FileList column_of(const std::string& column, const std::string& table) {
  config::FileList list;
  list.column = column;
  list.table = table;
  return list;
}

TEST(ListFiles, APatternsFilesComeInOrderOfTheirBytes) {
  const TemporaryFolder folder;
  for (const char* name :
       {"b-i.fits", "B-i.fits", "a10-i.fits", "a9-i.fits", "c.txt"}) {
    write_bytes(folder / name, "x");
  }

  const auto listed = list_files(pattern_of(at(folder, "*-i.fits")), "key", "");

  EXPECT_THAT(listed.paths,
              ElementsAre(at(folder, "B-i.fits"), at(folder, "a10-i.fits"),
                          at(folder, "a9-i.fits"), at(folder, "b-i.fits")));
  EXPECT_THAT(listed.stems, ElementsAre("B", "a10", "a9", "b"));
}

TEST(ListFiles, NothingThatMatchesAndFilesNamedTwiceAreRefused) {
  const TemporaryFolder folder;
  for (const char* pattern : {"*.fits", "no/such/folder/*.fits"}) {
    EXPECT_THAT([&] { list_files(pattern_of(at(folder, pattern)), "host.x", ""); },
                ThrowsMessage<DataError>(HasSubstr("host.x: no file matches")));
  }
  EXPECT_THAT(
      [&] {
        list_files(files_of({"/a", "/b", "/a"}), "host.x", "");
      },
      ThrowsMessage<DataError>(HasSubstr("host.x: names /a twice")));
}

TEST(ListFiles, AColumnsRowsMayShareAFile) {
  const TemporaryFolder folder;
  write_bytes(folder / "t.csv", "id,File\n7,a.fits\n8,sub/b.fits.fz\n9,a.fits\n");

  const auto listed = list_files(column_of("file", at(folder, "t.csv")), "key", "");

  EXPECT_THAT(listed.paths,
              ElementsAre(at(folder, "a.fits"), at(folder, "sub/b.fits.fz")));
  EXPECT_THAT(listed.stems, ElementsAre("a", "b"));
  EXPECT_THAT(listed.file_of_row, ElementsAre(0, 1, 0));
  EXPECT_THAT(
      [&] { list_files(column_of("path", ""), "key", at(folder, "t.csv")); },
      ThrowsMessage<DataError>(HasSubstr("has no column `path` (it has: id, File)")));
}

TEST(ListBeside, TheStarStandsForWhatItDoesInTheHosts) {
  const TemporaryFolder folder;
  for (const char* name : {"1-i.fits", "2-i.fits"}) write_bytes(folder / name, "x");
  const auto hosts = list_files(pattern_of(at(folder, "*-i.fits")), "key", "");

  EXPECT_THAT(list_beside(pattern_of("/w/*-w.fits"), "key", hosts, ""),
              ElementsAre("/w/1-w.fits", "/w/2-w.fits"));
  EXPECT_THAT([&] { list_beside(pattern_of("/w/?.fits"), "key", hosts, ""); },
              ThrowsMessage<DataError>(HasSubstr("must have one `*`")));
  EXPECT_THAT([&] { list_beside(files_of({"/a"}), "key", hosts, ""); },
              ThrowsMessage<DataError>(HasSubstr("1 files for 2 hosts")));
}

TEST(ListBeside, AColumnPairsWithTheHostsByRow) {
  const TemporaryFolder folder;
  write_bytes(folder / "t.csv", "i,w,x\na,wa,1\nb,wb,2\na,wa,3\n");
  const auto table = at(folder, "t.csv");
  const auto hosts = list_files(column_of("i", table), "key", "");

  EXPECT_THAT(list_beside(column_of("w", table), "key", hosts, ""),
              ElementsAre(at(folder, "wa"), at(folder, "wb")));
  EXPECT_THAT([&] { list_beside(column_of("x", table), "key", hosts, ""); },
              ThrowsMessage<DataError>(HasSubstr("rows that name one cutout")));
}

TEST(TextColumn, ReadsTextAndWholeNumbersOfHdf5) {
  const TemporaryFolder folder;
  const auto path = at(folder, "t.h5");
  {
    auto file = io::hdf5::File::create(path);
    const std::vector<std::string> names{"a", "bc"};
    file.write_strings("name", names);
    const std::vector<std::int64_t> ids{9007199254740993, 2};
    file.create_dataset("id", ElementType::int64, {2}).write_all<std::int64_t>(ids);
    const std::vector<double> reals{0.5, 1.5};
    file.create_dataset("x", ElementType::float64, {2}).write_all<double>(reals);
  }

  EXPECT_THAT(read_text_column(path, "NAME"), ElementsAre("a", "bc"));
  EXPECT_THAT(read_text_column(path, "id"), ElementsAre("9007199254740993", "2"));
  EXPECT_THAT([&] { read_text_column(path, "x"); },
              ThrowsMessage<DataError>(HasSubstr("a text or a whole number")));
}

TEST(TextColumn, AnEmptyCellIsRefused) {
  const TemporaryFolder folder;
  write_bytes(folder / "t.csv", "a,b\n1,x\n2,\n");

  EXPECT_THAT([&] { read_text_column(at(folder, "t.csv"), "b"); },
              ThrowsMessage<DataError>(
                  AllOf(HasSubstr("column `b` is empty"), HasSubstr("row 2"))));
}

}  // namespace
}  // namespace lensmill::pipeline
