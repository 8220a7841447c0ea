#include "lib/config/parse.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>

#include "lib/core/errors.hpp"

namespace lensmill::config {
namespace {

// A configuration is far smaller; these stop alias bombs and self-referring anchors.
constexpr int max_depth = 32;
constexpr int max_nodes = 200000;
// yaml-cpp's tree takes a hundred times the text's bytes.
constexpr std::size_t max_bytes = std::size_t{4} << 20;

/// Builds our tree from yaml-cpp's, so that places, duplicates and quotes are kept.
class TreeBuilder {
 public:
  TreeBuilder(const std::string& source, bool is_file, Problems& problems)
      : source_(source), is_file_(is_file), problems_(problems) {}

  Node build(const YAML::Node& yaml, const std::string& path, int depth) {
    if (depth > max_depth || ++count_ > max_nodes) {
      throw ConfigError(fmt::format(
          "{}: nested or repeated too much for a configuration (more than {} levels "
          "or {} values; does an anchor refer to itself?)",
          source_, max_depth, max_nodes));
    }
    Node node;
    node.location = where(yaml.Mark());
    refuse_tag(yaml, path, node.location);
    switch (yaml.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null: break;
      case YAML::NodeType::Scalar: build_scalar(node, yaml, path); break;
      case YAML::NodeType::Sequence: build_list(node, yaml, path, depth); break;
      case YAML::NodeType::Map: build_map(node, yaml, path, depth); break;
    }
    return node;
  }

 private:
  Location where(const YAML::Mark& mark) const {
    return {source_, is_file_ ? mark.line + 1 : 0};
  }

  /// yaml-cpp gives "?" to what has no tag, "!" to quoted text.
  void refuse_tag(const YAML::Node& yaml, const std::string& path,
                  const Location& location) {
    const std::string& tag = yaml.Tag();
    if (tag.empty() || tag == "?" || tag == "!") return;
    constexpr std::string_view standard = "tag:yaml.org,2002:";
    problems_.add(
        path, location,
        fmt::format(
            "has the YAML tag {}: tags are not read, take it away",
            tag.starts_with(standard) ? "!!" + tag.substr(standard.size()) : tag));
  }

  void build_scalar(Node& node, const YAML::Node& yaml, const std::string& path) {
    node.kind = Node::Kind::scalar;
    node.quoted = yaml.Tag() == "!";
    node.scalar = expand(yaml.Scalar(), path, node.location);
  }

  void build_list(Node& node, const YAML::Node& yaml, const std::string& path,
                  int depth) {
    node.kind = Node::Kind::list;
    for (std::size_t i = 0; i < yaml.size(); ++i) {
      node.items.push_back(build(yaml[i], fmt::format("{}[{}]", path, i), depth + 1));
    }
  }

  void build_map(Node& node, const YAML::Node& yaml, const std::string& path,
                 int depth) {
    node.kind = Node::Kind::map;
    for (const auto& entry : yaml) {
      const auto key_location = where(entry.first.Mark());
      if (!entry.first.IsScalar()) {
        problems_.add(path, key_location, "a key must be a plain word");
        continue;
      }
      const std::string key = entry.first.Scalar();
      const std::string key_path = path.empty() ? key : fmt::format("{}.{}", path, key);
      refuse_tag(entry.first, key_path, key_location);
      Node value = build(entry.second, key_path, depth + 1);
      value.location = key_location;
      if (const Node* first = node.find(key)) {
        problems_.add(key_path, key_location,
                      fmt::format("given twice (first{})", first->location.text()));
        continue;
      }
      node.entries.push_back({.key = key, .value = std::move(value)});
    }
  }

  std::string expand(const std::string& text, const std::string& path,
                     const Location& location) {
    std::string out;
    std::size_t position = 0;
    while (true) {
      const auto start = text.find("${", position);
      if (start == std::string::npos) return out + text.substr(position);
      const auto end = text.find('}', start);
      if (end == std::string::npos) {
        problems_.add(path, location,
                      fmt::format("`${{` without `}}` in \"{}\"", text));
        return text;
      }
      out += text.substr(position, start - position);
      const auto name = text.substr(start + 2, end - start - 2);
      if (const char* value = name.empty() ? nullptr : std::getenv(name.c_str())) {
        out += value;
      } else {
        problems_.add(path, location,
                      fmt::format("the environment variable {0} is not set; say "
                                  "`export {0}=...` before the run",
                                  name));
      }
      position = end + 1;
    }
  }

  const std::string& source_;
  bool is_file_;
  Problems& problems_;
  int count_ = 0;
};

YAML::Node load(const std::string& text, const std::string& source, bool is_file) {
  const auto at_line = [&](int line) {
    const Location where{source, is_file ? line + 1 : 0};
    return where.text().substr(where.line > 0 ? 4 : 6);
  };
  try {
    YAML::Node only;
    bool found = false;
    for (const auto& document : YAML::LoadAll(text)) {
      if (document.IsNull()) continue;  // `---` at the end begins nothing
      if (found) {
        throw ConfigError(fmt::format(
            "{}: a second YAML document (after `---`), of which nothing would be read: "
            "write one configuration in one file",
            at_line(document.Mark().line)));
      }
      only = document;
      found = true;
    }
    return only;
  } catch (const YAML::Exception& error) {
    throw ConfigError(
        fmt::format("{}: not valid YAML ({})", at_line(error.mark.line), error.msg));
  }
}

}  // namespace

Node parse_yaml(const std::string& text, const std::string& source,
                Problems& problems) {
  if (text.find('\0') != std::string::npos) {
    throw ConfigError(fmt::format("{}: not a text file", source));
  }
  Node root =
      TreeBuilder(source, true, problems).build(load(text, source, true), "", 0);
  if (root.kind == Node::Kind::null) {
    throw ConfigError(fmt::format("{}: the configuration is empty", source));
  }
  if (root.kind != Node::Kind::map) {
    throw ConfigError(
        fmt::format("{}: must be a map of sections (got {})", source, root.describe()));
  }
  return root;
}

Node parse_yaml_file(const std::filesystem::path& path, Problems& problems) {
  std::error_code ignored;  // what cannot be looked at cannot be opened, either
  if (std::filesystem::is_directory(path, ignored)) {
    throw ConfigError(
        fmt::format("{}: is a folder, not a configuration", path.string()));
  }
  // A pipe without a writer would be waited for, a device never ends.
  if (std::filesystem::exists(path, ignored) &&
      !std::filesystem::is_regular_file(path, ignored)) {
    throw ConfigError(fmt::format(
        "{}: is a pipe or device, not a file: write the configuration into a file",
        path.string()));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw ConfigError(
        fmt::format("{}: no such configuration file, or not readable", path.string()));
  }
  std::string text(max_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > max_bytes) {
    throw ConfigError(fmt::format("{}: is larger than {} MiB: no configuration",
                                  path.string(), max_bytes >> 20));
  }
  return parse_yaml(text, path.string(), problems);
}

void apply_overrides(Node& root, std::span<const std::string> overrides,
                     Problems& problems) {
  for (const auto& argument : overrides) {
    const std::string source = "--set " + argument;
    const auto equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError(fmt::format(
          "{}: must be key.path=value, e.g. --set catalogue.sampled.count=1000",
          source));
    }
    const std::string path_text = argument.substr(0, equals);
    std::vector<std::string> path;
    std::istringstream stream(path_text + ".");
    for (std::string key; std::getline(stream, key, '.');) {
      if (key.empty()) throw UsageError(source + ": a key of the path is empty");
      path.push_back(key);
    }
    const YAML::Node yaml = load(argument.substr(equals + 1), source, false);
    Node value = TreeBuilder(source, false, problems).build(yaml, path_text, 0);
    if (const Node* obstacle = set_at(root, path, std::move(value))) {
      problems.add(path_text, {source, 0},
                   fmt::format("cannot be set inside {}{}: set the key above it",
                               obstacle->describe(), obstacle->location.text()));
    }
  }
}

}  // namespace lensmill::config
