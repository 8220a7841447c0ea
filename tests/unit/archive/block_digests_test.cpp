#include "pipeline/archive/block_digests.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "pipeline/archive/shard_plan.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::size_t row_bytes = 12;
constexpr std::size_t rows = 150;

std::vector<std::byte> some_rows() {
  std::vector<std::byte> bytes(rows * row_bytes);
  for (std::size_t k = 0; k < bytes.size(); ++k) {
    bytes[k] = static_cast<std::byte>(k * 7 + k / 256);
  }
  return bytes;
}

/// Each block hashed by itself.
std::string reference(const std::vector<std::byte>& bytes) {
  const std::size_t block = row_bytes * std::size_t(rows_per_checksum);
  std::string digests;
  for (std::size_t at = 0; at < bytes.size(); at += block) {
    digests +=
        io::sha256_of(std::span(bytes).subspan(at, std::min(block, bytes.size() - at)));
  }
  return digests;
}

/// Of rows [first, first + count): 64 to a block.
std::vector<std::int64_t> blocks_of(std::size_t first, std::size_t count) {
  std::vector<std::int64_t> blocks;
  for (std::size_t row = first; row < first + count; ++row) {
    blocks.push_back(static_cast<std::int64_t>(row) / rows_per_checksum);
  }
  return blocks;
}

TEST(BlockDigests, DoNotDependOnThePiecesTheRowsComeIn) {
  const auto bytes = some_rows();
  for (const std::size_t piece_rows : {1U, 7U, 64U, 65U, 150U}) {
    BlockDigests digests(row_bytes);
    for (std::size_t row = 0; row < rows; row += piece_rows) {
      const std::size_t count = std::min(piece_rows, rows - row);
      digests.add(std::span(bytes).subspan(row * row_bytes, count * row_bytes),
                  blocks_of(row, count));
    }

    EXPECT_EQ(digests.finish(3), reference(bytes)) << piece_rows << " rows at a time";
  }
}

TEST(BlockDigests, NoRowsGiveNoDigest) {
  BlockDigests digests(row_bytes);

  EXPECT_EQ(digests.finish(0), "");
}

TEST(BlockDigests, ABlockOfNoRowsHasTheDigestOfNothing) {
  const auto bytes = some_rows();
  const auto row = std::span(bytes).first(row_bytes);
  const auto nothing = io::sha256_of(std::string_view());
  BlockDigests digests(row_bytes);

  digests.add(row, std::vector<std::int64_t>{1});

  EXPECT_EQ(digests.finish(3), nothing + io::sha256_of(row) + nothing);
}

}  // namespace
}  // namespace lensmill::pipeline
