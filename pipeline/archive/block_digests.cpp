#include "pipeline/archive/block_digests.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

namespace lensmill::pipeline {

void BlockDigests::add(std::span<const std::byte> rows,
                       std::span<const std::int64_t> block_of_row) {
  EXPECT(rows.size() == block_of_row.size() * row_bytes_);
  for (std::size_t row = 0; row < block_of_row.size();) {
    EXPECT(block_of_row[row] >= block_);
    end_blocks(block_of_row[row]);
    std::size_t end = row + 1;
    while (end < block_of_row.size() && block_of_row[end] == block_) ++end;
    sha256_.update(rows.subspan(row * row_bytes_, (end - row) * row_bytes_));
    row = end;
  }
}

void BlockDigests::end_blocks(std::int64_t before) {
  for (; block_ < before; ++block_) digests_ += sha256_.hex_digest();
}

std::string BlockDigests::finish(std::int64_t blocks) {
  EXPECT(blocks >= block_);
  end_blocks(blocks);
  return std::move(digests_);
}

std::vector<RowRange> digest_blocks(const io::hdf5::File& shard,
                                    const ShardHeader& header) {
  std::vector<RowRange> blocks;
  for (std::int64_t at = 0; at < header.rows.count; at += rows_per_checksum) {
    blocks.push_back({at, std::min(rows_per_checksum, header.rows.count - at)});
  }
  if (!header.selection) return blocks;
  for (auto& block : blocks) block = {};
  for (const auto id : shard.read_all<std::int64_t>("catalogue/injection_id").values) {
    if (id < header.rows.first || id >= header.rows.end()) {
      throw DataError(fmt::format(
          "{}: /catalogue/injection_id: {} is none of the shard's candidates {} to {}",
          shard.file_path(), id, header.rows.first, header.rows.end() - 1));
    }
    ++blocks[static_cast<std::size_t>((id - header.rows.first) / rows_per_checksum)]
          .count;
  }
  std::int64_t first = 0;
  for (auto& block : blocks) {
    block.first = first;
    first += block.count;
  }
  return blocks;
}

}  // namespace lensmill::pipeline
