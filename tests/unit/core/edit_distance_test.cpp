#include "lib/core/edit_distance.hpp"

#include <gtest/gtest.h>

namespace lensmill {
namespace {

TEST(EditDistance, CountsEachKindOfSlipOnce) {
  EXPECT_EQ(edit_distance("theta", "theta"), 0);
  EXPECT_EQ(edit_distance("theta", "thta"), 1);
  EXPECT_EQ(edit_distance("theta", "thetaa"), 1);
  EXPECT_EQ(edit_distance("theta", "thexa"), 1);
  EXPECT_EQ(edit_distance("theta", "tehta"), 1);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

}  // namespace
}  // namespace lensmill
