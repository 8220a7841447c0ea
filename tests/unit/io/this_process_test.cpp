#include "lib/io/this_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "lib/core/errors.hpp"

namespace lensmill::io {
namespace {

class SourceDateEpoch : public testing::Test {
 protected:
  void TearDown() override { ::unsetenv("SOURCE_DATE_EPOCH"); }
  static auto of(const char* value) {
    ::setenv("SOURCE_DATE_EPOCH", value, 1);
    return source_date_epoch();
  }
};

TEST(UtcText, IsIso8601) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(1764179303), "2025-11-26T17:48:23Z");
  EXPECT_EQ(utc_text(253402300799), "9999-12-31T23:59:59Z");
}

TEST_F(SourceDateEpoch, IsNothingWhereItIsNotSet) {
  ::unsetenv("SOURCE_DATE_EPOCH");

  EXPECT_EQ(source_date_epoch(), std::nullopt);
}

TEST_F(SourceDateEpoch, IsSecondsSince1970) {
  EXPECT_EQ(of("0"), 0);
  EXPECT_EQ(of("1764179303"), 1764179303);
  EXPECT_EQ(of("253402300799"), 253402300799);
}

TEST_F(SourceDateEpoch, RefusesEverythingElse) {
  for (const char* value :
       {"", " ", "-1", "-0", "+1", "1.5", "1e9", "0x10", " 7", "7 ", "yesterday",
        "2026-11-27", "253402300800", "99999999999999999999"}) {
    try {
      of(value);
      ADD_FAILURE() << "accepted: `" << value << "`";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("SOURCE_DATE_EPOCH"));
      EXPECT_THAT(error.what(), testing::HasSubstr("`" + std::string(value) + "`"));
    }
  }
}

}  // namespace
}  // namespace lensmill::io
