#include "lib/config/node.hpp"

#include <fmt/format.h>

#include <utility>

namespace lensmill::config {

std::string Location::text() const {
  if (source.empty()) return "";
  if (line == 0) return fmt::format(" from {}", source);
  return fmt::format(" at {}:{}", source, line);
}

Node Node::make_scalar(std::string text) {
  Node node;
  node.kind = Kind::scalar;
  node.scalar = std::move(text);
  return node;
}

Node Node::make_string(std::string text) {
  Node node = make_scalar(std::move(text));
  node.quoted = true;
  return node;
}

Node Node::make_map() {
  Node node;
  node.kind = Kind::map;
  return node;
}

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name == key) return &value;
  }
  return nullptr;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find(key));
}

std::string Node::describe() const {
  switch (kind) {
    case Kind::null: return "nothing";
    case Kind::scalar:
      return quoted ? fmt::format("the string \"{}\"", scalar) : scalar;
    case Kind::list: return fmt::format("a list of {}", items.size());
    case Kind::map: return "a map";
  }
  return "nothing";
}

const Node* set_at(Node& root, const std::vector<std::string>& path, Node value) {
  Node* node = &root;
  for (const auto& key : path) {
    if (node->kind == Node::Kind::null) node->kind = Node::Kind::map;
    if (node->kind != Node::Kind::map) return node;
    Node* next = node->find(key);
    if (next == nullptr) {
      node->entries.push_back({.key = key, .value = {}});
      next = &node->entries.back().value;
      next->location = value.location;
    }
    node = next;
  }
  *node = std::move(value);
  return nullptr;
}

}  // namespace lensmill::config
