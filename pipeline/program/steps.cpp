#include "pipeline/program/steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/core/text.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::chrono::milliseconds on_terminal{500};
constexpr std::chrono::seconds in_batch_log{30};

}  // namespace

Steps::Steps(Log& log, std::string what, std::int64_t total, int ranks)
    : log_(log),
      what_(std::move(what)),
      total_(total),
      ranks_(ranks),
      next_(start_),
      interval_(log.is_terminal() ? Clock::duration(on_terminal)
                                  : Clock::duration(in_batch_log)) {
  next_ += interval_;
}

void Steps::done(std::int64_t steps) {
  done_ += steps;
  if (!log_.speaks()) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + interval_;
  const auto all = std::min(total_, done_ * ranks_);
  if (all <= 0) return;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const auto share = static_cast<double>(all) / static_cast<double>(total_);
  log_.progress(fmt::format("{}: {} of {} ({:.0f} %), {} left", what_, grouped(all),
                            grouped(total_), 100.0 * share,
                            duration_text(seconds * (1.0 - share) / share)));
}

}  // namespace lensmill::pipeline
