#pragma once

#include <cstdint>
#include <mutex>

namespace lensmill::parallel {

/// Whether a group wants the whole job to end after the items in hand.
enum class StopRequest : std::int64_t { none, stop };

/// What a group gets for an answer: an item, or the end.
struct WorkAnswer {
  std::int64_t item = -1;  ///< -1: the end
  bool stopped = false;    ///< whether the end came before all items were handed out
};

/// Hands out 0 .. items-1, each once, in order, until a rank asks to stop.
/// Thread-safe.
class WorkCounter {
 public:
  explicit WorkCounter(std::int64_t items) : items_(items) {}

  WorkAnswer claim(StopRequest stop) {
    const std::lock_guard lock(mutex_);
    if (stop == StopRequest::stop && next_ < items_) stopped_ = true;
    if (stopped_ || next_ >= items_) return {.item = -1, .stopped = stopped_};
    return {.item = next_++, .stopped = false};
  }

 private:
  std::mutex mutex_;
  std::int64_t items_;
  std::int64_t next_ = 0;
  bool stopped_ = false;
};

}  // namespace lensmill::parallel
