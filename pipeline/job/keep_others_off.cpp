#include "pipeline/job/keep_others_off.hpp"

#include <fmt/format.h>

#include <limits>
#include <thread>

#include "lib/core/errors.hpp"
#include "pipeline/archive/files_of_run.hpp"

namespace lensmill::pipeline {
namespace {

[[noreturn]] void refuse(const RunFolder& folder, const ShardPlan& plan,
                         const ShardRange& selection, const std::string& holder) {
  throw UsageError(fmt::format(
      "{}: another job is making {} now{}; wait until it has ended (jobs that fill one "
      "run together need --shards that do not overlap). If it is dead, remove {}/log/"
      "*.claim and shards.lock",
      folder.path(),
      selection == plan.all() ? "shards of this run"
                              : fmt::format("some of the shards {} to {}",
                                            selection.first, selection.end - 1),
      holder.empty() ? "" : " (" + holder + ")", folder.path()));
}

}  // namespace

Hold keep_others_off(const RunFolder& folder, const ShardPlan& plan,
                     const ShardRange& selection, std::chrono::seconds wait, Log& log) {
  using Clock = std::chrono::steady_clock;
  const auto end = selection == plan.all() ? std::numeric_limits<std::int64_t>::max()
                                           : selection.end;
  const auto until = Clock::now() + wait;
  for (bool said = false;; said = true) {
    Hold hold;
    std::string holder;
    hold.lock = io::RangeLock::try_lock(lock_file(folder), selection.first, end);
    if (hold.lock) {
      auto answer = io::Claim::ask(folder.log(), selection.first, end,
                                   io::claim_times_from_environment(),
                                   [&](const std::string& text) { log.info(text); });
      for (const auto& dead : answer.taken_over) {
        log.warning("continuing where another job died: " + dead);
      }
      if (!answer.problem.empty()) {
        log.warning("other jobs are kept off by a lock alone: " + answer.problem);
      }
      holder = answer.holder;
      hold.claim = std::move(answer.claim);
      if (holder.empty()) return hold;
    } else {
      holder = io::Claim::holder_of(folder.log(), selection.first, end);
    }
    if (Clock::now() >= until) refuse(folder, plan, selection, holder);
    if (!said) {
      log.info(fmt::format("waiting up to {} s for another job on this run to end{}",
                           wait.count(), holder.empty() ? "" : ": " + holder));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace lensmill::pipeline
