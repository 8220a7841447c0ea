#include "pipeline/job/heartbeat.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "lib/io/this_process.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::chrono::seconds interval{60};

}  // namespace

// Not through a link that another user has put there ("x").
Heartbeat::Heartbeat(const std::string& path)
    : file_(std::fopen(path.c_str(), "wxe")) {}

void Heartbeat::begin_shard(std::int64_t shard, std::int64_t rows) {
  shard_ = shard;
  rows_ = rows;
  rows_done_ = 0;
  shard_start_ = Clock::now();
  beat("begun");
}

void Heartbeat::beat(const char* event) {
  if (file_ == nullptr) return;
  next_ = Clock::now() + interval;
  const std::chrono::duration<double> spent = Clock::now() - shard_start_;
  const std::string line = nlohmann::json{{"utc", io::utc_now()},
                                          {"event", event},
                                          {"shard", shard_},
                                          {"shard_rows", rows_},
                                          {"own_rows_done", rows_done_},
                                          {"seconds", spent.count()},
                                          {"host", io::host_name()}}
                               .dump() +
                           "\n";
  if (std::fputs(line.c_str(), file_.get()) < 0 || std::fflush(file_.get()) != 0) {
    file_.reset();
  }
}

}  // namespace lensmill::pipeline
