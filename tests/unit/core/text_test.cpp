#include "lib/core/text.hpp"

#include <gtest/gtest.h>

namespace lensmill {
namespace {

TEST(Text, Durations) {
  EXPECT_EQ(duration_text(0.4), "0 s");
  EXPECT_EQ(duration_text(59.6), "1 min 0 s");
  EXPECT_EQ(duration_text(125.0), "2 min 5 s");
  EXPECT_EQ(duration_text(11520.0), "3 h 12 min");
}

TEST(Text, GroupedNumbers) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-12345678), "-12,345,678");
}

TEST(Text, Bytes) {
  EXPECT_EQ(bytes_text(12.0), "12 B");
  EXPECT_EQ(bytes_text(1234.0), "1.2 kB");
  EXPECT_EQ(bytes_text(999.6e6), "1.0 GB");
  EXPECT_EQ(bytes_text(490e9), "490 GB");
}

TEST(Printable, WritesControlCharactersOut) {
  EXPECT_EQ(printable("red \x1b[31m bell \a del \x7f"),
            "red \\x1b[31m bell \\x07 del \\x7f");
  EXPECT_EQ(printable("back\rover"), "back\\x0dover");
  EXPECT_EQ(printable("csi \xc2\x9b"), "csi \\u009b");
  EXPECT_EQ(printable("two\nlines\tand S\xc3\xa9rsic \xc2\xb5"),
            "two\nlines\tand S\xc3\xa9rsic \xc2\xb5");
}

}  // namespace
}  // namespace lensmill
