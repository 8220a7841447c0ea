#include "pipeline/program/log.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "lib/io/this_process.hpp"

namespace lensmill::pipeline {
namespace {

/// spdlog's own file sink opens a name, through links, too; this one takes what is
/// open.
class FileSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(std::FILE* file) : file_(file, std::fclose) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) {
      throw spdlog::spdlog_ex("the run's log cannot be written", errno);
    }
  }
  void flush_() override {
    if (std::fflush(file_.get()) != 0) {
      throw spdlog::spdlog_ex("the run's log cannot be written", errno);
    }
  }

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

/// What LENSMILL_LIVE says, if anything.
std::optional<bool> live_from_environment() {
  const char* given = std::getenv("LENSMILL_LIVE");
  if (given == nullptr || *given == '\0') return std::nullopt;
  const std::string_view value(given);
  if (value == "1") return true;
  if (value == "0") return false;
  throw UsageError(
      "LENSMILL_LIVE: must be 1 (a line of progress that is written over) or 0 (none)");
}

}  // namespace

Log::Log(bool speaks) {
  const auto live = live_from_environment();
  if (!speaks) return;
  logger_ = std::make_shared<spdlog::logger>(
      "lensmill", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger_->set_pattern("lensmill: %v");
  is_terminal_ = live.value_or(::isatty(STDERR_FILENO) == 1);
}

Log::~Log() { clear_progress(); }

void Log::also_to(const std::string& path) {
  if (!speaks()) return;
  // Two jobs may begin in the same second; and what is there already may be a link that
  // another user has put there, and would be followed.
  std::string own = path + ".log";
  std::FILE* file = std::fopen(own.c_str(), "wxe");
  if (file == nullptr && errno == EEXIST) {
    own = path + "-" + io::random_hex_digits() + ".log";
    file = std::fopen(own.c_str(), "wxe");
  }
  if (file == nullptr) {
    throw IoError(own + ": the log cannot be written (" + std::strerror(errno) + ")");
  }
  file_ = std::make_shared<spdlog::logger>("file", std::make_shared<FileSink>(file));
  file_->set_pattern("%Y-%m-%dT%H:%M:%SZ %l %v", spdlog::pattern_time_type::utc);
  file_->flush_on(spdlog::level::info);
}

void Log::clear_progress() {
  if (!progress_shown_) return;
  std::fputs("\r\033[K", stderr);
  progress_shown_ = false;
}

void Log::info(std::string_view message) {
  if (!speaks()) return;
  clear_progress();
  const std::string shown = printable(message);
  logger_->info(shown);
  if (file_) file_->info(shown);
}

void Log::warning(std::string_view message) {
  if (!speaks()) return;
  clear_progress();
  const std::string shown = printable(message);
  logger_->warn("warning: {}", shown);
  if (file_) file_->warn(shown);
}

void Log::error(std::string_view message) {
  if (!speaks()) return;
  clear_progress();
  const std::string shown = printable(message);
  logger_->error("error: {}", shown);
  if (file_) file_->error(shown);
}

void Log::result(std::string_view text) {
  if (!speaks()) return;
  clear_progress();
  errno = 0;
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!text.ends_with('\n')) std::fputc('\n', stdout);
  std::fflush(stdout);
  if (std::ferror(stdout) != 0 && errno != EPIPE) lost_output_ = std::strerror(errno);
  std::clearerr(stdout);
  if (file_) file_->info("\n{}", text);
}

void Log::progress(std::string_view line) {
  if (!speaks()) return;
  if (!is_terminal_) {
    logger_->info(line);
    return;
  }
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(line.size()), line.data());
  std::fflush(stderr);
  progress_shown_ = true;
}

}  // namespace lensmill::pipeline
