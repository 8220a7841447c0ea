#include "pipeline/inputs/file_list.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "lib/core/errors.hpp"
#include "pipeline/inputs/text_column.hpp"

namespace lensmill::pipeline {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> matches(const std::string& pattern, const std::string& key) {
  glob_t found{};
  // Unsorted: glob sorts by the locale.
  const int result = ::glob(pattern.c_str(), GLOB_ERR | GLOB_NOSORT, nullptr, &found);
  const int reason = errno;
  std::vector<std::string> paths;
  if (result == 0) paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (result == GLOB_ABORTED && reason != ENOENT) {
    throw IoError(fmt::format("{}: {}: a folder cannot be read ({})", key, pattern,
                              std::strerror(reason)));
  }
  if (result == GLOB_NOSPACE) throw IoError(key + ": no memory for the file names");
  if (paths.empty()) {
    throw DataError(fmt::format("{}: no file matches {}", key, pattern));
  }
  std::ranges::sort(paths);
  return paths;
}

/// What the pattern's only `*` stands for, or the stem.
std::string starred(const std::string& path, const std::string& pattern) {
  const auto star = pattern.find('*');
  if (star == std::string::npos || star != pattern.rfind('*') ||
      pattern.find_first_of("?[") != std::string::npos) {
    return stem_of(path);
  }
  return path.substr(star, path.size() + 1 - pattern.size());
}

void refuse_twice(const std::vector<std::string>& paths, const std::string& key) {
  auto sorted = paths;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice == sorted.end()) return;
  throw DataError(fmt::format("{}: names {} twice", key, *twice));
}

}  // namespace

std::string stem_of(const std::string& path) {
  fs::path name = fs::path(path).filename();
  for (const char* packing : {".gz", ".fz"}) {
    if (name.extension() == packing) name = name.stem();
  }
  return name.stem().string();
}

ListedFiles list_files(const config::FileList& list, const std::string& key,
                       const std::string& catalogue) {
  ListedFiles listed;
  if (!list.column.empty()) {
    const std::string table = list.table.empty() ? catalogue : list.table;
    const fs::path folder = fs::path(table).parent_path();
    std::map<std::string, std::int64_t> known;
    for (const auto& name : read_text_column(table, list.column)) {
      const auto path = (folder / name).lexically_normal().string();
      const auto [at, is_new] =
          known.emplace(path, static_cast<std::int64_t>(listed.paths.size()));
      if (is_new) listed.paths.push_back(path);
      listed.file_of_row.push_back(at->second);
    }
    if (listed.paths.empty()) {
      throw DataError(fmt::format("{}: {} has no rows", key, table));
    }
  } else if (!list.pattern.empty()) {
    listed.paths = matches(list.pattern, key);
  } else {
    listed.paths = list.files;
    refuse_twice(listed.paths, key);
  }
  for (const auto& path : listed.paths) {
    listed.stems.push_back(list.pattern.empty() ? stem_of(path)
                                                : starred(path, list.pattern));
  }
  return listed;
}

std::vector<std::string> list_beside(const config::FileList& list,
                                     const std::string& key, const ListedFiles& hosts,
                                     const std::string& catalogue) {
  if (!list.pattern.empty()) {
    const auto star = list.pattern.find('*');
    if (star == std::string::npos || star != list.pattern.rfind('*')) {
      throw DataError(fmt::format(
          "{}: {} must have one `*`, which stands for what it stands for in "
          "host.cutouts.files (there without a `*`: the file's name without its "
          "ending)",
          key, list.pattern));
    }
    std::vector<std::string> paths;
    for (const auto& stem : hosts.stems) {
      paths.push_back(list.pattern.substr(0, star) + stem +
                      list.pattern.substr(star + 1));
    }
    return paths;
  }
  const auto listed = list_files(list, key, catalogue);
  // Rows of a column pair with the rows that name the hosts.
  if (!listed.file_of_row.empty() &&
      listed.file_of_row.size() == hosts.file_of_row.size()) {
    std::vector<std::string> paths(hosts.paths.size());
    for (std::size_t row = 0; row < hosts.file_of_row.size(); ++row) {
      auto& path = paths[static_cast<std::size_t>(hosts.file_of_row[row])];
      const auto& named =
          listed.paths[static_cast<std::size_t>(listed.file_of_row[row])];
      if (!path.empty() && path != named) {
        throw DataError(
            fmt::format("{}: rows that name one cutout ({}) name {} and {} here", key,
                        hosts.paths[static_cast<std::size_t>(hosts.file_of_row[row])],
                        path, named));
      }
      path = named;
    }
    return paths;
  }
  if (listed.paths.size() != hosts.paths.size()) {
    throw DataError(fmt::format("{}: {} files for {} hosts; one each is needed", key,
                                listed.paths.size(), hosts.paths.size()));
  }
  return listed.paths;
}

}  // namespace lensmill::pipeline
