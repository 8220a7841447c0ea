#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lib/config/document_state.hpp"
#include "lib/config/reader.hpp"
#include "lib/config/scalars.hpp"
#include "lib/core/units.hpp"

namespace lensmill::config {
namespace {

/// "a number > 0", "an integer".
std::string wanted(std::string_view type, const Bounds& bounds) {
  const auto range = bounds.range();
  return range.empty() ? std::string(type) : fmt::format("{} {}", type, range);
}

/// `x_deg` for `x_rad`, else "".
std::string degree_key(std::string_view key) {
  if (!key.ends_with("_rad")) return "";
  return std::string(key.substr(0, key.size() - 4)) + "_deg";
}

}  // namespace

std::optional<double> Section::optional_number(std::string_view key,
                                               const Bounds& bounds) const {
  state_->know(index_, key, "number", bounds.range());
  const Node* value = node(key);
  std::string used(key);
  double scale = 1.0;
  if (const auto degrees = degree_key(key); !degrees.empty() && has(degrees)) {
    if (value != nullptr) {
      problem(degrees, fmt::format("given twice ({} is given too)", key));
      return {};
    }
    value = node(degrees);
    used = degrees;
    scale = rad_from_deg(1.0);
  }
  if (value == nullptr) return {};
  const auto parsed = parse_number(*value);
  if (!parsed) {
    problem(used, fmt::format("must be {} (got {})", wanted("a number", bounds),
                              value->describe()));
    return {};
  }
  const double number = *parsed * scale;
  if (!bounds.contains(number)) {
    problem(used, fmt::format("must be {} (got {}{})", bounds.text(), value->describe(),
                              scale == 1.0 ? "" : " deg"));
    return {};
  }
  state_->record(index_, key, Node::make_scalar(number_text(number)));
  return number;
}

double Section::number(std::string_view key, const Bounds& bounds,
                       std::optional<double> fallback) const {
  const auto value = optional_number(key, bounds);
  if (fallback) {
    state_->know(index_, key, "number", bounds.range(), number_text(*fallback));
  }
  if (value) return *value;
  if (fallback) {
    state_->record(index_, key, Node::make_scalar(number_text(*fallback)));
  } else if (!has(key) && (degree_key(key).empty() || !has(degree_key(key)))) {
    problem(key, fmt::format("required, but missing ({})", wanted("a number", bounds)));
  }
  return fallback.value_or(0.0);
}

std::optional<std::int64_t> Section::optional_integer(std::string_view key,
                                                      const Bounds& bounds) const {
  state_->know(index_, key, "integer", bounds.range());
  const Node* value = node(key);
  if (value == nullptr) return {};
  const auto parsed = parse_integer(*value);
  if (!parsed || !bounds.contains(static_cast<double>(*parsed))) {
    problem(key, fmt::format("must be {} (got {})", wanted("an integer", bounds),
                             value->describe()));
    return {};
  }
  state_->record(index_, key, Node::make_scalar(std::to_string(*parsed)));
  return parsed;
}

std::int64_t Section::integer(std::string_view key, const Bounds& bounds,
                              std::optional<std::int64_t> fallback) const {
  const auto value = optional_integer(key, bounds);
  if (fallback) {
    state_->know(index_, key, "integer", bounds.range(), std::to_string(*fallback));
  }
  if (value) return *value;
  if (fallback) {
    state_->record(index_, key, Node::make_scalar(std::to_string(*fallback)));
  } else if (!has(key)) {
    problem(key,
            fmt::format("required, but missing ({})", wanted("an integer", bounds)));
  }
  return fallback.value_or(0);
}

std::uint64_t Section::unsigned_integer(std::string_view key,
                                        std::optional<std::uint64_t> fallback) const {
  state_->know(index_, key, "integer", ">= 0",
               fallback ? std::to_string(*fallback) : "");
  std::uint64_t result = fallback.value_or(0);
  if (const Node* value = node(key)) {
    if (const auto parsed = parse_unsigned(*value)) {
      result = *parsed;
    } else {
      problem(key, fmt::format("must be an integer in [0, 2^64) (got {})",
                               value->describe()));
    }
  } else if (!fallback) {
    problem(key, "required, but missing (an integer >= 0)");
  }
  state_->record(index_, key, Node::make_scalar(std::to_string(result)));
  return result;
}

std::optional<bool> Section::optional_flag(std::string_view key) const {
  state_->know(index_, key, "true or false");
  const Node* value = node(key);
  if (value == nullptr) return {};
  const auto parsed = parse_flag(*value);
  if (!parsed) {
    problem(key, fmt::format("must be true or false (got {})", value->describe()));
    return {};
  }
  state_->record(index_, key, Node::make_scalar(*parsed ? "true" : "false"));
  return parsed;
}

bool Section::flag(std::string_view key, std::optional<bool> fallback) const {
  const auto value = optional_flag(key);
  const bool result = value.value_or(fallback.value_or(false));
  if (fallback) {
    state_->know(index_, key, "true or false", "", *fallback ? "true" : "false");
    state_->record(index_, key, Node::make_scalar(result ? "true" : "false"));
  } else if (!has(key)) {
    problem(key, "required, but missing (true or false)");
  }
  return result;
}

std::string Section::text(std::string_view key,
                          const std::optional<std::string>& fallback) const {
  state_->know(index_, key, "text", "", fallback.value_or(""));
  std::string result = fallback.value_or("");
  if (const Node* value = node(key)) {
    if (value->kind == Node::Kind::scalar) {
      result = value->scalar;
    } else {
      problem(key, fmt::format("must be text (got {})", value->describe()));
    }
  } else if (!fallback) {
    problem(key, "required, but missing (text)");
  }
  state_->record(index_, key, Node::make_string(result));
  return result;
}

std::size_t Section::choice_index(std::string_view key,
                                  std::span<const std::string_view> names,
                                  std::optional<std::size_t> fallback) const {
  const auto all = fmt::format("{}", fmt::join(names, ", "));
  state_->know(index_, key, "name", all, fallback ? std::string(names[*fallback]) : "");
  std::size_t result = fallback.value_or(0);
  if (const Node* value = node(key)) {
    const bool scalar = value->kind == Node::Kind::scalar;
    const auto found =
        scalar ? std::find(names.begin(), names.end(), value->scalar) : names.end();
    if (found == names.end()) {
      problem(key, fmt::format("must be one of {} (got {})", all, value->describe()));
    } else {
      result = static_cast<std::size_t>(found - names.begin());
    }
  } else if (!fallback) {
    problem(key, fmt::format("required, but missing (one of {})", all));
  }
  state_->record(index_, key, Node::make_scalar(std::string(names[result])));
  return result;
}

}  // namespace lensmill::config
