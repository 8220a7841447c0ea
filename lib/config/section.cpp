#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/config/document_state.hpp"
#include "lib/config/reader.hpp"
#include "lib/config/scalars.hpp"

namespace lensmill::config {

const Node* Section::raw(std::string_view key) const {
  const Node* map = state_->opened[index_].map;
  return map == nullptr ? nullptr : map->find(key);
}

const Node* Section::node(std::string_view key) const {
  state_->ask(index_, key);
  return raw(key);
}

bool Section::has(std::string_view key) const { return node(key) != nullptr; }

bool Section::asked(std::string_view key) const {
  const auto& asked = state_->opened[index_].asked;
  return std::find(asked.begin(), asked.end(), key) != asked.end();
}

bool Section::is_word(std::string_view key, std::string_view word) const {
  const Node* value = node(key);
  return value != nullptr && value->kind == Node::Kind::scalar && value->scalar == word;
}

void Section::record_word(std::string_view key, std::string_view word) const {
  state_->ask(index_, key);
  state_->record(index_, key, Node::make_scalar(std::string(word)));
}

void Section::record_text(std::string_view key, const std::string& text) const {
  state_->record(index_, key, Node::make_string(text));
}

void Section::record_uniform(std::string_view key, double min, double max) const {
  Node range;
  range.kind = Node::Kind::list;
  range.items = {Node::make_scalar(number_text(min)),
                 Node::make_scalar(number_text(max))};
  Node form = Node::make_map();
  form.entries.push_back({.key = "uniform", .value = std::move(range)});
  state_->record(index_, key, std::move(form));
}

void Section::record_node(std::string_view key, Node value) const {
  state_->record(index_, key, std::move(value));
}

std::vector<std::string> Section::keys() const {
  std::vector<std::string> names;
  if (const Node* map = state_->opened[index_].map) {
    for (const auto& entry : map->entries) names.push_back(entry.key);
  }
  return names;
}

bool Section::is_map(std::string_view key) const {
  const Node* value = node(key);
  return value != nullptr && value->kind == Node::Kind::map;
}

bool Section::is_list(std::string_view key) const {
  const Node* value = node(key);
  return value != nullptr && value->kind == Node::Kind::list;
}

bool Section::is_scalar(std::string_view key) const {
  const Node* value = node(key);
  return value != nullptr && value->kind == Node::Kind::scalar;
}

std::optional<std::string> Section::one_of(std::span<const std::string_view> keys,
                                           Presence presence) const {
  std::vector<std::string_view> given;
  for (const auto key : keys) {
    if (has(key)) given.push_back(key);
  }
  if (given.size() == 1) return std::string(given.front());
  if (given.size() > 1) {
    problem(given[1], fmt::format("only one of {} may be given (got {})",
                                  fmt::join(keys, ", "), fmt::join(given, " and ")));
  } else if (presence == Presence::required) {
    problem("", fmt::format("needs one of {}", fmt::join(keys, ", ")));
  }
  return {};
}

Section Section::section(std::string_view key) const { return member(key, key); }

Section Section::required_section(std::string_view key) const {
  if (!has(key)) problem(key, "required, but missing (a map of keys)");
  return section(key);
}

Section Section::member(std::string_view key, std::string_view generic) const {
  const auto path = joined_path(state_->opened[index_].generic_path, generic);
  return Section(state_, state_->open(index_, key, path));
}

Section Section::form(std::string_view key, std::string_view documented_path) const {
  return Section(state_, state_->open(index_, key, std::string(documented_path)));
}

void Section::describe(std::string_view key, std::string type, std::string range,
                       std::string default_value) const {
  state_->know(index_, key, std::move(type), std::move(range),
               std::move(default_value));
}

std::size_t Section::problem_count() const { return state_->problems.size(); }

std::string Section::absolute_path(const std::string& path) const {
  return (state_->folder / path).lexically_normal().string();
}

std::string Section::existing_file(std::string_view key) const {
  std::string path = text(key);
  if (path.empty()) {
    if (has(key)) problem(key, "must name a file (got \"\")");
    return path;
  }
  path = absolute_path(path);
  state_->record(index_, key, Node::make_string(path));
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    problem(key, fmt::format("no such file: {}", path));
  } else if (std::filesystem::is_directory(path, ignored)) {
    problem(key, fmt::format("is a folder, not a file: {}", path));
  } else if (!std::filesystem::is_regular_file(path, ignored)) {
    // Inputs are read several times, and by several ranks.
    problem(key, fmt::format("is a pipe or device, not a file: {}", path));
  }
  return path;
}

void Section::note_file_read(const std::string& path) const {
  auto& files = state_->files_read;
  if (std::find(files.begin(), files.end(), path) == files.end()) files.push_back(path);
}

void Section::problem(std::string_view key, const std::string& what) const {
  state_->problems.add(path(key), location(key), what);
}

void Section::warning(std::string_view key, const std::string& what) const {
  state_->problems.warn(path(key), location(key), what);
}

void Section::ignore_rest() const { state_->opened[index_].ignore_rest = true; }

std::string Section::path(std::string_view key) const {
  return joined_path(fmt::format("{}", fmt::join(state_->opened[index_].path, ".")),
                     key);
}

Location Section::location(std::string_view key) const {
  const auto& opened = state_->opened[index_];
  const Node* value = opened.map && !key.empty() ? opened.map->find(key) : nullptr;
  return value != nullptr ? value->location : opened.location;
}

}  // namespace lensmill::config
