#include <algorithm>

#include "lib/config/document_state.hpp"
#include "lib/config/reader.hpp"

namespace lensmill::config {

void Section::share(std::string_view shared, std::span<const std::string> names,
                    std::span<const Alternatives> alternatives) const {
  if (!is_map(shared)) {
    if (has(shared)) member(shared, shared);  // says that it must be a map
    return;
  }
  // The tree is the document's own; sections look at it as constant.
  auto* map = const_cast<Node*>(state_->opened[index_].map);
  const Node common = *raw(shared);
  const auto gives = [&](const Node& own, const std::string& key) {
    if (own.find(key) != nullptr) return true;
    return std::ranges::any_of(alternatives, [&](const Alternatives& group) {
      return std::ranges::find(group, key) != group.end() &&
             std::ranges::any_of(group, [&](std::string_view other) {
               return own.find(other) != nullptr;
             });
    });
  };
  for (const auto& name : names) {
    Node* own = map->find(name);
    if (own == nullptr) {
      map->entries.push_back({.key = name, .value = common});
      continue;
    }
    if (own->kind == Node::Kind::null) own->kind = Node::Kind::map;
    if (own->kind != Node::Kind::map) continue;  // refused when it is opened
    const Node before = *own;
    for (const auto& entry : common.entries) {
      if (!gives(before, entry.key)) own->entries.push_back(entry);
    }
  }
}

}  // namespace lensmill::config
