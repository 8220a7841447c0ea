#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace lensmill::test_support {

/// All bytes of a file; "" if it cannot be read.
inline std::string file_bytes(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Make or replace a file.
inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace lensmill::test_support
