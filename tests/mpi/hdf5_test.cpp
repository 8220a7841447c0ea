#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/io/hdf5/virtual_dataset.hpp"
#include "lib/parallel/communicator.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/mpi_world.hpp"

namespace lensmill::io::hdf5 {
namespace {

using parallel::Communicator;
using test_support::SharedFolder;
using testing::IsNan;

constexpr std::size_t rows = 101;
const ColumnInfo images_info{.name = "images/arc",
                             .unit = "nmgy",
                             .description = "Arc after the PSF",
                             .type = ElementType::float32,
                             .row_shape = {2, 8, 8}};

/// Values of rows [first, first + count): each its own number.
std::vector<float> values(std::size_t first, std::size_t count) {
  std::vector<float> result(count * images_info.row_elements());
  std::iota(result.begin(), result.end(),
            static_cast<float>(first * images_info.row_elements()));
  return result;
}

/// A rank's share; with `idle` that rank has no rows.
struct Share {
  std::size_t first = 0;
  std::size_t count = 0;
};
Share share_of(const Communicator& world, int idle = -1) {
  std::vector<int> working;
  for (int rank = 0; rank < world.size(); ++rank) {
    if (rank != idle) working.push_back(rank);
  }
  if (world.rank() == idle && !working.empty()) return {rows, 0};
  if (working.empty()) return {0, rows};
  const auto n = working.size();
  const auto place = static_cast<std::size_t>(
      std::find(working.begin(), working.end(), world.rank()) - working.begin());
  const std::size_t first = rows * place / n;
  return {first, rows * (place + 1) / n - first};
}

void write_file(File& file, const Share& share, Transfer& transfer) {
  file.write_attribute("software", "lensmill");
  file.write_attribute("rows", rows);
  Dataset images = file.create_column(images_info, rows);
  file.reserve_space();
  const auto mine = values(share.first, share.count);
  images.write_rows<float>(share.first, mine, transfer);
}

void write_serial(const std::string& path) {
  File file = File::create(path);
  Transfer transfer;
  write_file(file, {0, rows}, transfer);
  file.close();
}

TEST(ParallelHdf5, CollectiveWriteGivesTheBytesOfASerialOne) {
  const Communicator world = Communicator::world();
  const SharedFolder folder(world);
  const std::string path = (folder / "parallel.h5").string();
  const std::string serial = (folder / "serial.h5").string();
  Transfer transfer(TransferMode::collective);
  {
    File file = File::create(path, world.native());
    write_file(file, share_of(world), transfer);
    file.close();
  }
  if (world.is_root()) write_serial(serial);
  world.barrier();

  EXPECT_TRUE(transfer.was_collective());
  EXPECT_EQ(File::open(path).read_all<float>("images/arc").values, values(0, rows));
  EXPECT_EQ(File::open(path).read_string_attribute("software"), "lensmill");
  EXPECT_EQ(test_support::file_bytes(path), test_support::file_bytes(serial));
}

TEST(ParallelHdf5, RanksWithoutRowsTakePart) {
  const Communicator world = Communicator::world();
  for (int idle = 0; idle < world.size(); ++idle) {
    const SharedFolder folder(world);
    const std::string path = (folder / "idle.h5").string();
    Transfer transfer(TransferMode::collective);
    {
      File file = File::create(path, world.native());
      write_file(file, share_of(world, world.size() > 1 ? idle : -1), transfer);
      file.close();
    }
    world.barrier();

    EXPECT_EQ(File::open(path).read_all<float>("images/arc").values, values(0, rows));
  }
}

TEST(ParallelHdf5, IndependentWritesAreNotCollective) {
  const Communicator world = Communicator::world();
  const SharedFolder folder(world);
  const std::string path = (folder / "independent.h5").string();
  Transfer transfer(TransferMode::independent);
  {
    File file = File::create(path, world.native());
    write_file(file, share_of(world), transfer);
    file.close();
  }
  world.barrier();

  // The control of the collective test: HDF5 does tell the two apart.
  EXPECT_FALSE(transfer.was_collective());
  EXPECT_EQ(File::open(path).read_all<float>("images/arc").values, values(0, rows));
}

TEST(ParallelHdf5, ACommunicatorWithATopologyIsRefused) {
  const Communicator world = Communicator::world();
  const SharedFolder folder(world);
  int extent = world.size();
  int periodic = 0;
  MPI_Comm cartesian = MPI_COMM_NULL;
  MPI_Cart_create(world.native(), 1, &extent, &periodic, 0, &cartesian);

  EXPECT_THROW(File::create((folder / "cart.h5").string(), cartesian), ContractError);
  EXPECT_FALSE(std::filesystem::exists(folder / "cart.h5"));
  MPI_Comm_free(&cartesian);
}

TEST(ParallelHdf5, WhereNoFileCanBeMadeAllRanksThrow) {
  const Communicator world = Communicator::world();

  EXPECT_THAT(
      [&] { File::create("/proc/nowhere/shard.h5", world.native()); },
      testing::ThrowsMessage<IoError>(testing::HasSubstr("/proc/nowhere/shard.h5")));
}

TEST(ParallelHdf5, ShardsOfGroupsAppearInTheVirtualFile) {
  const Communicator world = Communicator::world();
  const SharedFolder folder(world);
  std::filesystem::create_directories(folder / "shards");
  world.barrier();
  // Every rank is a group and writes its own shard of 3 rows; one shard is never made.
  const Communicator group = world.split(world.rank());
  const auto first = static_cast<std::size_t>(3 * world.rank());
  const auto shard = [](int index) {
    return "shards/" + std::to_string(index) + ".h5";
  };
  {
    File file = File::create((folder / shard(world.rank())).string(), group.native());
    Transfer transfer(TransferMode::collective);
    file.create_column(images_info, 3).write_rows<float>(0, values(first, 3), transfer);
    file.close();
  }
  world.barrier();
  const auto total = static_cast<std::size_t>(3 * world.size() + 3);
  const std::string master = (folder / "run.h5").string();
  if (world.is_root()) {
    File file = File::create(master);
    std::vector<ShardSource> sources;
    for (int i = 0; i <= world.size(); ++i) {
      sources.push_back({shard(i), static_cast<std::size_t>(3 * i), 3});
    }
    create_virtual_dataset(file, images_info, total, "/images/arc", sources);
    file.close();
  }
  world.barrier();

  const Dataset all = File::open(master).open_dataset("images/arc");
  EXPECT_EQ(all.read_rows<float>(0, total - 3), values(0, total - 3));
  EXPECT_THAT(all.read_rows<float>(total - 3, 3), testing::Each(IsNan()));
}

}  // namespace
}  // namespace lensmill::io::hdf5
