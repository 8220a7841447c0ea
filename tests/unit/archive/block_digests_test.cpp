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

TEST(BlockDigests, DoNotDependOnThePiecesTheRowsComeIn) {
  const auto bytes = some_rows();
  for (const std::size_t piece_rows : {1U, 7U, 64U, 65U, 150U}) {
    BlockDigests digests(row_bytes);
    for (std::size_t row = 0; row < rows; row += piece_rows) {
      const std::size_t count = std::min(piece_rows, rows - row);
      digests.add(std::span(bytes).subspan(row * row_bytes, count * row_bytes));
    }

    EXPECT_EQ(digests.finish(), reference(bytes)) << piece_rows << " rows at a time";
  }
}

TEST(BlockDigests, NoRowsGiveNoDigest) {
  BlockDigests digests(row_bytes);

  EXPECT_EQ(digests.finish(), "");
}

}  // namespace
}  // namespace lensmill::pipeline
