#pragma once

#include <mpi.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>

#include "lib/parallel/communicator.hpp"

namespace lensmill::parallel {

/// Carries one rank's request to stop to all others, and notifies each when all have
/// come to their end, without a server, a helper thread or a collective: ranks finish
/// at different times and must not wait for each other in between.
///
/// Ranks are the nodes of a binary tree (rank r below (r-1)/2), and words go along its
/// edges. A request to stop is passed on as soon as a rank hears of it; n ranks have
/// heard of it after about 2 log2 n steps, each as long as a rank takes to its next
/// poll(). Else `ended` goes up when the sender and all below it have ended, and `bye`
/// comes down when all have. Every edge sees one last word (`stop` or `bye`) in each
/// direction, and nothing after it, so that no message is ever left over.
class StopTree {
 public:
  /// `messages`: nobody else receives on it; it outlives the tree. \throws IoError
  explicit StopTree(const Communicator& messages);
  StopTree(const StopTree&) = delete;
  StopTree& operator=(const StopTree&) = delete;
  /// Without finish(), which only an error of MPI can prevent, messages are given up.
  ~StopTree();

  /// Pass on what has come; with `stop`, begin a request. Cheap: it asks MPI at most
  /// every `poll_interval`, unless there is something to say. \independent
  /// \throws IoError
  void poll(bool stop);
  /// Whether some rank has asked to stop, as far as this one knows.
  bool stopping() const { return stopping_; }

  /// This rank has ended. Passes on others' words until all ranks have ended or have
  /// been told to stop (which `stop_wanted`, if given, may ask for here, too); sleeps
  /// between. \independent, but to return it needs every rank to call it
  /// \throws IoError
  void finish(const std::function<bool()>& stop_wanted);

  static constexpr std::chrono::milliseconds poll_interval{10};

 private:
  enum class Word : std::int64_t { none, ended, stop, bye };
  static constexpr std::size_t neighbours = 3;
  struct Edge {
    int rank = MPI_PROC_NULL;
    std::int64_t buffer = 0;  ///< where MPI receives
    MPI_Request receiving = MPI_REQUEST_NULL;
    MPI_Request sending_ended = MPI_REQUEST_NULL;
    MPI_Request sending_last = MPI_REQUEST_NULL;
    Word heard = Word::none;
    bool said_ended = false;
    bool said_last = false;
  };

  static bool is_last(Word word) { return word == Word::stop || word == Word::bye; }
  Edge& parent() { return edges_[0]; }
  std::span<Edge> children() { return std::span(edges_).subspan(1); }
  void receive(Edge& edge);
  void listen();
  void speak();
  void say_last(Edge& edge, Word word);
  void say_ended(Edge& edge);
  bool settled() const;

  MPI_Comm communicator_;
  std::array<Edge, neighbours> edges_{};
  bool stopping_ = false;
  bool ended_ = false;  ///< this rank
  std::chrono::steady_clock::time_point next_poll_{};
};

}  // namespace lensmill::parallel
