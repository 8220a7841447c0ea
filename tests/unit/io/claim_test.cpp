#include "lib/io/claim.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "lib/io/claim_owner.hpp"
#include "lib/io/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io {
namespace {

using std::chrono::milliseconds;
using test_support::TemporaryFolder;
using testing::HasSubstr;

constexpr ClaimTimes quick{.heartbeat = milliseconds(20),
                           .silence = milliseconds(400),
                           .poll = milliseconds(10)};

class ClaimTest : public testing::Test {
 protected:
  Claim::Answer ask(std::int64_t first, std::int64_t end) {
    return Claim::ask(folder_.path().string(), first, end, quick,
                      [this](const std::string& text) { said_ += text; });
  }
  /// A claim as a job of another machine would make it.
  std::string foreign(const std::string& name, ClaimOwner owner) {
    const std::string path = (folder_ / name).string();
    write_text(path, owner.to_text());
    return path;
  }
  /// A process that ended with a claim on shards 0 to 9 in hand and is not waited for.
  pid_t killed_holder() {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto answer = ask(0, 10);
      ::_exit(0);  // without the destructor
    }
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
    return child;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }

  TemporaryFolder folder_;
  std::string said_;
};

const ClaimOwner elsewhere{.host = "node7", .process = "12", .machine = "other"};

TEST_F(ClaimTest, OneAtATimeHasAnItem) {
  auto first = ask(0, 10);
  ASSERT_EQ(first.claim.size(), 1U) << first.problem;

  EXPECT_THAT(ask(9, 20).holder, HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_EQ(ask(10, 20).claim.size(), 1U);
  first.claim.clear();
  EXPECT_EQ(ask(9, 20).claim.size(), 1U);
  EXPECT_EQ(files(), 0U);
}

TEST_F(ClaimTest, AKilledProcessOfThisMachineIsDeadAtOnce) {
  const pid_t child = killed_holder();
  ::waitpid(child, nullptr, 0);
  ASSERT_EQ(files(), 1U);

  const auto answer = ask(5, 6);

  EXPECT_EQ(answer.claim.size(), 1U);
  ASSERT_EQ(answer.taken_over.size(), 1U);
  EXPECT_THAT(answer.taken_over[0],
              testing::AllOf(HasSubstr("process " + std::to_string(child)),
                             HasSubstr("shards 0 to 9: its process is gone")));
  EXPECT_EQ(said_, "");
}

TEST_F(ClaimTest, AKilledProcessThatNobodyHasWaitedForIsDeadToo) {
  const pid_t child = killed_holder();
  ASSERT_EQ(files(), 1U);

  const auto answer = ask(5, 6);

  EXPECT_EQ(answer.claim.size(), 1U) << answer.holder;
  EXPECT_EQ(answer.taken_over.size(), 1U);
  ::waitpid(child, nullptr, 0);
}

TEST_F(ClaimTest, ANumberThatAnotherProcessHasNowIsDeadToo) {
  ClaimOwner owner = ClaimOwner::this_process();
  owner.process_start += "1";
  foreign("shards-0-5.a-1-1.claim", owner);

  EXPECT_EQ(ask(0, 5).taken_over.size(), 1U);
}

TEST_F(ClaimTest, OfAnotherMachineASilentOneIsDeadAndATouchedOneLives) {
  const std::string path = foreign("shards-0-5.node7-12-1.claim", elsewhere);
  std::jthread heart([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::filesystem::last_write_time(path,
                                       std::filesystem::file_time_type::clock::now());
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  EXPECT_THAT(ask(0, 5).holder, HasSubstr("process 12 on node7"));
  heart.request_stop();
  heart.join();

  const auto answer = ask(0, 5);

  EXPECT_EQ(answer.claim.size(), 1U);
  EXPECT_THAT(answer.taken_over, testing::ElementsAre(HasSubstr("no sign of life")));
  EXPECT_THAT(said_, HasSubstr("waiting up to"));
}

TEST_F(ClaimTest, AHolderTouchesItsClaim) {
  const auto answer = ask(0, 5);
  const auto& path = answer.claim.at(0).path();
  const auto before = std::filesystem::last_write_time(path);
  for (int k = 0; k < 200 && std::filesystem::last_write_time(path) == before; ++k) {
    std::this_thread::sleep_for(milliseconds(10));
  }

  EXPECT_NE(std::filesystem::last_write_time(path), before);
}

TEST_F(ClaimTest, OfManyWhoAskAtOnceAtMostOneGetsIt) {
  constexpr int askers = 6;
  std::vector<Claim::Answer> answers(askers);
  {
    std::vector<std::jthread> threads;
    for (int k = 0; k < askers; ++k) {
      threads.emplace_back([&, k] {
        answers[static_cast<std::size_t>(k)] =
            Claim::ask(folder_.path().string(), 0, 5, quick, [](const std::string&) {});
      });
    }
  }
  std::size_t held = 0;
  for (const auto& answer : answers) held += answer.claim.size();

  EXPECT_EQ(held, 1U);
}

TEST_F(ClaimTest, TheLivingAreThoseNotKnownToBeDead) {
  const std::string folder = folder_.path().string();
  const auto own = ask(100, 105);
  const pid_t child = killed_holder();
  const auto touched = foreign("shards-20-30.node7-12-5.claim", elsewhere);
  const auto silent = foreign("shards-30-40.node7-12-6.claim", elsewhere);
  constexpr ClaimTimes minute{.silence = milliseconds(60000)};
  std::filesystem::last_write_time(
      silent, std::filesystem::last_write_time(touched) - std::chrono::minutes(2));

  const auto living = Claim::living(folder, own.claim.at(0).path(), minute);

  ::waitpid(child, nullptr, 0);
  ASSERT_EQ(living.size(), 2U);
  EXPECT_EQ(living[0].name,
            std::filesystem::path(own.claim.at(0).path()).stem().string());
  EXPECT_EQ(living[1].name, "shards-20-30.node7-12-5");
  EXPECT_THAT(living[1].description,
              testing::AllOf(HasSubstr("process 12 on node7"), HasSubstr("20 to 29")));
}

// A pipe that nobody writes into, put where a claim would be.
TEST_F(ClaimTest, APipeIsWatchedLikeAnyOtherClaimAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo((folder_ / "shards-0-5.node7-12-5.claim").c_str(), 0600), 0);

  const auto answer = ask(0, 5);

  EXPECT_EQ(answer.claim.size(), 1U);
  EXPECT_EQ(answer.taken_over.size(), 1U);
}

TEST_F(ClaimTest, WithoutAFolderTheProblemIsNamedAndNothingThrown) {
  const auto answer =
      Claim::ask((folder_ / "none").string(), 0, 5, quick, [](const std::string&) {});

  EXPECT_TRUE(answer.claim.empty());
  EXPECT_THAT(answer.problem, HasSubstr("No such file"));
}

}  // namespace
}  // namespace lensmill::io
