// The main of tests under mpirun: every rank runs every test; rank 0 prints, and shows
// the failures of the other ranks after each test. The exit code is that of the worst
// rank, on every rank.
#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>

#include "lib/parallel/environment.hpp"

namespace {

using lensmill::parallel::Communicator;

class FailureGatherer : public testing::EmptyTestEventListener {
 public:
  explicit FailureGatherer(const Communicator& world) : world_(world) {}

  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    const char* file = result.file_name() == nullptr ? "?" : result.file_name();
    failures_ << file << ':' << result.line_number() << ": " << result.message()
              << '\n';
  }
  void OnTestEnd(const testing::TestInfo& test) override {
    const auto all = world_.gather(failures_.str());
    failures_.str("");
    for (std::size_t rank = 1; rank < all.size(); ++rank) {
      if (all[rank].empty()) continue;
      std::printf("[ rank %zu ] %s.%s\n%s", rank, test.test_suite_name(), test.name(),
                  all[rank].c_str());
    }
    std::fflush(stdout);
  }

 private:
  const Communicator& world_;
  std::ostringstream failures_;
};

}  // namespace

int main(int argc, char** argv) {
  lensmill::parallel::Environment environment(argc, argv);
  testing::InitGoogleTest(&argc, argv);
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (!environment.world().is_root()) {
    delete listeners.Release(listeners.default_result_printer());
  }
  listeners.Append(new FailureGatherer(environment.world()));
  const int result = RUN_ALL_TESTS();
  return environment.world().any(result != 0) ? 1 : 0;
}
