#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "lib/config/document_state.hpp"
#include "lib/config/parse.hpp"
#include "lib/config/suggest.hpp"

namespace lensmill::config {

std::string joined_path(const std::string& parent, std::string_view key) {
  if (key.empty()) return parent;
  return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

void Document::State::ask(std::size_t index, std::string_view key) {
  auto& asked = opened[index].asked;
  if (std::find(asked.begin(), asked.end(), key) == asked.end()) {
    asked.emplace_back(key);
  }
}

void Document::State::know(std::size_t index, std::string_view key, std::string type,
                           std::string range, std::string default_value) {
  ask(index, key);
  known.push_back({joined_path(opened[index].generic_path, key), std::move(type),
                   std::move(range), std::move(default_value)});
}

void Document::State::record(std::size_t index, std::string_view key, Node value) {
  auto path = opened[index].path;
  path.emplace_back(key);
  set_at(resolved, path, std::move(value));
}

std::size_t Document::State::open(std::size_t parent, std::string_view key,
                                  const std::string& generic_path) {
  ask(parent, key);
  auto path = opened[parent].path;
  path.emplace_back(key);
  for (std::size_t i = 0; i < opened.size(); ++i) {
    if (opened[i].path == path) return i;
  }
  Opened section;
  section.path = path;
  section.generic_path = generic_path;
  section.location = opened[parent].location;
  const Node* node = opened[parent].map ? opened[parent].map->find(key) : nullptr;
  if (node != nullptr) {
    section.location = node->location;
    if (node->kind == Node::Kind::map) {
      section.map = node;
    } else {
      problems.add(fmt::format("{}", fmt::join(path, ".")), node->location,
                   fmt::format("must be a map of keys (got {})", node->describe()));
    }
  }
  opened.push_back(std::move(section));
  return opened.size() - 1;
}

Document::Document(std::unique_ptr<State> state) : state_(std::move(state)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Document Document::from_file(const std::filesystem::path& path,
                             std::span<const std::string> overrides) {
  auto state = std::make_unique<State>();
  state->source = parse_yaml_file(path, state->problems);
  state->folder = std::filesystem::absolute(path).parent_path();
  apply_overrides(state->source, overrides, state->problems);
  return Document(std::move(state));
}

Document Document::from_string(const std::string& text, const std::string& source,
                               std::span<const std::string> overrides,
                               const std::filesystem::path& folder) {
  auto state = std::make_unique<State>();
  state->source = parse_yaml(text, source, state->problems);
  state->folder = std::filesystem::absolute(folder);
  apply_overrides(state->source, overrides, state->problems);
  return Document(std::move(state));
}

Section Document::root() {
  if (state_->opened.empty()) {
    State::Opened root;
    root.map = &state_->source;
    root.location = {state_->source.location.source, 1};
    state_->opened.push_back(std::move(root));
  }
  return Section(state_.get(), 0);
}

Problems& Document::problems() { return state_->problems; }
const std::filesystem::path& Document::folder() const { return state_->folder; }

void Document::finish() {
  for (const auto& section : state_->opened) {
    if (section.map == nullptr || section.ignore_rest) continue;
    for (const auto& [key, value] : section.map->entries) {
      const auto& asked = section.asked;
      if (std::find(asked.begin(), asked.end(), key) != asked.end()) continue;
      const auto path = fmt::format("{}", fmt::join(section.path, "."));
      state_->problems.add(joined_path(path, key), value.location,
                           "unknown key; " + suggest_key(key, asked));
    }
  }
  state_->problems.throw_if_any();
}

std::string Document::resolved_yaml() const { return emit_yaml(state_->resolved); }

const std::vector<std::string>& Document::files_read() const {
  return state_->files_read;
}

std::vector<KnownKey> Document::known_keys() const {
  std::map<std::string, KnownKey> keys;
  for (const auto& key : state_->known) {
    KnownKey& known = keys.emplace(key.path, key).first->second;
    if (known.default_value.empty()) known.default_value = key.default_value;
  }
  std::vector<KnownKey> list;
  list.reserve(keys.size());
  for (const auto& entry : keys) list.push_back(entry.second);
  return list;
}

}  // namespace lensmill::config
