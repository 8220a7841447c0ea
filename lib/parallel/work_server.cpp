#include "lib/parallel/work_server.hpp"

#include <array>
#include <chrono>
#include <cstdio>

#include "lib/core/errors.hpp"
#include "lib/parallel/check.hpp"
#include "lib/parallel/environment.hpp"

namespace lensmill::parallel {
namespace {

constexpr int server_rank = 0;
constexpr int claim_tag = 1;
constexpr int answer_tag = 2;
/// A claim comes about once a second per group: half a millisecond is soon enough, and
/// 2000 polls a second cost less than 1 % of a core.
constexpr std::chrono::microseconds poll_interval{500};

}  // namespace

WorkServer::WorkServer(MPI_Comm communicator, WorkCounter& counter, int clients)
    : communicator_(communicator), counter_(counter) {
  thread_ = std::thread([this, clients] {
    try {
      serve(clients);
    } catch (const Error& error) {
      // The clients would wait for ever.
      std::fprintf(stderr, "lensmill: handing out shards: %s\n", error.what());
      Environment::abort(error.exit_code());
    }
  });
}

WorkServer::~WorkServer() { thread_.join(); }

void WorkServer::serve(int clients) {
  while (clients > 0) {
    int waiting = 0;
    MPI_Status status;
    check(MPI_Iprobe(MPI_ANY_SOURCE, claim_tag, communicator_, &waiting, &status),
          "MPI_Iprobe");
    if (waiting == 0) {
      std::this_thread::sleep_for(poll_interval);
      continue;
    }
    std::int64_t stop = 0;
    check(MPI_Recv(&stop, 1, MPI_INT64_T, status.MPI_SOURCE, claim_tag, communicator_,
                   MPI_STATUS_IGNORE),
          "MPI_Recv");
    const WorkAnswer answer = counter_.claim(StopRequest{stop});
    const std::array<std::int64_t, 2> message{answer.item, answer.stopped ? 1 : 0};
    check(MPI_Send(message.data(), 2, MPI_INT64_T, status.MPI_SOURCE, answer_tag,
                   communicator_),
          "MPI_Send");
    if (answer.item < 0) --clients;
  }
}

WorkAnswer ask_server(MPI_Comm communicator, StopRequest stop) {
  const auto claim = static_cast<std::int64_t>(stop);
  std::array<std::int64_t, 2> message{};
  check(MPI_Send(&claim, 1, MPI_INT64_T, server_rank, claim_tag, communicator),
        "MPI_Send");
  check(MPI_Recv(message.data(), 2, MPI_INT64_T, server_rank, answer_tag, communicator,
                 MPI_STATUS_IGNORE),
        "MPI_Recv");
  return {.item = message[0], .stopped = message[1] != 0};
}

}  // namespace lensmill::parallel
