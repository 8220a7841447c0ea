#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/config/reader.hpp"

/// \file
/// What a Document keeps while it is read; private to lib/config.

namespace lensmill::config {

/// `parent.key`, or the one that is not empty.
std::string joined_path(const std::string& parent, std::string_view key);

struct Document::State {
  /// A map that a Section looks at, and the keys that were asked of it.
  struct Opened {
    const Node* map = nullptr;  ///< nullptr: the configuration does not give it
    std::vector<std::string> path;
    std::string generic_path;  ///< with `<band>` for a band's name
    Location location;
    std::vector<std::string> asked;
    bool ignore_rest = false;
  };

  Node source;
  Node resolved = Node::make_map();
  Problems problems;
  std::filesystem::path folder;
  std::vector<Opened> opened;
  std::vector<KnownKey> known;
  std::vector<std::string> files_read;

  void know(std::size_t index, std::string_view key, std::string type,
            std::string range = {}, std::string default_value = {});
  /// Record a value for the resolved configuration.
  void record(std::size_t index, std::string_view key, Node value);
  void ask(std::size_t index, std::string_view key);
  std::size_t open(std::size_t parent, std::string_view key,
                   const std::string& generic_path);
};

}  // namespace lensmill::config
