#include "lib/config/problems.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/core/errors.hpp"

namespace lensmill::config {
namespace {

std::string sentence(const std::string& path, const Location& where,
                     const std::string& what) {
  return fmt::format("{}{}: {}", path.empty() ? "configuration" : path, where.text(),
                     what);
}

}  // namespace

void Problems::add(const std::string& path, const Location& where,
                   const std::string& what) {
  auto text = sentence(path, where, what);
  const auto same = [&](const Problem& problem) { return problem.text == text; };
  if (std::any_of(problems_.begin(), problems_.end(), same)) return;
  problems_.push_back({path, where.line, std::move(text)});
}

void Problems::warn(const std::string& path, const Location& where,
                    const std::string& what) {
  warnings_.push_back(sentence(path, where, what));
}

bool Problems::reported(const std::string& path) const {
  return std::any_of(problems_.begin(), problems_.end(), [&](const Problem& problem) {
    return problem.path == path || problem.path.starts_with(path + ".");
  });
}

void Problems::throw_if_any() const {
  if (problems_.empty()) return;
  auto sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  std::string message;
  for (const auto& problem : sorted) {
    if (!message.empty()) message += '\n';
    message += problem.text;
  }
  throw ConfigError(message);
}

}  // namespace lensmill::config
