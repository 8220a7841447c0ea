#include "lib/config/parse.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "lib/core/errors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::config {
namespace {

using ::testing::HasSubstr;

/// The message of the ConfigError that parsing or its problems end in, or "".
std::string message_of(const std::string& text,
                       const std::vector<std::string>& overrides = {}) {
  try {
    Problems problems;
    Node root = parse_yaml(text, "run.yaml", problems);
    apply_overrides(root, overrides, problems);
    problems.throw_if_any();
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::config);
    return error.what();
  }
  return "";
}

Node parsed(const std::string& text, const std::vector<std::string>& overrides = {}) {
  Problems problems;
  Node root = parse_yaml(text, "run.yaml", problems);
  apply_overrides(root, overrides, problems);
  problems.throw_if_any();
  return root;
}

TEST(ParseYaml, KeepsOrderPlacesAndQuotes) {
  const Node root = parsed("b: 1\na:\n  c: \"2\"\n  d: [x, y]\n");

  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.entries[0].key, "b");
  const Node* c = root.find("a")->find("c");
  EXPECT_EQ(c->location.line, 3);
  EXPECT_TRUE(c->quoted);
  EXPECT_FALSE(root.find("b")->quoted);
  EXPECT_EQ(root.find("a")->find("d")->items[1].scalar, "y");
}

TEST(ParseYaml, SyntaxErrorNamesTheLine) {
  EXPECT_THAT(message_of("a: 1\nb: [1, 2\nc: 3\n"), HasSubstr("run.yaml:3: not valid"));
  EXPECT_THAT(message_of("a: 1\n\tb: 2\n"), HasSubstr("run.yaml:2: not valid YAML"));
}

TEST(ParseYaml, RefusesWhatIsNoMapOfSections) {
  EXPECT_THAT(message_of(""), HasSubstr("run.yaml: the configuration is empty"));
  EXPECT_THAT(message_of("- 1\n- 2\n"), HasSubstr("must be a map of sections"));
  EXPECT_THAT(message_of(std::string("a: \0b", 5)), HasSubstr("not a text file"));
}

TEST(ParseYaml, ReportsEveryDuplicateKeyWithBothLines) {
  EXPECT_EQ(message_of("a: 1\nb: {c: 1, c: 2}\na: 3\n"),
            "b.c at run.yaml:2: given twice (first at run.yaml:2)\n"
            "a at run.yaml:3: given twice (first at run.yaml:1)");
}

TEST(ParseYaml, RefusesASecondDocumentByItsLine) {
  EXPECT_THAT(message_of("a: 1\n---\nb: 2\n"),
              HasSubstr("run.yaml:3: a second YAML document"));
  EXPECT_EQ(message_of("---\na: 1\n---\n# nothing\n"), "");
  EXPECT_EQ(message_of("a: 1\n...\n"), "");
}

TEST(ParseYaml, RefusesTagsByKeyAndLine) {
  EXPECT_EQ(
      message_of("a: 1\nb: {c: !!int \"3\"}\nd: !mine [1]\n!!str e: 1\n"),
      "b.c at run.yaml:2: has the YAML tag !!int: tags are not read, take it away\n"
      "d at run.yaml:3: has the YAML tag !mine: tags are not read, take it away\n"
      "e at run.yaml:4: has the YAML tag !!str: tags are not read, take it away");
  EXPECT_THAT(message_of("a: 1\n", {"a=!!float 2"}),
              HasSubstr("has the YAML tag !!float"));
  EXPECT_EQ(message_of("a: 'x'\nb: |\n  text\nc: &d 1\ne: *d\n"), "");
}

TEST(ParseYaml, StopsAtAnAnchorThatRefersToItself) {
  EXPECT_THAT(message_of("a: &loop [*loop]\n"), HasSubstr("run.yaml"));
}

TEST(ParseYaml, ExpandsTheEnvironment) {
  ::setenv("LENSMILL_TEST_FOLDER", "/data/x", 1);
  ::unsetenv("LENSMILL_TEST_UNSET");

  const Node root = parsed("a: \"${LENSMILL_TEST_FOLDER}/g.fits\"\n");

  EXPECT_EQ(root.find("a")->scalar, "/data/x/g.fits");
  EXPECT_EQ(message_of("a: 1\nb: ${LENSMILL_TEST_UNSET}/r.fits\n"),
            "b at run.yaml:2: the environment variable LENSMILL_TEST_UNSET is not set; "
            "say `export LENSMILL_TEST_UNSET=...` before the run");
  EXPECT_THAT(message_of("a: \"${HOME\"\n"), HasSubstr("`${` without `}`"));
}

TEST(ApplyOverrides, ReplacesAndMakesMaps) {
  const Node root = parsed("a: {b: 1}\n", {"a.b=[1, 2]", "c.d.e=x", "a.b=7"});

  EXPECT_EQ(root.find("a")->find("b")->scalar, "7");
  EXPECT_EQ(root.find("c")->find("d")->find("e")->scalar, "x");
  EXPECT_EQ(root.find("a")->find("b")->location.text(), " from --set a.b=7");
}

TEST(ApplyOverrides, SaysWhatStandsInTheWay) {
  EXPECT_EQ(message_of("host: none\n", {"host.sersic.n=4"}),
            "host.sersic.n from --set host.sersic.n=4: cannot be set inside none at "
            "run.yaml:1: set the key above it");
  EXPECT_THAT(message_of("a: 1\n", {"a=[1"}), HasSubstr("--set a=[1: not valid YAML"));
}

TEST(ApplyOverrides, RefusesWhatIsNotKeyEqualsValue) {
  for (const std::string bad : {"run.seed", "=3", "run..seed=3"}) {
    EXPECT_THROW(parsed("a: 1\n", {bad}), UsageError) << bad;
  }
}

TEST(ParseYamlFile, SaysWhatIsWrongWithThePath) {
  const test_support::TemporaryFolder folder;
  Problems problems;

  EXPECT_THROW(parse_yaml_file(folder / "absent.yaml", problems), ConfigError);
  EXPECT_THROW(parse_yaml_file(folder.path(), problems), ConfigError);
}

/// What reading a file ends in.
std::string file_message_of(const std::filesystem::path& path) {
  try {
    Problems problems;
    parse_yaml_file(path, problems);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(ParseYamlFile, WaitsForNoPipeAndReadsNoDeviceToItsEnd) {
  const test_support::TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  constexpr std::size_t too_large = (std::size_t{4} << 20) + 1;
  std::ofstream(folder / "large.yaml") << "a: " << std::string(too_large, 'x');

  EXPECT_THAT(file_message_of(folder / "pipe"), HasSubstr("is a pipe or device"));
  EXPECT_THAT(file_message_of("/dev/zero"), HasSubstr("is a pipe or device"));
  EXPECT_THAT(file_message_of(folder / "large.yaml"),
              HasSubstr("is larger than 4 MiB"));
}

TEST(EmitYaml, ReadsBackTheSame) {
  const std::string text =
      "a: 1\nb:\n  c: [1, 2.5]\n  d: \"true: \\\"x\\\" # no comment\"\n"
      "e:\n  - [1, 2]\n  - [3, 4]\n";

  EXPECT_EQ(emit_yaml(parsed(text)), text);
}

}  // namespace
}  // namespace lensmill::config
