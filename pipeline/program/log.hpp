#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace lensmill::pipeline {

/// What the program says. One rank speaks, the others' Log is silent. Messages go to
/// stderr, results to stdout; both also to the run's log file once there is one, with
/// the time (UTC). Not thread-safe.
class Log {
 public:
  /// \param speaks whether this rank prints \throws UsageError: LENSMILL_LIVE
  explicit Log(bool speaks);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// Also write to a new file, PATH.log or PATH-RANDOM.log. \throws IoError
  void also_to(const std::string& path);
  bool speaks() const { return logger_ != nullptr; }

  void info(std::string_view message);
  void warning(std::string_view message);
  void error(std::string_view message);
  /// Output that people pipe and keep: tables, reports.
  void result(std::string_view text);
  /// A line of progress: replaces the last one on a terminal, else a line of its own.
  void progress(std::string_view line);
  /// Why results could not be written to stdout, or "". A reader that has gone away is
  /// no reason.
  const std::string& lost_output() const { return lost_output_; }
  /// Whether progress is one line, written over: on a terminal, or LENSMILL_LIVE=1.
  bool is_terminal() const { return is_terminal_; }

 private:
  void clear_progress();

  std::shared_ptr<spdlog::logger> logger_;
  std::shared_ptr<spdlog::logger> file_;
  std::string lost_output_;
  bool is_terminal_ = false;
  bool progress_shown_ = false;
};

}  // namespace lensmill::pipeline
