#include "lib/parallel/stop_tree.hpp"

#include <algorithm>
#include <thread>

#include "lib/parallel/check.hpp"

namespace lensmill::parallel {
namespace {

constexpr int word_tag = 3;
/// Of a rank with nothing else to do: 500 polls a second cost less than 1 % of a core.
constexpr std::chrono::milliseconds idle_interval{2};

void test(MPI_Request& request) {
  if (request == MPI_REQUEST_NULL) return;
  int done = 0;
  check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
}

}  // namespace

StopTree::StopTree(const Communicator& messages) : communicator_(messages.native()) {
  const std::int64_t rank = messages.rank();
  if (rank > 0) edges_[0].rank = static_cast<int>((rank - 1) / 2);
  for (std::size_t k = 1; k < neighbours; ++k) {
    const std::int64_t child = 2 * rank + static_cast<std::int64_t>(k);
    if (child < messages.size()) edges_[k].rank = static_cast<int>(child);
  }
  for (auto& edge : edges_) {
    if (edge.rank != MPI_PROC_NULL) receive(edge);
  }
}

StopTree::~StopTree() {
  for (auto& edge : edges_) {
    if (edge.receiving != MPI_REQUEST_NULL) {
      MPI_Cancel(&edge.receiving);
      MPI_Request_free(&edge.receiving);
    }
    for (MPI_Request* request : {&edge.sending_ended, &edge.sending_last}) {
      if (*request != MPI_REQUEST_NULL) MPI_Request_free(request);
    }
  }
}

void StopTree::poll(bool stop) {
  const auto now = std::chrono::steady_clock::now();
  const bool news = stop && !stopping_;
  if (!news && now < next_poll_) return;
  next_poll_ = now + poll_interval;
  if (stop) stopping_ = true;
  listen();
  speak();
}

void StopTree::finish(const std::function<bool()>& stop_wanted) {
  ended_ = true;
  for (;;) {
    if (stop_wanted && stop_wanted()) stopping_ = true;
    listen();
    speak();
    if (settled()) return;
    std::this_thread::sleep_for(idle_interval);
  }
}

void StopTree::receive(Edge& edge) {
  check(MPI_Irecv(&edge.buffer, 1, MPI_INT64_T, edge.rank, word_tag, communicator_,
                  &edge.receiving),
        "MPI_Irecv");
}

void StopTree::listen() {
  for (auto& edge : edges_) {
    test(edge.sending_ended);
    test(edge.sending_last);
    if (edge.receiving == MPI_REQUEST_NULL) continue;
    test(edge.receiving);
    if (edge.receiving != MPI_REQUEST_NULL) continue;
    edge.heard = Word{edge.buffer};
    if (edge.heard == Word::stop) stopping_ = true;
    if (!is_last(edge.heard)) receive(edge);
  }
}

void StopTree::speak() {
  if (stopping_) {
    for (auto& edge : edges_) say_last(edge, Word::stop);
    return;
  }
  const bool all_here_ended =
      ended_ && std::ranges::all_of(children(), [](const Edge& edge) {
        return edge.rank == MPI_PROC_NULL || edge.heard != Word::none;
      });
  if (!all_here_ended) return;
  say_ended(parent());
  // The root knows by itself that all have ended, the others are told.
  if (parent().rank != MPI_PROC_NULL && parent().heard != Word::bye) return;
  for (auto& edge : edges_) say_last(edge, Word::bye);
}

void StopTree::say_last(Edge& edge, Word word) {
  // What is sent must stay where it is until it has gone.
  static const std::int64_t stop = static_cast<std::int64_t>(Word::stop);
  static const std::int64_t bye = static_cast<std::int64_t>(Word::bye);
  if (edge.rank == MPI_PROC_NULL || edge.said_last) return;
  edge.said_last = true;
  check(MPI_Isend(word == Word::stop ? &stop : &bye, 1, MPI_INT64_T, edge.rank,
                  word_tag, communicator_, &edge.sending_last),
        "MPI_Isend");
}

void StopTree::say_ended(Edge& edge) {
  static const std::int64_t ended = static_cast<std::int64_t>(Word::ended);
  if (edge.rank == MPI_PROC_NULL || edge.said_ended || edge.said_last) return;
  edge.said_ended = true;
  check(MPI_Isend(&ended, 1, MPI_INT64_T, edge.rank, word_tag, communicator_,
                  &edge.sending_ended),
        "MPI_Isend");
}

bool StopTree::settled() const {
  return std::ranges::all_of(edges_, [](const Edge& edge) {
    return edge.rank == MPI_PROC_NULL || (edge.said_last && is_last(edge.heard) &&
                                          edge.sending_ended == MPI_REQUEST_NULL &&
                                          edge.sending_last == MPI_REQUEST_NULL);
  });
}

}  // namespace lensmill::parallel
