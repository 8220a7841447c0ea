#include "lib/config/scalars.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace lensmill::config {
namespace {

// Above this a double no longer contains every integer.
constexpr double exact_integer_limit = 9007199254740992.0;

template <class T>
std::optional<T> parse_all(const Node& node) {
  if (node.kind != Node::Kind::scalar || node.quoted) return {};
  std::string_view text = node.scalar;
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace

std::optional<double> parse_number(const Node& node) {
  const auto value = parse_all<double>(node);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<std::int64_t> parse_integer(const Node& node) {
  if (const auto value = parse_all<std::int64_t>(node)) return value;
  const auto real = parse_number(node);
  if (!real || std::abs(*real) > exact_integer_limit || *real != std::floor(*real)) {
    return {};
  }
  return static_cast<std::int64_t>(*real);
}

std::optional<std::uint64_t> parse_unsigned(const Node& node) {
  return parse_all<std::uint64_t>(node);
}

std::optional<bool> parse_flag(const Node& node) {
  if (node.kind != Node::Kind::scalar || node.quoted) return {};
  if (node.scalar == "true") return true;
  if (node.scalar == "false") return false;
  return {};
}

std::string number_text(double value) { return fmt::format("{}", value); }

Node number_node(double value) { return Node::make_scalar(number_text(value)); }

Node number_list_node(const std::vector<double>& values) {
  Node list;
  list.kind = Node::Kind::list;
  for (const double value : values) list.items.push_back(number_node(value));
  return list;
}

Node number_rows_node(const std::vector<std::vector<double>>& rows) {
  Node list;
  list.kind = Node::Kind::list;
  for (const auto& row : rows) list.items.push_back(number_list_node(row));
  return list;
}

}  // namespace lensmill::config
