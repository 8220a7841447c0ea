#pragma once

#include <filesystem>
#include <string>

namespace lensmill::test_support {

/// A name in `folder` under which every write fails with "No space left on device": a
/// link to /dev/full. Never hand /dev/full itself to code under test: run as root, a
/// library that cleans up by removing its file would remove the device.
inline std::string full_disk_file(const std::filesystem::path& folder,
                                  const std::string& name) {
  std::filesystem::create_symlink("/dev/full", folder / name);
  return (folder / name).string();
}

}  // namespace lensmill::test_support
