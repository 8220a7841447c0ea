#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/io/hdf5/file.hpp"
#include "lib/io/sha256.hpp"
#include "pipeline/archive/shard_header.hpp"

namespace lensmill::pipeline {

inline constexpr std::size_t sha256_digits = 64;

/// SHA-256 of consecutive blocks of rows, from bytes that come in pieces of any number
/// of rows. Of a run that keeps all its rows a block has rows_per_checksum rows, the
/// last one perhaps fewer; of a selection those that are kept of so many candidates,
/// perhaps none.
class BlockDigests {
 public:
  explicit BlockDigests(std::size_t row_bytes) : row_bytes_(row_bytes) {}
  /// The next rows, and the block that each belongs to: from 0, never descending.
  void add(std::span<const std::byte> rows, std::span<const std::int64_t> block_of_row);
  /// The digests of so many blocks, one after another (64 hexadecimal digits each).
  std::string finish(std::int64_t blocks);

 private:
  void end_blocks(std::int64_t before);

  std::size_t row_bytes_;
  std::int64_t block_ = 0;
  io::Sha256 sha256_;
  std::string digests_;
};

/// The rows of each digest of a shard, in order. \throws DataError: ids of candidates
/// that are not the shard's. \independent
std::vector<RowRange> digest_blocks(const io::hdf5::File& shard,
                                    const ShardHeader& header);

}  // namespace lensmill::pipeline
