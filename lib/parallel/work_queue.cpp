#include "lib/parallel/work_queue.hpp"

#include <mpi.h>

#include <utility>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/parallel/check.hpp"
#include "lib/parallel/stop_tree.hpp"
#include "lib/parallel/work_server.hpp"

namespace lensmill::parallel {

WorkQueue::Mode WorkQueue::mode_for(const Communicator& world, const Group& group,
                                    Distribution distribution) {
  if (group.count == 1) return Mode::one_group;
  if (distribution == Distribution::fixed) return Mode::round_robin;
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Query_thread(&provided), "MPI_Query_thread");
  // All ranks must choose alike.
  return world.all(provided == MPI_THREAD_MULTIPLE) ? Mode::served : Mode::round_robin;
}

WorkQueue::WorkQueue(const Communicator& world, const Group& group, std::int64_t items,
                     Distribution distribution, std::function<bool()> stop_wanted)
    : group_(group),
      mode_(mode_for(world, group, distribution)),
      messages_(world.duplicate()),
      stop_wanted_(std::move(stop_wanted)) {
  EXPECT(items >= 0);
  // The server's own group claims without messages.
  EXPECT(!world.is_root() || (group.index == 0 && group.ranks.is_root()));
  switch (mode_) {
    case Mode::one_group: counter_ = std::make_unique<WorkCounter>(items); break;
    case Mode::served:
      if (world.is_root()) {
        counter_ = std::make_unique<WorkCounter>(items);
        server_ = std::make_unique<WorkServer>(messages_.native(), *counter_,
                                               group.count - 1);
      }
      break;
    case Mode::round_robin: {
      const std::int64_t share = (items - group.index + group.count - 1) / group.count;
      counter_ = std::make_unique<WorkCounter>(share);
      tree_ = std::make_unique<StopTree>(messages_);
      break;
    }
  }
}

WorkQueue::~WorkQueue() {
  if (ended_) return;
  try {
    leave();
  } catch (const Error&) {
    // MPI is out of order: the error that brought us here says more.
  }
}

void WorkQueue::leave() {
  if (tree_ != nullptr) {
    tree_->poll(true);
    tree_->finish({});
  } else if (group_.ranks.is_root()) {
    claim(StopRequest::stop);
  }
}

WorkAnswer WorkQueue::claim(StopRequest stop) {
  if (counter_ == nullptr) return ask_server(messages_.native(), stop);
  WorkAnswer answer = counter_->claim(stop);
  if (mode_ == Mode::round_robin && answer.item >= 0) {
    answer.item = answer.item * group_.count + group_.index;
  }
  return answer;
}

std::optional<std::int64_t> WorkQueue::next(StopRequest stop) {
  if (ended_) return std::nullopt;
  bool any_stop = stop == StopRequest::stop || stop_wanted();
  if (tree_ != nullptr) {
    tree_->poll(any_stop);
    any_stop = tree_->stopping();
  }
  any_stop = group_.ranks.any(any_stop);
  WorkAnswer answer;
  group_.ranks.agree([&] {
    if (group_.ranks.is_root()) {
      answer = claim(any_stop ? StopRequest::stop : StopRequest::none);
    }
  });
  group_.ranks.broadcast(answer);
  if (answer.item >= 0) return answer.item;
  if (tree_ != nullptr) tree_->finish(stop_wanted_);
  ended_ = true;
  stopped_ = answer.stopped;
  return std::nullopt;
}

void WorkQueue::keep_up() {
  if (tree_ != nullptr) tree_->poll(stop_wanted());
}

}  // namespace lensmill::parallel
