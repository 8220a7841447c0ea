#pragma once

#include <string>
#include <utility>
#include <vector>

namespace lensmill::pipeline {

/// How this program was built. \independent
struct BuildInfo {
  std::string version;     ///< project version
  std::string git_commit;  ///< 40 hexadecimal digits, or "unknown"
  bool git_dirty = false;  ///< whether the tree differed from that commit
  std::string compiler;
  std::string compiler_flags;
  std::string build_type;
  /// Name and version of each library the results or files depend on, as run.
  std::vector<std::pair<std::string, std::string>> libraries;
};
const BuildInfo& build_info();

/// A digest of all that decides this build's numbers: commit, compiler, flags and
/// libraries; with uncommitted changes, or where the commit is not known, the program
/// file itself. Builds with equal fingerprints give equal bytes.
const std::string& build_fingerprint();

/// "lensmill 0.1.0 (91deb82e, dirty)"
std::string version_line();

}  // namespace lensmill::pipeline
