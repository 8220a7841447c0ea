#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lensmill::io {

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  /// Start again with no bytes.
  void reset();
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }
  /// 64 lower-case hexadecimal digits of all bytes so far; then as after reset().
  std::string hex_digest();

 private:
  struct Free {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, Free> context_;
};

/// Digest of one buffer.
std::string sha256_of(std::span<const std::byte> bytes);
std::string sha256_of(std::string_view text);
/// Digest of a file's bytes, read in pieces of 1 MiB. \throws IoError
std::string sha256_of_file(const std::string& path);

}  // namespace lensmill::io
