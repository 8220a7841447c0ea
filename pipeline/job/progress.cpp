#include "pipeline/job/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "lib/core/text.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::chrono::milliseconds on_terminal{500};
constexpr std::chrono::seconds in_batch_log{30};

}  // namespace

Progress::Progress(Log& log, const RunFolder& folder, const ShardPlan& plan,
                   int own_ranks, const KeptSoFar* kept)
    : log_(log),
      folder_(folder),
      plan_(plan),
      own_ranks_(own_ranks),
      kept_(kept),
      interval_(log.is_terminal() ? Clock::duration(on_terminal)
                                  : Clock::duration(in_batch_log)),
      next_(start_ + interval_) {
  if (log_.speaks()) rows_at_start_ = rows_in_finished_shards();
}

void Progress::begin_shard(std::int64_t rows) {
  shard_rows_ = rows;
  own_rows_ = 0;
}

void Progress::row_done() {
  ++own_rows_;
  if (!log_.speaks()) return;
  const auto now = Clock::now();
  if (now >= next_) print(now);
}

std::int64_t Progress::rows_in_finished_shards() const {
  std::int64_t shards = 0;
  std::error_code error;
  std::filesystem::directory_iterator files(folder_.shards(), error);
  for (; !error && files != std::filesystem::directory_iterator();
       files.increment(error)) {
    if (files->path().extension() == ".h5") ++shards;
  }
  return std::min(plan_.rows, shards * plan_.rows_per_shard);
}

std::string Progress::selection_text(std::int64_t done, double rate) const {
  const auto& counts = kept_->record().counts;
  std::string left = "? s";
  std::string kept = "?";
  if (counts.kept > 0) {
    const double acceptance =
        static_cast<double>(counts.kept) / static_cast<double>(counts.candidates);
    const auto wanted = static_cast<double>(kept_->wanted());
    const auto so_far = static_cast<double>(done);
    kept = grouped(std::llround(std::min(acceptance * so_far, wanted)));
    const double candidates_left = std::max(0.0, wanted / acceptance - so_far);
    if (rate > 0.0) left = duration_text(candidates_left / rate);
  }
  return fmt::format(
      "about {} of {} rows kept of {} candidates, {:.0f} candidates/s, {} left; "
      "resumable",
      kept, grouped(kept_->wanted()), grouped(done), rate, left);
}

void Progress::print(Clock::time_point now) {
  next_ = now + interval_;
  const std::int64_t in_hand = std::min(shard_rows_, own_rows_ * own_ranks_);
  const std::int64_t done = std::min(plan_.rows, rows_in_finished_shards() + in_hand);
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done - rows_at_start_) / seconds;
  if (kept_ != nullptr) {
    log_.progress(selection_text(done, rate));
    return;
  }
  const auto rows_left = static_cast<double>(plan_.rows - done);
  log_.progress(
      fmt::format("{} of {} rows ({:.0f} %), {:.0f} rows/s, {} left; resumable",
                  grouped(done), grouped(plan_.rows),
                  100.0 * static_cast<double>(done) / static_cast<double>(plan_.rows),
                  rate, rate > 0.0 ? duration_text(rows_left / rate) : "? s"));
}

}  // namespace lensmill::pipeline
