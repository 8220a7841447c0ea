#include "lib/config/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

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
  problems_.push_back({where.line, path.substr(0, path.find('.')), std::move(text)});
}

bool Problems::has_any_in(std::string_view section) const {
  return std::any_of(problems_.begin(), problems_.end(), [&](const Problem& problem) {
    return problem.section.empty() || problem.section == section;
  });
}

void Problems::warn(const std::string& path, const Location& where,
                    const std::string& what) {
  warnings_.push_back(sentence(path, where, what));
}

void Problems::add_text(const std::string& text) {
  problems_.push_back({std::numeric_limits<int>::max(), "", text});
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
