#include "lib/io/hdf5/seal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/io/hdf5/virtual_dataset.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io::hdf5 {
namespace {

using test_support::file_bytes;
using test_support::TemporaryFolder;
using test_support::write_bytes;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Aimed at what is not values; enough to meet every kind of structure many times.
constexpr int flips = 500;
// Each costs two processes, and two seconds where HDF5 comes to no end.
constexpr int foreign_flips = 100;
constexpr unsigned flip_seed = 13;
constexpr std::size_t rows = 100;

const ColumnInfo arc_info{.name = "images/arc",
                          .unit = "nmgy",
                          .description = "Arc flux",
                          .type = ElementType::float32,
                          .row_shape = {4}};

/// A file with all that shards have: strings of variable and fixed length, arrays. The
/// extent of its values.
Extent fill(File file) {
  file.write_attribute("title", "a shard");
  file.write_attribute("shard_index", std::int64_t{3});
  const Group provenance = file.create_group("provenance");
  for (int k = 0; k < 30; ++k) {
    Dataset text = file.write_string("provenance/text_" + std::to_string(k), "text");
    text.write_attribute("unit", "");
    text.write_attribute("description", "some text, number " + std::to_string(k));
  }
  Dataset arc = file.create_column(arc_info, rows);
  arc.write_all<float>(std::vector<float>(rows * 4, 1.0F));
  return arc.extent();
}

/// Read all that can be read, as `info` and `verify` do.
void read_everything(const Group& group) {
  const auto read_attributes = [](const Object& object) {
    for (const auto& name : object.attribute_names()) {
      try {
        object.read_strings_attribute(name);
      } catch (const DataError&) {
        object.read_integer_attribute(name);
      }
    }
  };
  read_attributes(group);
  for (const auto& name : group.dataset_names()) {
    const Dataset dataset = group.open_dataset(name);
    read_attributes(dataset);
    if (dataset.type().content == Content::string) dataset.read_strings();
    if (dataset.type().element_type() == ElementType::float32) {
      dataset.read_all<float>();
    }
  }
  for (const auto& name : group.group_names()) read_everything(group.open_group(name));
}

class Seal : public testing::Test {
 protected:
  Seal() : path_((folder_ / "shard.h5").string()) {
    values_ = fill(File::create(path_, block_bytes_));
    write_seal(path_, block_bytes_, {values_});
    whole_ = file_bytes(path_);
  }
  void write_with_bit_flipped(std::size_t at, int bit) const {
    std::string bytes = whole_;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
    write_bytes(path_, bytes);
  }
  bool in_values(std::size_t at) const {
    return at >= values_.offset && at < values_.offset + values_.bytes;
  }

  TemporaryFolder folder_;
  std::string path_;
  std::size_t block_bytes_ = seal_block_bytes(1);
  Extent values_;
  std::string whole_;
};

TEST_F(Seal, LetsHdf5AndOthersReadTheFile) {
  EXPECT_TRUE(check_seal(path_));

  const File file = File::open(path_);
  EXPECT_TRUE(file.sealed());
  EXPECT_EQ(file.read_string_attribute("title"), "a shard");
  EXPECT_EQ(file.read_all<float>("images/arc").values.size(), rows * 4);
  EXPECT_EQ(std::system(("h5dump -H " + path_ + " > /dev/null").c_str()), 0);
  EXPECT_THAT(whole_, testing::StartsWith("lensmill-sealed-hdf5 1\n"
                                          "digest_algorithm SHA-256\n"));
}

TEST_F(Seal, AttributesAreStrInH5py) {
  if (std::system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0) {
    GTEST_SKIP() << "python3-h5py is not installed";
  }
  const std::string check =
      "/usr/bin/python3 -c \"import h5py, sys\n"
      "arc = h5py.File('" +
      path_ +
      "')['images/arc']\n"
      "sys.exit(0 if type(arc.attrs['unit']) is str and arc[99, 3] == 1 else 1)\"";

  EXPECT_EQ(std::system(check.c_str()), 0);
}

TEST_F(Seal, FindsEveryFlippedBitOfTheStructureBeforeHdf5SeesIt) {
  std::mt19937 random(flip_seed);
  std::uniform_int_distribution<std::size_t> any_byte(0, whole_.size() - 1);
  std::uniform_int_distribution<int> any_bit(0, 7);
  for (int done = 0; done < flips;) {
    const auto at = any_byte(random);
    if (in_values(at)) continue;
    ++done;
    write_with_bit_flipped(at, any_bit(random));

    if (at < whole_.find('\n')) {
      // No seal any more: a file of others, which ShardHeader does not take for a
      // shard.
      EXPECT_FALSE(File::open(path_).sealed()) << "byte " << at;
    } else {
      EXPECT_THROW(File::open(path_), DataError) << "byte " << at;
    }
  }
}

TEST_F(Seal, LeavesValuesToTheirOwnDigests) {
  write_with_bit_flipped(values_.offset, 0);

  EXPECT_TRUE(check_seal(path_));
}

TEST_F(Seal, NamesWhatIsWrong) {
  write_with_bit_flipped(whole_.size() - 1, 3);
  EXPECT_THAT([&] { check_seal(path_); },
              ThrowsMessage<DataError>(
                  HasSubstr(path_ + ": damaged or changed: its structure")));
  write_with_bit_flipped(whole_.find("block_bytes") + 12, 0);
  EXPECT_THAT([&] { check_seal(path_); },
              ThrowsMessage<DataError>(HasSubstr("the seal in its first bytes")));
  for (const std::size_t size : {whole_.size() - 1, block_bytes_, std::size_t{100}}) {
    write_bytes(path_, whole_.substr(0, size));
    EXPECT_THAT([&] { File::open(path_); },
                ThrowsMessage<DataError>(HasSubstr(path_ + ": not a complete HDF5")));
  }
  write_bytes(path_, whole_ + "x");
  EXPECT_THROW(check_seal(path_), DataError);
}

TEST_F(Seal, AFileOfOthersHasNone) {
  const std::string other = (folder_ / "other.h5").string();
  File::create(other).write_attribute("title", "a catalogue");

  EXPECT_FALSE(check_seal(other));
  EXPECT_FALSE(File::open(other).sealed());
}

TEST_F(Seal, HoldsExtentsOfManyArrays) {
  std::vector<Extent> extents;
  for (std::uint64_t k = 0; k < 200; ++k) extents.push_back({(k << 40U) + 99, 1});

  // The numbers of a real file are shorter; the block must hold the longest.
  EXPECT_GE(seal_block_bytes(extents.size()), 200 * 46U);
  EXPECT_EQ(seal_block_bytes(0), 512U);
  EXPECT_EQ(seal_block_bytes(20), 2048U);
}

TEST_F(Seal, CoversTheMappingsOfAVirtualFile) {
  const std::string master = (folder_ / "run.h5").string();
  {
    File file = File::create(master, seal_block_bytes(0));
    Group group = file.create_group("images");
    ColumnInfo info = arc_info;
    info.name = "arc";
    create_virtual_dataset(group, info, rows, "/images/arc",
                           std::vector<ShardSource>{{"shard.h5", 0, rows}});
  }
  write_seal(master, seal_block_bytes(0), {});
  const std::string master_bytes = file_bytes(master);
  EXPECT_EQ(File::open(master).read_all<float>("images/arc").values.at(7), 1.0F);

  std::string damaged = master_bytes;
  damaged.at(damaged.find("shard.h5")) ^= 1;
  write_bytes(master, damaged);

  EXPECT_THROW(File::open(master), DataError);
}

/// How a child process ends that opens a file and reads all of it: 0 read, 1 refused,
/// else the signal.
int end_of_reading(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    std::signal(SIGABRT, SIG_DFL);
    try {
      read_everything(File::open(path));
    } catch (const Error&) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

TEST_F(Seal, NoFlippedBitOfAForeignFileCrashesItsReader) {
  const std::string other = (folder_ / "other.h5").string();
  const Extent values = fill(File::create(other));
  const std::string whole = file_bytes(other);
  ASSERT_EQ(end_of_reading(other), 0);
  std::mt19937 random(flip_seed);
  std::uniform_int_distribution<std::size_t> any_byte(0, whole.size() - 1);
  std::uniform_int_distribution<int> any_bit(0, 7);
  // The collection of strings, where HDF5 1.10 crashes, gets half of them.
  const std::size_t heap = whole.find("GCOL");
  ASSERT_NE(heap, std::string::npos);
  std::uniform_int_distribution<std::size_t> in_heap(heap, heap + 4095);

  int refused = 0;
  for (int done = 0; done < foreign_flips;) {
    const auto at = done % 2 == 0 ? in_heap(random) : any_byte(random);
    if (at >= values.offset && at < values.offset + values.bytes) continue;
    ++done;
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << any_bit(random)));
    write_bytes(other, bytes);

    const int end = end_of_reading(other);

    EXPECT_LE(end, 1) << "byte " << at;
    if (end == 1) ++refused;
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace lensmill::io::hdf5
