#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "lib/parallel/communicator.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::test_support {

/// One temporary folder for all ranks of a communicator, made and removed by its root.
class SharedFolder {
 public:
  explicit SharedFolder(const parallel::Communicator& world) : world_(world) {
    std::string name;
    if (world.is_root()) name = own_.emplace().path().string();
    world.broadcast(name);
    path_ = name;
  }
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;
  /// Waits for all ranks to be done with the folder.
  ~SharedFolder() { world_.barrier(); }

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  const parallel::Communicator& world_;
  std::optional<TemporaryFolder> own_;
  std::filesystem::path path_;
};

}  // namespace lensmill::test_support
