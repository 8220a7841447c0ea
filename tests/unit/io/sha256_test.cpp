#include "lib/io/sha256.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/core/errors.hpp"
#include "tests/support/file_bytes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::io {
namespace {

// NIST, FIPS 180-4 example messages.
constexpr const char* digest_of_nothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* digest_of_abc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* digest_of_a_million_a =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256, AgreesWithThePublishedDigests) {
  EXPECT_EQ(sha256_of(std::string_view{}), digest_of_nothing);
  EXPECT_EQ(sha256_of("abc"), digest_of_abc);
  EXPECT_EQ(sha256_of(std::string(1'000'000, 'a')), digest_of_a_million_a);
}

TEST(Sha256, PiecesGiveTheDigestOfTheWhole) {
  Sha256 hash;
  hash.update("a");
  hash.update("");
  hash.update("bc");

  EXPECT_EQ(hash.hex_digest(), digest_of_abc);
  EXPECT_EQ(hash.hex_digest(), digest_of_nothing) << "a digest starts afresh";
}

TEST(Sha256, ReadsFilesLargerThanOnePiece) {
  const test_support::TemporaryFolder folder;
  const std::string text(3'000'001, 'b');
  test_support::write_bytes(folder / "b", text);

  EXPECT_EQ(sha256_of_file((folder / "b").string()), sha256_of(text));
  EXPECT_THAT([&] { sha256_of_file((folder / "absent").string()); },
              testing::ThrowsMessage<IoError>(testing::HasSubstr("absent")));
}

}  // namespace
}  // namespace lensmill::io
