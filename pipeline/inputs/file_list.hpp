#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stages/config/host_files.hpp"

namespace lensmill::pipeline {

/// The files of hosts, one each.
struct ListedFiles {
  std::vector<std::string> paths;
  /// What `*` of a pattern stands for in each, else its name without folder and ending:
  /// what a host's other files are found by.
  std::vector<std::string> stems;
  /// For a column of a table: which file each of its rows names (rows may share one).
  std::vector<std::int64_t> file_of_row;
};

/// Expand `list`. A pattern's files come in order of their bytes, whatever the locale,
/// a table's in order of first mention. \param key for messages, "host.cutouts.files"
/// \param catalogue path of the run's catalogue, for a column without a table
/// \throws IoError; DataError: a pattern without a file, a file named twice in a list,
///   as read_text_column
/// \independent
ListedFiles list_files(const config::FileList& list, const std::string& key,
                       const std::string& catalogue);

/// The files that stand beside hosts, one for each: a pattern's `*` is the host's stem.
/// \throws DataError: another number of files than hosts, a pattern without `*`
std::vector<std::string> list_beside(const config::FileList& list,
                                     const std::string& key, const ListedFiles& hosts,
                                     const std::string& catalogue);

/// Name without folder and without `.fits` and its likes.
std::string stem_of(const std::string& path);

}  // namespace lensmill::pipeline
