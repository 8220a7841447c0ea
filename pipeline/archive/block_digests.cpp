#include "pipeline/archive/block_digests.hpp"

#include <algorithm>

#include "lib/core/contracts.hpp"
#include "pipeline/archive/shard_plan.hpp"

namespace lensmill::pipeline {

BlockDigests::BlockDigests(std::size_t row_bytes)
    : block_bytes_(row_bytes * static_cast<std::size_t>(rows_per_checksum)) {
  EXPECT(row_bytes > 0);
}

void BlockDigests::add(std::span<const std::byte> rows) {
  while (!rows.empty()) {
    const auto piece = rows.first(std::min(rows.size(), block_bytes_ - in_block_));
    sha256_.update(piece);
    in_block_ += piece.size();
    rows = rows.subspan(piece.size());
    if (in_block_ == block_bytes_) end_block();
  }
}

void BlockDigests::end_block() {
  digests_ += sha256_.hex_digest();
  in_block_ = 0;
}

std::string BlockDigests::finish() {
  if (in_block_ > 0) end_block();
  return std::move(digests_);
}

}  // namespace lensmill::pipeline
