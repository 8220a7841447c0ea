#include "lib/io/hdf5/seal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/io/sha256.hpp"

namespace lensmill::io::hdf5 {
namespace {

constexpr std::string_view magic = "lensmill-sealed-hdf5 1\n";
constexpr std::string_view algorithm_line = "digest_algorithm SHA-256\n";
constexpr std::string_view digest_key = "structure_digest ";
constexpr std::size_t digest_digits = 64;
constexpr std::size_t smallest_block_bytes = 512;
// What a block may say of its own size: far above what any run needs.
constexpr std::uint64_t largest_block_bytes = std::uint64_t{1} << 24U;
// All lines but those of extents, and one of these, with numbers of 20 digits.
constexpr std::size_t fixed_lines_bytes = 256;
constexpr std::size_t extent_line_bytes = 48;
constexpr std::size_t piece_bytes = std::size_t{1} << 20U;

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : path_(path), id_(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK)) {
    if (id_ < 0) fail("cannot be opened");
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(id_); }

  struct stat status() const {
    struct stat info {};
    if (::fstat(id_, &info) != 0) fail("cannot be looked at");
    return info;
  }
  /// Bytes read: fewer than asked for at the end of the file only.
  std::size_t read(std::uint64_t offset, std::span<char> out) const {
    std::size_t done = 0;
    while (done < out.size()) {
      const auto got = ::pread(id_, out.data() + done, out.size() - done,
                               static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("cannot be read");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }
  void write(std::uint64_t offset, std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto put =
          ::pwrite(id_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail("cannot be written");
      bytes.remove_prefix(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw IoError(fmt::format("{}: {} ({})", path_, what, std::strerror(errno)));
  }
  const std::string& path_;
  int id_;
};

struct Seal {
  std::uint64_t block_bytes = 0;
  std::uint64_t file_bytes = 0;
  std::vector<Extent> data;  ///< ascending, apart, behind the block
  std::string digest;

  /// The block, `block_bytes` long.
  std::string text() const {
    std::string block = fmt::format("{}{}block_bytes {}\nfile_bytes {}\n", magic,
                                    algorithm_line, block_bytes, file_bytes);
    for (const auto& [offset, bytes] : data) {
      block += fmt::format("data {} {}\n", offset, bytes);
    }
    block += fmt::format("{}{}\n", digest_key, digest);
    ENSURE(block.size() <= block_bytes);
    block.resize(block_bytes, '\0');
    return block;
  }
};

/// "KEY N\n" or "KEY N N\n" at the beginning of `text`, which moves on behind it.
std::optional<std::vector<std::uint64_t>> take_numbers(std::string_view& text,
                                                       std::string_view key) {
  if (!text.starts_with(key)) return {};
  std::string_view rest = text.substr(key.size());
  std::vector<std::uint64_t> numbers;
  while (rest.starts_with(' ')) {
    std::uint64_t number = 0;
    const char* const begin = rest.data() + 1;
    const auto [end, error] = std::from_chars(begin, rest.data() + rest.size(), number);
    if (error != std::errc()) return {};
    numbers.push_back(number);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  }
  if (!rest.starts_with('\n')) return {};
  text = rest.substr(1);
  return numbers;
}

/// The seal of a block, nothing if it is not one as text() writes it.
std::optional<Seal> parse(const std::string& block) {
  std::string_view rest = block;
  if (!rest.starts_with(magic)) return {};
  rest.remove_prefix(magic.size());
  if (!rest.starts_with(algorithm_line)) return {};
  rest.remove_prefix(algorithm_line.size());
  Seal seal;
  const auto block_bytes = take_numbers(rest, "block_bytes");
  if (!block_bytes || block_bytes->size() != 1) return {};
  seal.block_bytes = block_bytes->front();
  const auto file_bytes = take_numbers(rest, "file_bytes");
  if (!file_bytes || file_bytes->size() != 1) return {};
  seal.file_bytes = file_bytes->front();
  std::uint64_t end = seal.block_bytes;
  while (rest.starts_with("data ")) {
    const auto extent = take_numbers(rest, "data");
    if (!extent || extent->size() != 2) return {};
    const auto [offset, bytes] = std::pair((*extent)[0], (*extent)[1]);
    if (offset < end || bytes > seal.file_bytes || offset > seal.file_bytes - bytes) {
      return {};
    }
    seal.data.push_back({offset, bytes});
    end = offset + bytes;
  }
  if (!rest.starts_with(digest_key)) return {};
  seal.digest = std::string(rest.substr(digest_key.size(), digest_digits));
  if (seal.block_bytes != block.size() || seal.text() != block) return {};
  return seal;
}

/// What block_bytes says, from the first bytes of a file.
std::optional<std::uint64_t> claimed_block_bytes(std::string_view head) {
  head.remove_prefix(std::min(head.size(), magic.size() + algorithm_line.size()));
  const auto bytes = take_numbers(head, "block_bytes");
  if (!bytes || bytes->size() != 1) return {};
  const auto value = bytes->front();
  if (value < smallest_block_bytes || value > largest_block_bytes) return {};
  return value;
}

/// The digest of a file under a seal, its own digits taken as zeros.
std::string digest_of(const Descriptor& file, Seal seal) {
  seal.digest = std::string(digest_digits, '0');
  Sha256 sha256;
  sha256.update(seal.text());
  std::vector<char> piece(piece_bytes);
  std::uint64_t at = seal.block_bytes;
  const auto take_until = [&](std::uint64_t end) {
    while (at < end) {
      const auto wanted = std::min<std::uint64_t>(piece.size(), end - at);
      const auto got = file.read(at, std::span(piece).first(wanted));
      sha256.update(std::string_view(piece.data(), got));
      if (got < wanted) return;  // cut short meanwhile: another digest
      at += got;
    }
  };
  for (const auto& [offset, bytes] : seal.data) {
    take_until(offset);
    at = offset + bytes;
  }
  take_until(seal.file_bytes);
  return sha256.hex_digest();
}

/// Ascending, those that touch joined, empty ones left out.
std::vector<Extent> joined(std::vector<Extent> extents) {
  std::erase_if(extents, [](const Extent& extent) { return extent.bytes == 0; });
  std::ranges::sort(extents, {}, &Extent::offset);
  std::vector<Extent> result;
  for (const auto& extent : extents) {
    if (!result.empty() &&
        result.back().offset + result.back().bytes == extent.offset) {
      result.back().bytes += extent.bytes;
    } else {
      result.push_back(extent);
    }
  }
  return result;
}

}  // namespace

std::size_t seal_block_bytes(std::size_t arrays) {
  const std::size_t needed = fixed_lines_bytes + extent_line_bytes * arrays;
  std::size_t bytes = smallest_block_bytes;
  while (bytes < needed) bytes *= 2;
  return bytes;
}

bool is_sealed(std::string_view first_bytes) { return first_bytes.starts_with(magic); }

void write_seal(const std::string& path, std::size_t block_bytes,
                std::vector<Extent> data) {
  const Descriptor file(path, O_RDWR);
  Seal seal{.block_bytes = block_bytes,
            .file_bytes = static_cast<std::uint64_t>(file.status().st_size),
            .data = joined(std::move(data)),
            .digest = {}};
  seal.digest = digest_of(file, seal);
  file.write(0, seal.text());
}

bool check_seal(const std::string& path) {
  const Descriptor file(path, O_RDONLY);
  const auto status = file.status();
  if (!S_ISREG(status.st_mode)) return false;
  std::string block(smallest_block_bytes, '\0');
  block.resize(file.read(0, block));
  if (!is_sealed(block)) return false;
  const auto bytes = claimed_block_bytes(block);
  if (!bytes) {
    throw DataError(path + ": damaged: the seal in its first bytes cannot be read");
  }
  block.resize(*bytes);
  block.resize(file.read(0, block));
  const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
  if (block.size() < *bytes) {
    throw DataError(fmt::format("{}: not a complete HDF5 file ({} bytes, cut short)",
                                path, file_bytes));
  }
  const auto seal = parse(block);
  if (!seal) {
    throw DataError(path + ": damaged: the seal in its first bytes cannot be read");
  }
  if (seal->file_bytes != file_bytes) {
    throw DataError(
        fmt::format("{}: not a complete HDF5 file ({} bytes; it was written with {})",
                    path, file_bytes, seal->file_bytes));
  }
  if (digest_of(file, *seal) != seal->digest) {
    throw DataError(path +
                    ": damaged or changed: its structure (all but the arrays) does not "
                    "have the bytes it was written with");
  }
  return true;
}

}  // namespace lensmill::io::hdf5
