#include "lib/io/hdf5/virtual_dataset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io::hdf5 {
namespace {

using test_support::TemporaryFolder;
using testing::ElementsAre;
using testing::IsNan;

// What absent rows of an int32 read as: no row's status.
constexpr std::int32_t absent = std::numeric_limits<std::int32_t>::min();

const ColumnInfo flux_info{.name = "arc",
                           .unit = "nmgy",
                           .description = "Arc flux",
                           .type = ElementType::float32,
                           .row_shape = {2}};
const ColumnInfo status_info{.name = "status",
                             .unit = "",
                             .description = "What became of the row",
                             .type = ElementType::int32,
                             .row_shape = {}};

/// Two rows per shard: row r contains {r, r + 0.5} and status r + 1.
void write_shard(const std::string& path, float first_row) {
  File file = File::create(path);
  const std::vector<float> flux{first_row, first_row + 0.5F, first_row + 1,
                                first_row + 1.5F};
  const std::vector<std::int32_t> status{int(first_row) + 1, int(first_row) + 2};
  Group group = file.create_group("images");
  group.create_column(flux_info, 2).write_all<float>(flux);
  group.create_column(status_info, 2).write_all<std::int32_t>(status);
}

/// A run of three shards, the master made while only some of them exist.
class VirtualDataset : public testing::Test {
 protected:
  VirtualDataset() {
    std::filesystem::create_directory(folder_ / "shards");
    write_shard(shard(0), 0);
    write_shard(shard(2), 4);
    File master = File::create(master_path());
    Group group = master.create_group("images");
    const std::vector<ShardSource> sources{{"shards/shard-0.h5", 0, 2},
                                           {"shards/shard-1.h5", 2, 2},
                                           {"shards/shard-2.h5", 4, 2}};
    create_virtual_dataset(group, flux_info, 6, "/images/arc", sources);
    create_virtual_dataset(group, status_info, 6, "/images/status", sources);
  }
  std::string shard(int index) const {
    return (folder_ / "shards" / ("shard-" + std::to_string(index) + ".h5")).string();
  }
  std::string master_path() const { return (folder_ / "run.h5").string(); }

  TemporaryFolder folder_;
};

TEST_F(VirtualDataset, ShowsTheShardsAndFillsWhatIsMissing) {
  const File master = File::open(master_path());

  const Dataset arc = master.open_dataset("images/arc");
  EXPECT_TRUE(arc.is_virtual());
  EXPECT_EQ(arc.shape(), (Shape{6, 2}));
  EXPECT_EQ(arc.read_string_attribute("unit"), "nmgy");
  EXPECT_THAT(arc.read_all<float>().values,
              ElementsAre(0, 0.5F, 1, 1.5F, IsNan(), IsNan(), IsNan(), IsNan(), 4, 4.5F,
                          5, 5.5F));
  EXPECT_THAT(master.read_all<std::int32_t>("images/status").values,
              ElementsAre(1, 2, absent, absent, 5, 6));
}

TEST_F(VirtualDataset, ShowsTheFirstRowsOfALongerShard) {
  const std::string path = (folder_ / "trimmed.h5").string();
  {
    File file = File::create(path);
    Group group = file.create_group("images");
    const std::vector<ShardSource> sources{
        {.file = "shards/shard-2.h5", .first_row = 0, .rows = 2, .rows_in_file = 2},
        {.file = "shards/shard-0.h5", .first_row = 2, .rows = 1, .rows_in_file = 2}};
    create_virtual_dataset(group, flux_info, 3, "/images/arc", sources);
    create_virtual_dataset(group, status_info, 3, "/images/status", sources);
  }
  const File file = File::open(path);

  EXPECT_THAT(file.read_all<float>("images/arc").values,
              ElementsAre(4, 4.5F, 5, 5.5F, 0, 0.5F));
  EXPECT_THAT(file.read_all<std::int32_t>("images/status").values,
              ElementsAre(5, 6, 1));
}

TEST_F(VirtualDataset, AbsentIntegersAreNoValuesOfRows) {
  const std::string path = (folder_ / "integers.h5").string();
  File file = File::create(path);
  const auto value_of = [&](ElementType type, std::optional<std::int64_t> fill) {
    ColumnInfo info = status_info;
    info.name = std::string(to_string(type)) + (fill ? "_given" : "");
    info.type = type;
    Group root = file.create_group("of_" + info.name);
    create_virtual_dataset(root, info, 1, "/images/status", {}, fill);
    return file.read_all<double>("of_" + info.name + "/" + info.name).values.at(0);
  };

  EXPECT_EQ(value_of(ElementType::uint8, {}), 255);
  EXPECT_EQ(value_of(ElementType::uint8, 0), 0);
  EXPECT_EQ(value_of(ElementType::int16, {}), -32768);
  EXPECT_EQ(value_of(ElementType::int32, {}), -2147483648.0);
  EXPECT_EQ(value_of(ElementType::int64, {}), -9223372036854775808.0);
  EXPECT_TRUE(std::isnan(value_of(ElementType::float32, {})));
}

TEST_F(VirtualDataset, AShardMadeLaterAppears) {
  write_shard(shard(1), 2);

  EXPECT_THAT(File::open(master_path()).read_all<std::int32_t>("images/status").values,
              ElementsAre(1, 2, 3, 4, 5, 6));
}

// HDF5 1.10 fills what it cannot open; 1.14 refuses to read.
TEST_F(VirtualDataset, ATruncatedShardNeverReadsAsData) {
  const std::string whole = test_support::file_bytes(shard(0));
  test_support::write_bytes(shard(0), whole.substr(0, whole.size() / 2));
  const File master = File::open(master_path());

  try {
    EXPECT_THAT(master.read_all<std::int32_t>("images/status").values,
                ElementsAre(absent, absent, absent, absent, 5, 6));
  } catch (const Error& refusal) {
    EXPECT_THAT(refusal.what(), testing::HasSubstr("images/status"));
  }
}

TEST_F(VirtualDataset, NamesResolveAgainstTheMastersFolderWhereverItIsMoved) {
  const TemporaryFolder elsewhere;
  const auto moved = elsewhere / "moved";
  std::filesystem::copy(folder_.path(), moved,
                        std::filesystem::copy_options::recursive);
  std::filesystem::remove_all(folder_ / "shards");

  EXPECT_THAT(File::open((moved / "run.h5").string())
                  .read_all<std::int32_t>("images/status")
                  .values,
              ElementsAre(1, 2, absent, absent, 5, 6));
}

TEST_F(VirtualDataset, IsReadBySerialH5py) {
  const std::string check =
      "/usr/bin/python3 -c \"import h5py, numpy as np, sys\n"
      "f = h5py.File('" +
      master_path() +
      "')\n"
      "arc = f['images/arc']\n"
      "ok = arc.shape == (6, 2) and np.isnan(arc[2:4]).all() and arc[4, 1] == 4.5 "
      "and arc.attrs['unit'] == 'nmgy'\n"
      "sys.exit(0 if ok else 1)\"";
  if (std::system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0) {
    GTEST_SKIP() << "python3-h5py is not installed";
  }

  EXPECT_EQ(std::system(check.c_str()), 0);
}

}  // namespace
}  // namespace lensmill::io::hdf5
