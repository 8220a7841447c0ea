#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/catalogue/column_element.hpp"
#include "lib/catalogue/column_source.hpp"
#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"

/// \file
/// What the HDF5 and the FITS source of a catalogue have in common.

namespace lensmill::pipeline {

inline Column make_column(const std::string& name, std::string unit, ElementType type,
                          std::int64_t rows) {
  ColumnInfo info;
  info.name = name;
  info.unit = std::move(unit);
  info.type = type;
  return {std::move(info), static_cast<std::size_t>(rows)};
}

/// The column that a name means in a file, and perhaps an element of it.
template <class Has>
catalogue::ColumnElement place_of(const catalogue::ColumnSource& source,
                                  const std::string& name, Has&& has) {
  if (has(name)) return {name, {}};
  auto place = catalogue::taken_apart(name);
  if (!place.element || !has(place.column)) {
    throw DataError(catalogue::no_such_column(source, name));
  }
  return place;
}

/// How many numbers a row has, of a column or of an element that is there.
inline std::size_t elements_of(const catalogue::ColumnElement& place,
                               std::size_t of_column) {
  return place.element && *place.element < of_column ? 1 : of_column;
}

/// Element k of every row.
template <class T>
void take_element(std::vector<T>& values, std::size_t rows, std::size_t k) {
  if (rows == 0) return;
  const std::size_t elements = values.size() / rows;
  EXPECT(k < elements);
  for (std::size_t row = 0; row < rows; ++row) values[row] = values[row * elements + k];
  values.resize(rows);
}

inline std::vector<std::string> texts_of(const std::vector<std::int64_t>& numbers) {
  std::vector<std::string> texts;
  for (const auto number : numbers) texts.push_back(std::to_string(number));
  return texts;
}

/// "; it has lens_q (text)", or "".
inline std::string listed(const std::vector<catalogue::UnreadColumn>& columns) {
  std::string text;
  for (const auto& [name, holds] : columns) {
    text += fmt::format("{}{} ({})", text.empty() ? "; it has " : ", ", name, holds);
  }
  return text;
}

}  // namespace lensmill::pipeline
