/// \file
/// What handing out shards and publishing them costs, for docs/scaling.md:
///   mpirun -n 64 --oversubscribe work_queue_rate FOLDER [ITEMS_PER_RANK] [WORK_MS]
/// Every rank is a group of its own. Prints claims per second, a claim's latency
/// (median, 99th percentile), the share of time spent waiting for claims when an item
/// takes WORK_MS of sleep, and files created, synced and renamed per second in FOLDER.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "lib/io/files.hpp"
#include "lib/parallel/environment.hpp"
#include "lib/parallel/groups.hpp"
#include "lib/parallel/work_queue.hpp"

namespace {

using namespace lensmill;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Claims {
  std::vector<double> seconds;
  double total_s = 0.0;
};

Claims claim_all(const parallel::Communicator& world, std::int64_t items,
                 double work_ms) {
  const auto group = parallel::make_groups(world, world.size());
  world.barrier();
  Claims claims;
  const auto start = Clock::now();
  parallel::WorkQueue queue(world, group, items);
  for (;;) {
    const auto asked = Clock::now();
    const auto item = queue.next();
    claims.seconds.push_back(since(asked));
    if (!item) break;
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(work_ms));
  }
  claims.total_s = since(start);
  return claims;
}

double percentile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * double(values.size() - 1))];
}

std::vector<double> everybodys(const std::vector<double>& mine,
                               const parallel::Communicator& world) {
  std::string text(reinterpret_cast<const char*>(mine.data()),
                   mine.size() * sizeof(double));
  std::vector<double> all;
  for (const auto& part : world.all_gather(text)) {
    const auto* values = reinterpret_cast<const double*>(part.data());
    all.insert(all.end(), values, values + part.size() / sizeof(double));
  }
  return all;
}

void say_claims(const parallel::Communicator& world, std::int64_t per_rank,
                double work_ms) {
  const auto claims = claim_all(world, per_rank * world.size(), work_ms);
  const auto all = everybodys(claims.seconds, world);
  std::vector<double> totals = everybodys({claims.total_s}, world);
  double waited = 0.0;
  for (const double s : all) waited += s;
  double total = 0.0;
  for (const double s : totals) total += s;
  if (!world.is_root()) return;
  fmt::print(
      "{} ranks, {} ms of work: {:.0f} claims/s, latency {:.3f} ms (99 %: {:.3f}), "
      "waiting {:.2f} % of the time\n",
      world.size(), work_ms, double(all.size()) / *std::ranges::max_element(totals),
      1e3 * percentile(all, 0.5), 1e3 * percentile(all, 0.99), 100.0 * waited / total);
}

void say_files(const parallel::Communicator& world, const std::string& folder) {
  constexpr int files = 50;
  world.barrier();
  const auto start = Clock::now();
  for (int k = 0; k < files; ++k) {
    const std::string path = fmt::format("{}/f-{}-{}", folder, world.rank(), k);
    const int file = ::open((path + ".partial").c_str(), O_WRONLY | O_CREAT, 0666);
    if (file < 0) std::exit(74);
    ::close(file);
    io::publish(path + ".partial", path);
  }
  const double seconds = world.size() * files / since(start);
  world.barrier();
  for (int k = 0; k < files; ++k) {
    io::remove_file(fmt::format("{}/f-{}-{}", folder, world.rank(), k));
  }
  if (world.is_root()) {
    fmt::print("{} ranks: {:.0f} files/s created, synced, renamed, folder synced\n",
               world.size(), seconds);
  }
}

}  // namespace

int main(int argc, char** argv) {
  parallel::Environment environment(argc, argv);
  const auto& world = environment.world();
  if (argc < 2) return 64;
  const std::int64_t per_rank = argc > 2 ? std::atoll(argv[2]) : 50;
  const double work_ms = argc > 3 ? std::atof(argv[3]) : 100.0;
  say_claims(world, per_rank, 0.0);
  say_claims(world, std::max<std::int64_t>(1, per_rank / 5), work_ms);
  say_files(world, argv[1]);
  return 0;
}
