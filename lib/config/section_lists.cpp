#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/config/document_state.hpp"
#include "lib/config/reader.hpp"
#include "lib/config/scalars.hpp"

namespace lensmill::config {
namespace {

std::string list_text(const std::vector<double>& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const double value : values) texts.push_back(number_text(value));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

}  // namespace

std::vector<double> Section::numbers(
    std::string_view key, const Bounds& bounds,
    std::optional<std::vector<double>> fallback) const {
  state_->know(index_, key, "list of numbers", bounds.range(),
               fallback ? list_text(*fallback) : "");
  std::vector<double> result;
  const Node* value = node(key);
  if (value == nullptr) {
    if (!fallback) problem(key, "required, but missing (a list of numbers)");
    result = fallback.value_or(std::vector<double>{});
  } else if (value->kind != Node::Kind::list) {
    problem(key, fmt::format("must be a list of numbers, e.g. [1.0, 2.0] (got {})",
                             value->describe()));
  } else {
    for (std::size_t i = 0; i < value->items.size(); ++i) {
      const auto number = parse_number(value->items[i]);
      if (!number || !bounds.contains(*number)) {
        state_->problems.add(
            fmt::format("{}[{}]", path(key), i), value->items[i].location,
            fmt::format("must be {} (got {})",
                        number ? bounds.text() : std::string("a number"),
                        value->items[i].describe()));
      } else {
        result.push_back(*number);
      }
    }
  }
  state_->record(index_, key, number_list_node(result));
  return result;
}

std::vector<std::vector<double>> Section::number_rows(std::string_view key,
                                                      const Bounds& bounds) const {
  state_->know(index_, key, "list of lists of numbers", bounds.range());
  const Node* value = node(key);
  std::vector<std::vector<double>> rows;
  if (value == nullptr) {
    problem(key, "required, but missing (a list of rows of numbers)");
    return rows;
  }
  const auto problems_before = state_->problems.size();
  for (std::size_t y = 0; y < value->items.size(); ++y) {
    const Node& items = value->items[y];
    rows.emplace_back();
    for (std::size_t x = 0; x < items.items.size(); ++x) {
      const auto number = parse_number(items.items[x]);
      if (number && bounds.contains(*number)) {
        rows.back().push_back(*number);
        continue;
      }
      state_->problems.add(fmt::format("{}[{}][{}]", path(key), y, x), items.location,
                           fmt::format("must be {} (got {})",
                                       number ? bounds.text() : std::string("a number"),
                                       items.items[x].describe()));
    }
    if (items.items.size() != value->items.front().items.size()) {
      state_->problems.add(
          fmt::format("{}[{}]", path(key), y), items.location,
          fmt::format("all rows must have the same length (got {} numbers, the first "
                      "row has {})",
                      items.items.size(), value->items.front().items.size()));
    }
  }
  if (rows.empty() || rows.front().empty()) {
    problem(key, fmt::format(
                     "must be a list of rows of numbers, e.g. [[0, 0.2, 0], [0.2, 1, "
                     "0.2], [0, 0.2, 0]] (got {})",
                     value->describe()));
  }
  if (state_->problems.size() > problems_before) return {};
  state_->record(index_, key, number_rows_node(rows));
  return rows;
}

std::vector<std::int64_t> Section::integers(
    std::string_view key, const Bounds& bounds,
    std::optional<std::vector<std::int64_t>> fallback) const {
  std::optional<std::vector<double>> real_fallback;
  if (fallback) real_fallback.emplace(fallback->begin(), fallback->end());
  std::vector<std::int64_t> result;
  for (const double value : numbers(key, bounds, real_fallback)) {
    const auto whole = static_cast<std::int64_t>(value);
    if (static_cast<double>(whole) != value) {
      problem(key, fmt::format("must be a list of integers (got {})", value));
    }
    result.push_back(whole);
  }
  return result;
}

std::vector<std::string> Section::texts(
    std::string_view key, std::optional<std::vector<std::string>> fallback) const {
  state_->know(index_, key, "list of names", "",
               fallback ? fmt::format("[{}]", fmt::join(*fallback, ", ")) : "");
  std::vector<std::string> result;
  const Node* value = node(key);
  if (value == nullptr) {
    if (!fallback) problem(key, "required, but missing (a list of names)");
    result = fallback.value_or(std::vector<std::string>{});
  } else if (value->kind != Node::Kind::list) {
    problem(key,
            fmt::format("must be a list, e.g. [a, b] (got {})", value->describe()));
  } else {
    for (std::size_t i = 0; i < value->items.size(); ++i) {
      const Node& item = value->items[i];
      if (item.kind == Node::Kind::scalar) {
        result.push_back(item.scalar);
      } else {
        state_->problems.add(fmt::format("{}[{}]", path(key), i), item.location,
                             fmt::format("must be a name (got {})", item.describe()));
      }
    }
  }
  Node list;
  list.kind = Node::Kind::list;
  for (const auto& text : result) list.items.push_back(Node::make_string(text));
  state_->record(index_, key, std::move(list));
  return result;
}

std::array<double, 2> Section::pair(
    std::string_view key, const Bounds& bounds,
    std::optional<std::array<double, 2>> fallback) const {
  std::optional<std::vector<double>> list;
  if (fallback) list.emplace(fallback->begin(), fallback->end());
  const auto problems_before = state_->problems.size();
  const auto values = numbers(key, bounds, list);
  if (values.size() == 2) return {values[0], values[1]};
  if (state_->problems.size() == problems_before) {
    problem(key, fmt::format("must be two numbers (got a list of {})", values.size()));
  }
  return fallback.value_or(std::array<double, 2>{});
}

}  // namespace lensmill::config
