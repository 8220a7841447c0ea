#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/config/node.hpp"

namespace lensmill::config {

/// What is wrong with a configuration, gathered so that the user sees all of it at
/// once.
class Problems {
 public:
  /// `what` completes the sentence "PATH at FILE:LINE: ...".
  void add(const std::string& path, const Location& where, const std::string& what);
  /// Something worth saying that does not stop the run.
  void warn(const std::string& path, const Location& where, const std::string& what);

  /// A message that says its place itself, possibly of several lines.
  void add_text(const std::string& text);
  void warn_text(const std::string& text) { warnings_.push_back(text); }

  bool empty() const { return problems_.empty(); }
  /// Whether something is wrong in this section of the file, or in no known one.
  bool has_any_in(std::string_view section) const;
  std::size_t size() const { return problems_.size(); }
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// \throws ConfigError with one line per problem, in the order of the file's lines
  void throw_if_any() const;

 private:
  struct Problem {
    int line;
    std::string section;  ///< first name of the path
    std::string text;
  };
  std::vector<Problem> problems_;
  std::vector<std::string> warnings_;
};

}  // namespace lensmill::config
