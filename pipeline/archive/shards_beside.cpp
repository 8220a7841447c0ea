#include "pipeline/archive/shards_beside.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "pipeline/archive/shard_header.hpp"

namespace lensmill::pipeline {

void check_shards_beside(const io::hdf5::File& file) {
  // Only ours are sealed, and only a virtual file has this attribute among them.
  if (!file.sealed() || !file.has_attribute("rows_per_shard")) return;
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(
           fs::path(file.file_path()).parent_path() / "shards", none)) {
    if (entry.path().extension() == ".h5") paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  for (const auto& path : paths) open_shard_file(path);
}

}  // namespace lensmill::pipeline
