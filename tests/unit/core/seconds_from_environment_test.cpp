#include "lib/core/seconds_from_environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "lib/core/errors.hpp"

namespace lensmill {
namespace {

constexpr const char* name = "LENSMILL_TEST_SECONDS";

class SecondsFromEnvironment : public testing::Test {
 protected:
  void TearDown() override { ::unsetenv(name); }
  static double of(const char* value) {
    ::setenv(name, value, 1);
    return seconds_from_environment(name, 60.0);
  }
};

TEST_F(SecondsFromEnvironment, AreTheUsualOnesWhereNoneAreSet) {
  ::unsetenv(name);

  EXPECT_EQ(seconds_from_environment(name, 60.0), 60.0);
}

TEST_F(SecondsFromEnvironment, AreWhatIsSet) {
  EXPECT_EQ(of("1"), 1.0);
  EXPECT_EQ(of("0.25"), 0.25);
  EXPECT_EQ(of("1e9"), 1.0e9);
}

TEST_F(SecondsFromEnvironment, RefuseEverythingElse) {
  for (const char* value :
       {"", " 5", "5 ", "10m", "0", "-3", "nan", "inf", "2e9", "0x10", "soon"}) {
    EXPECT_THROW(of(value), UsageError) << value;
  }
}

TEST_F(SecondsFromEnvironment, SaysWhichWhatAndWhatToDo) {
  try {
    of("10m");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr(name), testing::HasSubstr("`10m`"),
                               testing::HasSubstr("the usual 60")));
  }
}

}  // namespace
}  // namespace lensmill
