#include "pipeline/archive/config_identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lensmill::pipeline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto yaml = R"(run: {name: a, seed: 1}
catalogue: {sampled: {count: 10}}
bands: [g, r]
output: {directory: /tmp/a, rows_per_shard: 4}
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(ConfigIdentity, FlattensMapsAndLists) {
  const auto flat = flatten(yaml, "run.yaml");

  EXPECT_EQ(flat.at("run.seed"), "1");
  EXPECT_EQ(flat.at("bands[1]"), "r");
  EXPECT_EQ(flat.at("catalogue.sampled.count"), "10");
}

TEST(ConfigIdentity, ChangesWithWhatDecidesTheData) {
  const auto hash = config_hash(yaml, {});

  EXPECT_NE(config_hash(replaced(yaml, "seed: 1", "seed: 2"), {}), hash);
  EXPECT_NE(config_hash(replaced(yaml, "[g, r]", "[g, z]"), {}), hash);
  EXPECT_NE(config_hash(replaced(yaml, "[g, r]", "[g]"), {}), hash);
  EXPECT_NE(config_hash(yaml, {{.role = "catalogue", .path = "a.csv", .sha256 = "12"}}),
            hash);
}

TEST(ConfigIdentity, DoesNotChangeWithPlaceLengthAndInputPaths) {
  const auto hash = config_hash(yaml, {});

  EXPECT_EQ(config_hash(replaced(yaml, "/tmp/a", "/tmp/b"), {}), hash);
  EXPECT_EQ(config_hash(replaced(yaml, "count: 10", "count: 99"), {}), hash);
  EXPECT_EQ(config_hash(yaml, {{.role = "psf", .path = "a", .sha256 = "12"}}),
            config_hash(yaml, {{.role = "psf", .path = "b", .sha256 = "12"}}));
}

TEST(ConfigIdentity, FilesThatTheConfigurationHoldsCountAsThat) {
  // As a run from its own resolved configuration, which names no such file.
  EXPECT_EQ(config_hash(yaml, {{.role = "noise correlation r",
                                .path = "noise.yaml",
                                .sha256 = "12",
                                .resolved = true}}),
            config_hash(yaml, {}));
}

TEST(ConfigDifferences, ListWhatChangedAndWhatCameOrWent) {
  const auto before = flatten(yaml, "before");
  auto text = replaced(yaml, "seed: 1", "seed: 7");
  text = replaced(text, "count: 10", "count: 99") + "noise: none\n";

  EXPECT_THAT(config_differences(before, flatten(text, "now")),
              ElementsAre("noise: (absent) -> none", "run.seed: 1 -> 7"));
  EXPECT_THAT(config_differences(before, before), IsEmpty());
}

TEST(ConfigDifferences, TellOneKindOfCatalogueFromAnother) {
  const auto sobol = replaced(yaml, "sampled:", "sobol:");

  EXPECT_THAT(config_differences(flatten(yaml, "before"), flatten(sobol, "now")),
              ElementsAre("catalogue.sampled.count: 10 -> (absent)",
                          "catalogue.sobol.count: (absent) -> 10"));
  EXPECT_NE(config_hash(sobol, {}), config_hash(yaml, {}));
}

}  // namespace
}  // namespace lensmill::pipeline
