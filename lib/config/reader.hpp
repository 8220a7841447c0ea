#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/config/bounds.hpp"
#include "lib/config/node.hpp"
#include "lib/config/problems.hpp"

/// \file
/// Reading a YAML configuration strictly. A Document contains the tree; Sections read
/// it key by key. Every key that is read becomes known, every value (defaults too) is
/// recorded for the resolved configuration; `finish` reports unknown keys and throws
/// everything that was wrong in one ConfigError. A bad value is reported and replaced
/// by its default (or zero), so that reading goes on to the next problem.

namespace lensmill::config {

class Section;

/// Of a key, or of one of several keys.
enum class Presence { optional, required };
inline Presence required_if(bool condition) {
  return condition ? Presence::required : Presence::optional;
}

/// A key the reader knows: for docs/config-reference.md and its test.
struct KnownKey {
  std::string path;  ///< with `<band>` for a band's name
  std::string type;
  std::string range;          ///< "" when any
  std::string default_value;  ///< "" when there is none
  auto operator<=>(const KnownKey&) const = default;
};

/// One configuration: source tree, what was read from it, and what was wrong with it.
class Document {
 public:
  /// \throws ConfigError if the file is missing or not YAML; UsageError for an override
  ///         that is not key.path=value
  static Document from_file(const std::filesystem::path& path,
                            std::span<const std::string> overrides = {});
  static Document from_string(const std::string& text, const std::string& source,
                              std::span<const std::string> overrides = {},
                              const std::filesystem::path& folder = ".");

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  Section root();
  Problems& problems();
  /// Folder that relative paths in the configuration start from.
  const std::filesystem::path& folder() const;

  /// Report unknown keys; throw what was wrong.
  /// \throws ConfigError (exit 78), one line per problem
  void finish();

  /// All values read, defaults filled in, in the order of reading. Reading this text
  /// again gives the same values.
  std::string resolved_yaml() const;
  std::vector<KnownKey> known_keys() const;
  /// Files whose contents became part of the configuration (Section::note_file_read),
  /// in order of reading, each once.
  const std::vector<std::string>& files_read() const;

 private:
  friend class Section;

  struct State;
  explicit Document(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A name of an enumerator in the configuration.
template <class E>
using Named = std::pair<std::string_view, E>;

/// Cursor over one map of the configuration. Cheap to copy; lives as long as its
/// Document.
class Section {
 public:
  /// Whether the configuration gives the key; makes it known.
  bool has(std::string_view key) const;
  /// Whether the key was asked for already; does not make it known.
  bool asked(std::string_view key) const;
  /// Whether the key's value is this word, e.g. `auto`.
  bool is_word(std::string_view key, std::string_view word) const;
  bool is_none(std::string_view key) const { return is_word(key, "none"); }
  /// Record what was decided for a key, for the resolved configuration.
  void record_word(std::string_view key, std::string_view word) const;
  void record_none(std::string_view key) const { record_word(key, "none"); }
  void record_text(std::string_view key, const std::string& text) const;
  /// Record `{uniform: [min, max]}` for a key.
  void record_uniform(std::string_view key, double min, double max) const;
  /// Record any value for a key, e.g. what a file that it names contains.
  void record_node(std::string_view key, Node value) const;
  /// Keys of the map in file order (e.g. a map from column to values).
  std::vector<std::string> keys() const;
  /// Whether the key's value is a map, a list, a scalar; false when absent.
  bool is_map(std::string_view key) const;
  bool is_list(std::string_view key) const;
  bool is_scalar(std::string_view key) const;

  /// The one key of `keys` that is given; reports none (if required) or several, and
  /// then returns nothing. All of them become known.
  std::optional<std::string> one_of(std::span<const std::string_view> keys,
                                    Presence presence = Presence::required) const;

  // Scalars. Without a default the key is required. A key ending in `_rad` may also be
  // given in degrees as `_deg`.
  double number(std::string_view key, const Bounds& bounds,
                std::optional<double> fallback = {}) const;
  std::optional<double> optional_number(std::string_view key,
                                        const Bounds& bounds) const;
  std::int64_t integer(std::string_view key, const Bounds& bounds,
                       std::optional<std::int64_t> fallback = {}) const;
  std::optional<std::int64_t> optional_integer(std::string_view key,
                                               const Bounds& bounds) const;
  /// The whole range of 64 unsigned bits (seeds).
  std::uint64_t unsigned_integer(std::string_view key,
                                 std::optional<std::uint64_t> fallback = {}) const;
  bool flag(std::string_view key, std::optional<bool> fallback = {}) const;
  std::optional<bool> optional_flag(std::string_view key) const;
  std::string text(std::string_view key,
                   const std::optional<std::string>& fallback = {}) const;
  template <class E>
  E choice(std::string_view key, std::span<const Named<E>> names,
           std::optional<E> fallback = {}) const;

  // Lists.
  std::vector<double> numbers(std::string_view key, const Bounds& bounds,
                              std::optional<std::vector<double>> fallback = {}) const;
  std::vector<std::int64_t> integers(
      std::string_view key, const Bounds& bounds,
      std::optional<std::vector<std::int64_t>> fallback = {}) const;
  std::vector<std::string> texts(
      std::string_view key,
      std::optional<std::vector<std::string>> fallback = {}) const;
  /// A required list of lists of numbers, all of one length; empty if it is wrong.
  std::vector<std::vector<double>> number_rows(std::string_view key,
                                               const Bounds& bounds) const;
  /// Exactly two numbers.
  std::array<double, 2> pair(std::string_view key, const Bounds& bounds,
                             std::optional<std::array<double, 2>> fallback = {}) const;

  /// Absolute path of an existing file; relative ones start from the config's folder.
  /// A missing file is reported with key and line.
  std::string existing_file(std::string_view key) const;
  /// Note that this file's contents are part of the configuration from now on.
  void note_file_read(const std::string& path) const;
  /// The same as existing_file for a value that is already read (e.g. of a list).
  std::string absolute_path(const std::string& path) const;

  /// The map under a key. Absent: an empty section, reported if `required`.
  Section section(std::string_view key) const;
  Section required_section(std::string_view key) const;
  /// The map under a key that is one name of many (a band): documented as `generic`,
  /// e.g. "<band>".
  Section member(std::string_view key, std::string_view generic) const;
  /// Keys of which a map has one.
  using Alternatives = std::vector<std::string_view>;
  /// Give the maps under `names` the keys of the map under `shared` that they lack,
  /// with their places in the source; a name that is not there becomes such a map. A
  /// key is not lacked where the map has an alternative to it. Call it before those
  /// maps are opened. A `shared` that is no map is reported.
  void share(std::string_view shared, std::span<const std::string> names,
             std::span<const Alternatives> alternatives) const;
  /// The map under a key, documented under a path of its own instead of under this
  /// section's: for forms that are allowed in many places, e.g. "<sampler>".
  Section form(std::string_view key, std::string_view documented_path) const;
  /// Document a key whose value is more than one kind of thing.
  void describe(std::string_view key, std::string type, std::string range = {},
                std::string default_value = {}) const;

  /// Report a problem with this section's key (or with the section, key = "").
  void problem(std::string_view key, const std::string& what) const;
  void warning(std::string_view key, const std::string& what) const;
  /// Problems of the whole document so far.
  std::size_t problem_count() const;
  /// Do not report this section's other keys as unknown (its kind is not known).
  void ignore_rest() const;

  std::string path(std::string_view key = {}) const;
  Location location(std::string_view key = {}) const;
  /// The raw value of a key, or nullptr; makes the key known.
  const Node* node(std::string_view key) const;
  /// The same without making the key known.
  const Node* raw(std::string_view key) const;

 private:
  friend class Document;
  Section(Document::State* state, std::size_t index) : state_(state), index_(index) {}

  std::size_t choice_index(std::string_view key,
                           std::span<const std::string_view> names,
                           std::optional<std::size_t> fallback) const;

  Document::State* state_;
  std::size_t index_;  ///< into the document's opened sections
};

template <class E>
E Section::choice(std::string_view key, std::span<const Named<E>> names,
                  std::optional<E> fallback) const {
  std::vector<std::string_view> words;
  std::optional<std::size_t> fallback_index;
  for (std::size_t i = 0; i < names.size(); ++i) {
    words.push_back(names[i].first);
    if (fallback && names[i].second == *fallback) fallback_index = i;
  }
  return names[choice_index(key, words, fallback_index)].second;
}

}  // namespace lensmill::config
