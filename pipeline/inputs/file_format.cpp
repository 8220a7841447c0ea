#include "pipeline/inputs/file_format.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"
#include "lib/io/hdf5/seal.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::string_view hdf5_signature{"\x89HDF\r\n\x1a\n", 8};
constexpr std::string_view fits_signature{"SIMPLE  ="};
constexpr std::string_view gzip_signature{"\x1f\x8b", 2};
// Images shrink two- to tenfold: within what a rank may hold of a file.
constexpr std::uintmax_t largest_gzip_bytes = std::uintmax_t{16} << 20;
constexpr std::uintmax_t largest_unpacked_bytes = std::uintmax_t{512} << 20;

/// The length of a gzip file's contents, by its last four bytes (modulo 4 GiB).
std::uintmax_t unpacked_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<unsigned char, 4> tail{};
  file.seekg(-static_cast<std::streamoff>(tail.size()), std::ios::end);
  file.read(reinterpret_cast<char*>(tail.data()), tail.size());
  std::uintmax_t bytes = 0;
  for (std::size_t k = tail.size(); k-- > 0;) bytes = 256 * bytes + tail[k];
  return bytes;
}

std::string first_bytes(const std::string& path) {
  io::check_is_file(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw IoError(path + ": cannot be opened (" + std::strerror(errno) + ")");
  std::array<char, 4096> buffer{};
  file.read(buffer.data(), buffer.size());
  if (file.bad()) {
    throw IoError(path + ": cannot be read (" + std::strerror(errno) + ")");
  }
  return {buffer.data(), static_cast<std::size_t>(file.gcount())};
}

}  // namespace

FileFormat file_format_of(const std::string& path) {
  const std::string head = first_bytes(path);
  if (head.empty()) throw DataError(path + ": the file is empty");
  if (head.starts_with(hdf5_signature) || io::hdf5::is_sealed(head)) {
    return FileFormat::hdf5;
  }
  if (head.starts_with(fits_signature)) return FileFormat::fits;
  if (head.starts_with(gzip_signature)) return FileFormat::fits;
  return head.find('\0') == std::string::npos ? FileFormat::text : FileFormat::unknown;
}

void refuse_large_gzip(const std::string& path) {
  if (!first_bytes(path).starts_with(gzip_signature)) return;
  std::error_code ignored;
  const auto bytes = std::filesystem::file_size(path, ignored);
  const auto unpacked = unpacked_bytes(path);
  if (bytes <= largest_gzip_bytes && unpacked <= largest_unpacked_bytes) return;
  throw DataError(fmt::format(
      "{}: is compressed with gzip ({} MB, {} MB unpacked; every rank would hold all "
      "of "
      "it unpacked in memory); unpack it with gunzip, or compress its tiles with fpack",
      path, bytes / 1000000, unpacked / 1000000));
}

}  // namespace lensmill::pipeline
