#pragma once

#include <mpi.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace lensmill::parallel {

/// Numbers that can be reduced over ranks.
template <class T>
concept Number = std::same_as<T, double> || std::same_as<T, std::int64_t>;

/// A set of ranks. The null communicator (default-constructed) is one rank by itself
/// and needs no MPI: every operation works on it, so callers have no second path.
///
/// All operations but rank(), size(), is_root() and native() are \collective and throw
/// IoError when MPI fails. Never carries a topology (see io::hdf5::File::create).
class Communicator {
 public:
  Communicator() = default;
  Communicator(Communicator&& other) noexcept { swap(other); }
  Communicator& operator=(Communicator&& other) noexcept {
    Communicator taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Communicator();
  /// All ranks of the program, as an own communicator; null if MPI is not running.
  static Communicator world();

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_root() const { return rank_ == 0; }
  /// MPI_COMM_NULL for the null communicator.
  MPI_Comm native() const { return native_; }

  /// Ranks with the same colour (>= 0) together, in order of `key`, then rank.
  Communicator split(int colour, int key = 0) const;
  /// Ranks that share memory, i.e. are on the same node.
  Communicator split_by_node() const;
  /// The same ranks with messages of their own.
  Communicator duplicate() const;
  /// Number of nodes the ranks are on.
  int node_count() const;

  void barrier() const;

  /// \name Broadcast the root's value; vectors and strings are resized.
  ///@{
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void broadcast(T& value, int root = 0) const {
    broadcast_bytes(std::as_writable_bytes(std::span(&value, 1)), root);
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void broadcast(std::vector<T>& values, int root = 0) const {
    values.resize(broadcast_size(values.size(), root));
    broadcast_bytes(std::as_writable_bytes(std::span(values)), root);
  }
  void broadcast(std::string& text, int root = 0) const;
  void broadcast(std::vector<std::string>& texts, int root = 0) const;
  ///@}

  /// One string per rank, in order of rank, on the root; empty elsewhere.
  std::vector<std::string> gather(const std::string& text, int root = 0) const;
  std::vector<std::string> all_gather(const std::string& text) const;
  /// All ranks' values, one after another in order of rank, on every rank.
  template <class T>
  requires std::is_trivially_copyable_v<T> std::vector<T> all_gather(
      std::span<const T> values)
  const {
    const auto parts = all_gather(
        std::string(reinterpret_cast<const char*>(values.data()), values.size_bytes()));
    std::vector<T> all;
    for (const auto& part : parts) append(all, part);
    return all;
  }

  /// Reductions; every rank gets the result. Sums of doubles depend on the number of
  /// ranks in their last bits: never let one reach a dataset.
  template <Number T>
  T sum(T value) const {
    reduce(std::span(&value, 1), MPI_SUM);
    return value;
  }
  template <Number T>
  T minimum(T value) const {
    reduce(std::span(&value, 1), MPI_MIN);
    return value;
  }
  template <Number T>
  T maximum(T value) const {
    reduce(std::span(&value, 1), MPI_MAX);
    return value;
  }
  /// Element by element, in place.
  template <Number T>
  void sum(std::span<T> values) const {
    reduce(values, MPI_SUM);
  }
  template <Number T>
  void minimum(std::span<T> values) const {
    reduce(values, MPI_MIN);
  }
  bool any(bool value) const { return maximum(std::int64_t{value}) != 0; }
  bool all(bool value) const { return minimum(std::int64_t{value}) != 0; }

  /// Run `work` on every rank; if it throws on any, all ranks throw: the failing rank
  /// of lowest number its own exception, the others an Error with the same exit code
  /// and message, so that nobody waits for a rank that has left. Inside `work` a rank
  /// must not wait for another that may have thrown: put one collective step in each
  /// call.
  void agree(const std::function<void()>& work) const;
  /// The same for an exception already caught (null: none).
  void agree(const std::exception_ptr& error) const;
  /// The same for work in which ranks wait for each other, as in collective I/O: when
  /// it fails on this rank and the others do not answer within `grace_seconds` (they
  /// may wait in it for this one for ever), the job is ended with the error's message
  /// and exit code.
  void agree_within(double grace_seconds, const std::function<void()>& work) const;

 private:
  /// Throw the error of the first rank that has one (size(): none).
  void settle(const std::exception_ptr& error, std::int64_t first_failing) const;
  explicit Communicator(MPI_Comm owned);
  void swap(Communicator& other) noexcept;
  std::size_t broadcast_size(std::size_t size, int root) const;
  void broadcast_bytes(std::span<std::byte> bytes, int root) const;
  void reduce(std::span<double> values, MPI_Op operation) const;
  void reduce(std::span<std::int64_t> values, MPI_Op operation) const;
  template <class T>
  static void append(std::vector<T>& all, const std::string& bytes) {
    const std::size_t old = all.size();
    all.resize(old + bytes.size() / sizeof(T));
    if (!bytes.empty())
      bytes.copy(reinterpret_cast<char*>(all.data() + old), bytes.size());
  }

  MPI_Comm native_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace lensmill::parallel
