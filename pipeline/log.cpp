#include "pipeline/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"

namespace lensmill::pipeline {

Log::Log(bool speaks) {
  if (!speaks) return;
  logger_ = std::make_shared<spdlog::logger>(
      "lensmill", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger_->set_pattern("lensmill: %v");
  is_terminal_ = ::isatty(STDERR_FILENO) == 1;
}

Log::~Log() { clear_progress(); }

void Log::also_to(const std::string& path) {
  if (!speaks()) return;
  try {
    file_ = std::make_shared<spdlog::logger>(
        "file", std::make_shared<spdlog::sinks::basic_file_sink_mt>(path));
  } catch (const spdlog::spdlog_ex& error) {
    throw IoError(path + ": the log cannot be written (" + error.what() + ")");
  }
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
