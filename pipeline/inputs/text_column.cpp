#include "pipeline/inputs/text_column.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/file.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"

namespace lensmill::pipeline {
namespace {

std::vector<std::string> texts_of(const std::vector<std::int64_t>& numbers) {
  std::vector<std::string> texts;
  for (const auto number : numbers) texts.push_back(std::to_string(number));
  return texts;
}

[[noreturn]] void refuse_contents(const std::string& path, const std::string& column,
                                  std::string_view holds) {
  throw DataError(fmt::format(
      "{}: column `{}` contains {}, but a text or a whole number in each row is needed",
      path, column, holds));
}

void refuse_empty(const std::string& path, const std::string& column,
                  const std::vector<std::string>& texts) {
  const auto empty = std::ranges::find(texts, "");
  if (empty == texts.end()) return;
  throw DataError(fmt::format("{}: column `{}` is empty in row {} (from 1)", path,
                              column, empty - texts.begin() + 1));
}

std::vector<std::string> texts_of(const io::hdf5::Dataset& dataset) {
  const auto& path = dataset.file_path();
  if (dataset.shape().size() != 1) {
    refuse_contents(path, dataset.path(),
                    io::hdf5::to_string(dataset.shape()) + " values");
  }
  if (dataset.type().content == io::hdf5::Content::string) {
    return dataset.read_strings();
  }
  if (!io::hdf5::converts_to(dataset.type(), ElementType::int64)) {
    refuse_contents(path, dataset.path(), dataset.type().text());
  }
  return texts_of(dataset.read_all<std::int64_t>().values);
}

}  // namespace

std::vector<std::string> read_text_column(const std::string& path,
                                          const std::string& column) {
  using catalogue::CellKind;
  const auto table = open_table(path);
  const auto name = catalogue::spelling_of(*table, column);
  if (name.empty()) throw DataError(catalogue::no_such_column(*table, column));
  const auto facts = table->facts(name);
  const bool is_named = facts.kind == CellKind::any || facts.kind == CellKind::text ||
                        facts.kind == CellKind::integer;
  if (!is_named || facts.elements != 1) {
    refuse_contents(path, column,
                    facts.kind == CellKind::floating && facts.elements == 1
                        ? "floating-point numbers"
                        : catalogue::contents_of(facts));
  }
  auto texts = table->read_texts(0, table->rows(), name);
  refuse_empty(path, column, texts);
  return texts;
}

std::vector<std::string> read_text_dataset(const std::string& path,
                                           const std::string& dataset) {
  auto texts = texts_of(io::hdf5::File::open(path).open_dataset(dataset));
  refuse_empty(path, dataset, texts);
  return texts;
}

}  // namespace lensmill::pipeline
