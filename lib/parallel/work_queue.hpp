#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "lib/parallel/groups.hpp"
#include "lib/parallel/work_counter.hpp"

namespace lensmill::parallel {

class WorkServer;

/// Who gets which item.
enum class Distribution {
  dynamic,  ///< whoever asks first
  fixed,    ///< round robin: no messages, no helper thread
};

/// Hands the items 0 .. items-1 to groups, each item to one group, in order, to whoever
/// asks first. Which group gets what is not reproducible, so nothing written may depend
/// on it.
///
/// With several groups, a helper thread of the world's rank 0 answers (one-sided
/// counters fail across TCP nodes with Debian's Open MPI). Where MPI gives no
/// MPI_THREAD_MULTIPLE, or with Distribution::fixed, items go round robin, and a
/// request to stop reaches only the group that made it.
class WorkQueue {
 public:
  /// \collective over `world`; `group` must outlive the queue. \throws IoError
  WorkQueue(const Communicator& world, const Group& group, std::int64_t items,
            Distribution distribution = Distribution::dynamic);
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;
  /// A group that leaves before its end (by an exception that all its ranks have agreed
  /// on: Communicator::agree) stops the others after their items in hand. On rank 0
  /// this waits until every group has come to its end.
  ~WorkQueue();

  /// The group's next item, or nothing when all are handed out or somebody asked to
  /// stop. `stop` may differ from rank to rank: one rank's request is enough.
  /// \collective over the group. \throws IoError
  std::optional<std::int64_t> next(StopRequest stop = StopRequest::none);

  /// Whether this group's end came before all items were handed out.
  bool stopped() const { return stopped_; }

 private:
  enum class Mode { one_group, served, round_robin };
  static Mode mode_for(const Communicator& world, const Group& group,
                       Distribution distribution);
  WorkAnswer claim(StopRequest stop);

  const Group& group_;
  Mode mode_;
  Communicator messages_;                 ///< the world, for the queue alone
  std::unique_ptr<WorkCounter> counter_;  ///< where claims need no message
  std::unique_ptr<WorkServer> server_;    ///< on the world's rank 0
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace lensmill::parallel
