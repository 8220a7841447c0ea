#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace lensmill::pipeline {

/// Signs of life of one group of ranks, one JSON object a line, appended to a file of
/// its own (appending from several nodes to one file is not safe on network file
/// systems): a line for each shard begun and finished, and one a minute between. A file
/// that cannot be written stops nothing.
class Heartbeat {
 public:
  /// Of a rank that gives none.
  Heartbeat() = default;
  /// \param path of a file that is not there yet
  explicit Heartbeat(const std::string& path);

  void begin_shard(std::int64_t shard, std::int64_t rows);
  /// Call it after every row.
  void row_done() {
    ++rows_done_;
    if (file_ != nullptr && Clock::now() >= next_) beat("alive");
  }
  void end_shard() { beat("finished"); }

 private:
  using Clock = std::chrono::steady_clock;
  void beat(const char* event);

  struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };

  std::unique_ptr<std::FILE, CloseFile> file_;
  Clock::time_point next_{};
  Clock::time_point shard_start_{};
  std::int64_t shard_ = -1;
  std::int64_t rows_ = 0;
  std::int64_t rows_done_ = 0;
};

}  // namespace lensmill::pipeline
