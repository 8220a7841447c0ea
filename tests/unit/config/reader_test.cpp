#include "lib/config/reader.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <numbers>

#include "lib/core/errors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What reading `text` complains about, or "".
std::string complaint(const std::string& text,
                      const std::function<void(const Section&)>& read) {
  auto document = Document::from_string(text, "run.yaml");
  read(document.root());
  try {
    document.finish();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Section, ReadsEveryKindOfValue) {
  enum class Colour { red, blue };
  static constexpr Named<Colour> names[] = {{"red", Colour::red},
                                            {"blue", Colour::blue}};
  auto document = Document::from_string(
      "x: 1.5e-3\nn: 1e6\nseed: 18446744073709551615\non: true\ns: hello\nc: blue\n"
      "l: [1, 2.5]\ni: [33, 35]\nt: [g, r]\np: [1, 2]\nm: {a: 4}\n",
      "run.yaml");
  const auto root = document.root();

  EXPECT_EQ(root.number("x", positive), 1.5e-3);
  EXPECT_EQ(root.integer("n", positive), 1000000);
  EXPECT_EQ(root.unsigned_integer("seed"), 18446744073709551615u);
  EXPECT_TRUE(root.flag("on"));
  EXPECT_EQ(root.text("s"), "hello");
  EXPECT_EQ(root.choice<Colour>("c", names), Colour::blue);
  EXPECT_THAT(root.numbers("l", any_number), ElementsAre(1.0, 2.5));
  EXPECT_THAT(root.integers("i", positive), ElementsAre(33, 35));
  EXPECT_THAT(root.texts("t"), ElementsAre("g", "r"));
  EXPECT_EQ(root.pair("p", any_number), (std::array<double, 2>{1.0, 2.0}));
  EXPECT_EQ(root.section("m").number("a", any_number), 4.0);
  EXPECT_NO_THROW(document.finish());
}

TEST(Section, WrongTypesAreNamedWithPathLineAndValue) {
  const auto message = complaint(
      "m:\n  x: fast\n  n: 2.5\n  on: yes\n  s: [1]\n  l: 3\n  q: \"1\"\n  e:\n",
      [](const Section& root) {
        const auto m = root.section("m");
        m.number("x", positive);
        m.integer("n", any_number);
        m.flag("on");
        m.text("s");
        m.numbers("l", any_number);
        m.number("q", any_number);
        m.number("e", any_number);
      });

  EXPECT_EQ(message,
            "m.x at run.yaml:2: must be a number > 0 (got fast)\n"
            "m.n at run.yaml:3: must be an integer (got 2.5)\n"
            "m.on at run.yaml:4: must be true or false (got yes)\n"
            "m.s at run.yaml:5: must be text (got a list of 1)\n"
            "m.l at run.yaml:6: must be a list of numbers, e.g. [1.0, 2.0] (got 3)\n"
            "m.q at run.yaml:7: must be a number (got the string \"1\")\n"
            "m.e at run.yaml:8: must be a number (got nothing)");
}

TEST(Section, OpenAndClosedBoundsAreHeld) {
  const auto read = [](const Section& root) {
    root.number("q", above_up_to(0.0, 1.0));
  };

  EXPECT_EQ(complaint("q: 0\n", read), "q at run.yaml:1: must be in (0, 1] (got 0)");
  EXPECT_EQ(complaint("q: 1\n", read), "");
  EXPECT_EQ(complaint("q: 1.01\n", read),
            "q at run.yaml:1: must be in (0, 1] (got 1.01)");
  EXPECT_EQ(complaint("q: .nan\n", read),
            "q at run.yaml:1: must be a number in (0, 1] (got .nan)");
}

TEST(Section, BadListEntriesAreNamedByIndex) {
  EXPECT_EQ(complaint("r: [3, -1, x]\n",
                      [](const Section& root) { root.numbers("r", positive); }),
            "r[1] at run.yaml:1: must be > 0 (got -1)\n"
            "r[2] at run.yaml:1: must be a number (got x)");
  EXPECT_EQ(
      complaint("r: [3]\n", [](const Section& root) { root.pair("r", any_number); }),
      "r at run.yaml:1: must be two numbers (got a list of 1)");
}

TEST(Section, UnknownKeysGetTheNearestKnownKey) {
  const auto message =
      complaint("render: {pixel_tolerence: 1}\nlens: {theta_e_pix: 3}\nbandz: 1\n",
                [](const Section& root) {
                  root.section("render").number("pixel_tolerance", positive, 1e-3);
                  root.section("lens").optional_number("theta_e_arcsec", positive);
                  root.texts("bands", std::vector<std::string>{"r"});
                });

  EXPECT_EQ(message,
            "render.pixel_tolerence at run.yaml:1: unknown key; did you mean "
            "pixel_tolerance?\n"
            "lens.theta_e_pix at run.yaml:2: unknown key; the unit is part of the "
            "name: write theta_e_arcsec\n"
            "bandz at run.yaml:3: unknown key; did you mean bands?");
}

TEST(Section, MissingRequiredKeysSayWhatIsWanted) {
  EXPECT_EQ(
      complaint("a: 1\ngrid: {}\n",
                [](const Section& root) {
                  root.number("a", any_number);
                  root.section("grid").integer("stamp_size_pix", at_least(8));
                  root.required_section("psf");
                }),
      "psf at run.yaml:1: required, but missing (a map of keys)\n"
      "grid.stamp_size_pix at run.yaml:2: required, but missing (an integer >= 8)");
}

TEST(Section, DegreesAreTakenWhereRadiansAre) {
  auto document = Document::from_string("phi_deg: 90\n", "run.yaml");

  EXPECT_DOUBLE_EQ(document.root().number("phi_rad", any_number), std::numbers::pi / 2);

  EXPECT_NO_THROW(document.finish());
  EXPECT_THAT(document.resolved_yaml(), HasSubstr("phi_rad: 1.57079632679"));
  EXPECT_EQ(complaint("phi_rad: 1\nphi_deg: 2\n",
                      [](const Section& root) { root.number("phi_rad", any_number); }),
            "phi_deg at run.yaml:2: given twice (phi_rad is given too)");
}

TEST(Section, OneOfTakesExactlyOne) {
  static constexpr std::string_view keys[] = {"sampled", "grid"};
  const auto read = [](const Section& root) { root.section("c").one_of(keys); };
  const auto open_both = [](const Section& root) {
    root.section("c").one_of(keys);
    root.section("c").section("sampled");
  };

  EXPECT_EQ(complaint("c: {grid: 1}\n", read), "");
  EXPECT_EQ(complaint("c: {}\n", read), "c at run.yaml:1: needs one of sampled, grid");
  EXPECT_EQ(complaint("c:\n  grid: {}\n  sampled: {}\n", open_both),
            "c.grid at run.yaml:2: only one of sampled, grid may be given (got sampled "
            "and grid)");
}

TEST(Section, MissingFilesAreReportedWithKeyAndLine) {
  const test_support::TemporaryFolder folder;
  auto document = Document::from_string("a: 1\nfile: kernels.h5\ndir: .\n", "run.yaml",
                                        {}, folder.path());
  const auto root = document.root();
  root.number("a", any_number);
  root.existing_file("file");
  root.existing_file("dir");

  try {
    document.finish();
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("file at run.yaml:2: no such file: " +
                                        (folder / "kernels.h5").string()));
    EXPECT_THAT(error.what(), HasSubstr("dir at run.yaml:3: is a folder, not a file"));
  }
}

TEST(Document, ResolvedTextHoldsDefaultsAndReadsBackTheSame) {
  const auto read = [](Document& document) {
    const auto root = document.root();
    root.text("name", "run");
    const auto render = root.section("render");
    render.number("tolerance", positive, 1.0e-3);
    render.number("third", any_number, 1.0 / 3.0);
    render.numbers("radii", positive, std::vector<double>{3.0, 5.0});
    render.flag("fast", false);
    document.finish();
    return document.resolved_yaml();
  };
  auto first = Document::from_string("render: {fast: true}\n", "run.yaml");

  const std::string resolved = read(first);

  EXPECT_EQ(resolved,
            "name: \"run\"\nrender:\n  tolerance: 0.001\n  third: 0.3333333333333333\n"
            "  radii: [3, 5]\n  fast: true\n");
  auto second = Document::from_string(resolved, "resolved.yaml");
  EXPECT_EQ(read(second), resolved);
}

TEST(Document, KnownKeysHoldTypeRangeAndDefault) {
  auto document = Document::from_string("psf: {g: {q: 0.5}}\n", "run.yaml");
  const auto band = document.root().section("psf").member("g", "<band>");
  band.number("q", above_up_to(0.0, 1.0), 1.0);

  EXPECT_THAT(document.known_keys(),
              ElementsAre(KnownKey{"psf.<band>.q", "number", "in (0, 1]", "1"}));
}

}  // namespace
}  // namespace lensmill::config
