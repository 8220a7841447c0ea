#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lensmill::config {

/// Where a value came from: a line of a file, or a `--set` argument (line 0).
struct Location {
  std::string source;  ///< file name as the user gave it, or `--set key=value`
  int line = 0;        ///< 1-based; 0: not a line of a file

  /// ` at quickstart.yaml:14`, ` from --set run.seed=3`, or nothing when unknown.
  std::string text() const;
};

/// One value of a YAML tree, with its place in the source. A plain value type: the tree
/// is read once, overridden, and then only looked at.
struct Node {
  enum class Kind { null, scalar, list, map };
  struct Entry;

  Kind kind = Kind::null;
  Location location;
  std::string scalar;          ///< text of a scalar, `${NAME}` expanded
  bool quoted = false;         ///< written in quotes: a string, never a number
  std::vector<Node> items;     ///< list
  std::vector<Entry> entries;  ///< map, in file order

  static Node make_scalar(std::string text);
  static Node make_string(std::string text);  ///< quoted when emitted
  static Node make_map();

  /// The value of a map's key, or nullptr (also when this is not a map).
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);

  /// How a message names the value: `-1.2`, `the string "x"`, `a list of 3`, `a map`.
  std::string describe() const;
};

/// A key of a map and its value.
struct Node::Entry {
  std::string key;
  Node value;
};

/// Set the value at a path of map keys, making maps on the way. Returns the first node
/// on the way that is neither a map nor null, nullptr when all went well.
const Node* set_at(Node& root, const std::vector<std::string>& path, Node value);

}  // namespace lensmill::config
