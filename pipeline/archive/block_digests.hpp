#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "lib/io/sha256.hpp"

namespace lensmill::pipeline {

inline constexpr std::size_t sha256_digits = 64;

/// SHA-256 of consecutive blocks of rows_per_checksum rows, the last one perhaps
/// shorter, from bytes that come in pieces of any number of rows.
class BlockDigests {
 public:
  explicit BlockDigests(std::size_t row_bytes);
  void add(std::span<const std::byte> rows);
  /// The digests of all blocks, one after another (64 hexadecimal digits each).
  std::string finish();

 private:
  void end_block();

  std::size_t block_bytes_;
  std::size_t in_block_ = 0;
  io::Sha256 sha256_;
  std::string digests_;
};

}  // namespace lensmill::pipeline
