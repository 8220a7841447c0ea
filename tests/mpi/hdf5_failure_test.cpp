#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/parallel/communicator.hpp"
#include "tests/support/mpi_world.hpp"

namespace lensmill::io::hdf5 {
namespace {

using parallel::Communicator;
using test_support::SharedFolder;

constexpr std::uintmax_t gibibyte = std::uintmax_t{1} << 30U;

// Without the reservation, three ranks' collective writes to a full disk succeed.
TEST(ParallelHdf5Failure, AFileThatTheDiskCannotHoldIsRefusedOnAllRanks) {
  const Communicator world = Communicator::world();
  const SharedFolder folder(world);
  const std::string path = (folder / "shard.h5").string();
  std::uintmax_t too_much =
      std::filesystem::space(std::filesystem::path(path).parent_path()).available +
      gibibyte;
  world.broadcast(too_much);
  {
    File file = File::create(path, world.native());
    file.create_dataset("data", ElementType::uint8, {too_much});

    EXPECT_THAT([&] { file.reserve_space(); },
                testing::ThrowsMessage<IoError>(
                    testing::AllOf(testing::HasSubstr("shard.h5"),
                                   testing::HasSubstr("No space left on device"))));
  }

  EXPECT_FALSE(must_not_finalise()) << "the file was closed in order";
  const std::string next = (folder / "next.h5").string();
  File file = File::create(next, world.native());
  file.write_attribute("alive", 1);
  file.close();
  world.barrier();
  EXPECT_EQ(File::open(next).read_integer_attribute("alive"), 1);
}

}  // namespace
}  // namespace lensmill::io::hdf5
