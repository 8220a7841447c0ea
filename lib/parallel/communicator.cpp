#include "lib/parallel/communicator.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <utility>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/core/path_errors.hpp"
#include "lib/parallel/check.hpp"
#include "lib/parallel/environment.hpp"

namespace lensmill::parallel {
namespace {

/// MPI counts are ints: longer messages go in pieces.
constexpr std::size_t largest_message_bytes = std::size_t{1} << 30U;

bool mpi_is_running() {
  int initialised = 0;
  int finalised = 0;
  MPI_Initialized(&initialised);
  MPI_Finalized(&finalised);
  return initialised != 0 && finalised == 0;
}

struct Failure {
  ExitCode code = ExitCode::internal;
  std::string message;
};

Failure describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    return {known.exit_code(), known.what()};
  } catch (const std::filesystem::filesystem_error& failed) {
    const IoError known = io_error_of(failed);
    return {known.exit_code(), known.what()};
  } catch (const std::exception& unknown) {
    return {ExitCode::internal, unknown.what()};
  } catch (...) {
    return {ExitCode::internal, "unknown exception"};
  }
}

}  // namespace

Communicator::Communicator(MPI_Comm owned) : native_(owned) {
  check(MPI_Comm_set_errhandler(native_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check(MPI_Comm_rank(native_, &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(native_, &size_), "MPI_Comm_size");
}

Communicator::~Communicator() {
  if (native_ != MPI_COMM_NULL && mpi_is_running()) MPI_Comm_free(&native_);
}

void Communicator::swap(Communicator& other) noexcept {
  std::swap(native_, other.native_);
  std::swap(rank_, other.rank_);
  std::swap(size_, other.size_);
}

Communicator Communicator::world() {
  if (!mpi_is_running()) return {};
  MPI_Comm own = MPI_COMM_NULL;
  check(MPI_Comm_dup(MPI_COMM_WORLD, &own), "MPI_Comm_dup");
  return Communicator(own);
}

Communicator Communicator::split(int colour, int key) const {
  EXPECT(colour >= 0);
  if (native_ == MPI_COMM_NULL) return {};
  MPI_Comm own = MPI_COMM_NULL;
  check(MPI_Comm_split(native_, colour, key, &own), "MPI_Comm_split");
  return Communicator(own);
}

Communicator Communicator::split_by_node() const {
  if (native_ == MPI_COMM_NULL) return {};
  MPI_Comm own = MPI_COMM_NULL;
  check(MPI_Comm_split_type(native_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &own),
        "MPI_Comm_split_type");
  return Communicator(own);
}

Communicator Communicator::duplicate() const { return split(0, rank_); }

int Communicator::node_count() const {
  const Communicator node = split_by_node();
  return static_cast<int>(sum(std::int64_t{node.is_root()}));
}

void Communicator::barrier() const {
  if (size_ > 1) check(MPI_Barrier(native_), "MPI_Barrier");
}

std::size_t Communicator::broadcast_size(std::size_t size, int root) const {
  std::uint64_t value = size;
  broadcast(value, root);
  return value;
}

void Communicator::broadcast_bytes(std::span<std::byte> bytes, int root) const {
  if (size_ == 1) return;
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), largest_message_bytes));
    check(MPI_Bcast(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, root,
                    native_),
          "MPI_Bcast");
    bytes = bytes.subspan(piece.size());
  }
}

void Communicator::broadcast(std::string& text, int root) const {
  text.resize(broadcast_size(text.size(), root));
  broadcast_bytes(std::as_writable_bytes(std::span(text)), root);
}

void Communicator::broadcast(std::vector<std::string>& texts, int root) const {
  texts.resize(broadcast_size(texts.size(), root));
  for (auto& text : texts) broadcast(text, root);
}

std::vector<std::string> Communicator::gather(const std::string& text, int root) const {
  auto all = all_gather(text);
  if (rank_ != root) all.clear();
  return all;
}

std::vector<std::string> Communicator::all_gather(const std::string& text) const {
  if (size_ == 1) return {text};
  const auto ranks = static_cast<std::size_t>(size_);
  const int length = static_cast<int>(text.size());
  std::vector<int> lengths(ranks);
  std::vector<int> offsets(ranks);
  check(MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, native_),
        "MPI_Allgather");
  std::size_t total = 0;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    offsets[rank] = static_cast<int>(total);
    total += static_cast<std::size_t>(lengths[rank]);
  }
  // Every rank sees the same total: all throw or none.
  if (total > largest_message_bytes) throw IoError("MPI_Allgatherv: more than 1 GiB");
  std::string joined(total, '\0');
  check(MPI_Allgatherv(text.data(), length, MPI_BYTE, joined.data(), lengths.data(),
                       offsets.data(), MPI_BYTE, native_),
        "MPI_Allgatherv");
  std::vector<std::string> all;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    all.push_back(joined.substr(static_cast<std::size_t>(offsets[rank]),
                                static_cast<std::size_t>(lengths[rank])));
  }
  return all;
}

void Communicator::reduce(std::span<double> values, MPI_Op operation) const {
  if (size_ == 1) return;
  check(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()),
                      MPI_DOUBLE, operation, native_),
        "MPI_Allreduce");
}

void Communicator::reduce(std::span<std::int64_t> values, MPI_Op operation) const {
  if (size_ == 1) return;
  check(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()),
                      MPI_INT64_T, operation, native_),
        "MPI_Allreduce");
}

void Communicator::agree(const std::function<void()>& work) const {
  std::exception_ptr error;
  try {
    work();
  } catch (...) {
    error = std::current_exception();
  }
  agree(error);
}

void Communicator::agree(const std::exception_ptr& error) const {
  settle(error, minimum(error == nullptr ? std::int64_t{size_} : std::int64_t{rank_}));
}

void Communicator::agree_within(double grace_seconds,
                                const std::function<void()>& work) const {
  using Clock = std::chrono::steady_clock;
  if (size_ == 1) return work();
  std::exception_ptr error;
  try {
    work();
  } catch (...) {
    error = std::current_exception();
  }
  const std::int64_t mine = error == nullptr ? size_ : rank_;
  std::int64_t first_failing = size_;
  MPI_Request request = MPI_REQUEST_NULL;
  check(
      MPI_Iallreduce(&mine, &first_failing, 1, MPI_INT64_T, MPI_MIN, native_, &request),
      "MPI_Iallreduce");
  if (error == nullptr) {
    check(MPI_Wait(&request, MPI_STATUS_IGNORE), "MPI_Wait");
  } else {
    const auto start = Clock::now();
    for (int arrived = 0; arrived == 0;) {
      check(MPI_Test(&request, &arrived, MPI_STATUS_IGNORE), "MPI_Test");
      const std::chrono::duration<double> waited = Clock::now() - start;
      if (arrived == 0 && waited.count() > grace_seconds) {
        const Failure failure = describe(error);
        std::fprintf(stderr, "lensmill: rank %d: %s (the other ranks do not answer)\n",
                     rank_, failure.message.c_str());
        Environment::abort(failure.code);
      }
      if (arrived == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  settle(error, first_failing);
}

void Communicator::settle(const std::exception_ptr& error,
                          std::int64_t first_failing) const {
  if (first_failing == size_) return;
  const int root = static_cast<int>(first_failing);
  Failure failure;
  if (rank_ == root) failure = describe(error);
  broadcast(failure.code, root);
  broadcast(failure.message, root);
  if (rank_ == root) std::rethrow_exception(error);
  throw Error(failure.code, failure.message);
}

}  // namespace lensmill::parallel
