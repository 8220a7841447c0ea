#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "lib/parallel/groups.hpp"
#include "lib/parallel/work_counter.hpp"

namespace lensmill::parallel {

class StopTree;
class WorkServer;

/// Who gets which item.
enum class Distribution {
  dynamic,  ///< in order of requests
  fixed,    ///< round robin: no requests, no helper thread
};

/// Hands the items 0 .. items-1 to groups, each item to one group, in order, to whoever
/// asks first. Which group gets what is not reproducible, so nothing written may depend
/// on it.
///
/// With several groups, a helper thread of the world's rank 0 answers (one-sided
/// counters fail across TCP nodes with Debian's Open MPI). Where MPI gives no
/// MPI_THREAD_MULTIPLE, or with Distribution::fixed, items go round robin; there
/// requests to stop, and the news that all have ended, go from rank to rank (StopTree).
///
/// A request to stop reaches all groups: they end after the items that they have in
/// hand when they next ask (round robin: when they have heard of it, see keep_up()).
class WorkQueue {
 public:
  /// `stop_wanted`, if given, returns whether this rank has been asked to stop; looked
  /// at in next() and keep_up(). \collective over `world`; `group` must outlive the
  /// queue. \throws IoError
  WorkQueue(const Communicator& world, const Group& group, std::int64_t items,
            Distribution distribution = Distribution::dynamic,
            std::function<bool()> stop_wanted = {});
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;
  /// A group that leaves before its end (by an exception that all its ranks have agreed
  /// on: Communicator::agree) stops the others after their items in hand. On rank 0,
  /// round robin on every rank, this waits until every group has come to its end.
  ~WorkQueue();

  /// The group's next item, or nothing when all are handed out or somebody asked to
  /// stop. `stop` may differ from rank to rank: one rank's request is enough. Round
  /// robin, the end is told when all groups have come to theirs or are about to: until
  /// then a request made here must reach them.
  /// \collective over the group. \throws IoError
  std::optional<std::int64_t> next(StopRequest stop = StopRequest::none);

  /// To be called often while an item is worked on: round robin, a request to stop goes
  /// through this rank to the next ones here. \independent \throws IoError
  void keep_up();

  /// Whether this group's end came before all items were handed out.
  bool stopped() const { return stopped_; }

 private:
  enum class Mode { one_group, served, round_robin };
  static Mode mode_for(const Communicator& world, const Group& group,
                       Distribution distribution);
  WorkAnswer claim(StopRequest stop);
  bool stop_wanted() const { return stop_wanted_ && stop_wanted_(); }
  void leave();

  const Group& group_;
  Mode mode_;
  Communicator messages_;                 ///< the world, for the queue alone
  std::unique_ptr<WorkCounter> counter_;  ///< where claims need no message
  std::unique_ptr<WorkServer> server_;    ///< on the world's rank 0
  std::unique_ptr<StopTree> tree_;        ///< round robin, on every rank
  std::function<bool()> stop_wanted_;
  bool ended_ = false;
  bool stopped_ = false;
};

}  // namespace lensmill::parallel
