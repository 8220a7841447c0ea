#include "pipeline/run/heartbeat.hpp"

#include <nlohmann/json.hpp>

#include "lib/io/this_process.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::chrono::seconds interval{60};

}  // namespace

Heartbeat::Heartbeat(const std::string& path) : file_(path, std::ios::app) {}

void Heartbeat::begin_shard(std::int64_t shard, std::int64_t rows) {
  shard_ = shard;
  rows_ = rows;
  rows_done_ = 0;
  shard_start_ = Clock::now();
  beat("begun");
}

void Heartbeat::beat(const char* event) {
  if (!file_.is_open()) return;
  next_ = Clock::now() + interval;
  const std::chrono::duration<double> spent = Clock::now() - shard_start_;
  file_ << nlohmann::json{{"utc", io::utc_now()},
                          {"event", event},
                          {"shard", shard_},
                          {"shard_rows", rows_},
                          {"own_rows_done", rows_done_},
                          {"seconds", spent.count()},
                          {"host", io::host_name()}}
        << std::endl;
  if (!file_) file_.close();
}

}  // namespace lensmill::pipeline
