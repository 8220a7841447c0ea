#include "lib/canvas/exchange.hpp"

#include <mpi.h>

#include <algorithm>
#include <cstdint>

#include "lib/core/contracts.hpp"
#include "lib/parallel/check.hpp"

namespace lensmill::canvas {
namespace {

// MPI counts bytes in ints.
constexpr std::size_t message_bytes = std::size_t{1} << 26U;

}  // namespace

std::vector<Bytes> exchange_messages(const parallel::Communicator& ranks,
                                     const std::vector<Bytes>& to) {
  const auto size = static_cast<std::size_t>(ranks.size());
  EXPECT(to.size() == size);
  if (size == 1) return to;
  std::vector<std::int64_t> sent;
  for (const auto& message : to) {
    sent.push_back(static_cast<std::int64_t>(message.size()));
  }
  std::vector<std::int64_t> received(size);
  parallel::check(MPI_Alltoall(sent.data(), 1, MPI_INT64_T, received.data(), 1,
                               MPI_INT64_T, ranks.native()),
                  "MPI_Alltoall");
  std::vector<Bytes> from(size);
  std::vector<MPI_Request> requests;
  for (std::size_t rank = 0; rank < size; ++rank) {
    from[rank].resize(static_cast<std::size_t>(received[rank]));
  }
  constexpr int tag = 7;
  const auto for_each_part = [](std::size_t bytes, auto use) {
    for (std::size_t at = 0; at < bytes; at += message_bytes) {
      use(at, static_cast<int>(std::min(message_bytes, bytes - at)));
    }
  };
  for (std::size_t rank = 0; rank < size; ++rank) {
    for_each_part(from[rank].size(), [&](std::size_t at, int count) {
      parallel::check(
          MPI_Irecv(from[rank].data() + at, count, MPI_BYTE, static_cast<int>(rank),
                    tag, ranks.native(), &requests.emplace_back()),
          "MPI_Irecv");
    });
  }
  for (std::size_t rank = 0; rank < size; ++rank) {
    for_each_part(to[rank].size(), [&](std::size_t at, int count) {
      parallel::check(
          MPI_Isend(to[rank].data() + at, count, MPI_BYTE, static_cast<int>(rank), tag,
                    ranks.native(), &requests.emplace_back()),
          "MPI_Isend");
    });
  }
  parallel::check(MPI_Waitall(static_cast<int>(requests.size()), requests.data(),
                              MPI_STATUSES_IGNORE),
                  "MPI_Waitall");
  return from;
}

}  // namespace lensmill::canvas
