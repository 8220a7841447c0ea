#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "lib/analysis/estimate.hpp"

/// \file
/// What an analysis says, before it is text, JSON or CSV: sections of sentences, tables
/// and further facts. A new section is a function that returns one (sections.hpp).

namespace lensmill::pipeline {

/// Nothing (NaN is nothing, too), a count, a number or a text.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

struct TableColumn {
  std::string name;  ///< in JSON and CSV
  std::string unit = "";
  int decimals = 4;  ///< in the text; negative: significant digits
};

struct ResultTable {
  std::string id;  ///< name of the CSV file, without .csv
  std::string title;
  std::vector<TableColumn> columns;
  std::vector<std::vector<Cell>> rows;
  bool in_text = true;  ///< long tables are in JSON and CSV only

  /// Columns NAME, NAME_standard_error, NAME_lower, NAME_upper.
  void add_estimate_columns(const std::string& name, const std::string& unit = "",
                            int decimals = 4);
};

/// The cells of an estimate, for add_estimate_columns().
void append(std::vector<Cell>& row, const analysis::Estimate& estimate);
nlohmann::ordered_json to_json(const analysis::Estimate& estimate);

struct Section {
  std::string id;  ///< its key in analysis.json
  std::string title;
  std::vector<std::string> sentences;  ///< what follows from the tables, in words
  std::vector<ResultTable> tables{};
  nlohmann::ordered_json facts = nlohmann::ordered_json::object();  ///< anything else
  std::string preformatted = "";  ///< text that is set already, between the two
};

/// Title, sentences, aligned tables.
std::string to_text(const Section& section);
/// Title, sentences, facts, tables as lists of objects. NaN is null.
nlohmann::ordered_json to_json(const Section& section);
/// A heading of names and units ("name [unit]"), then rows; empty for nothing. Numbers
/// are the shortest text that gives the same double.
std::string to_csv(const ResultTable& table);

}  // namespace lensmill::pipeline
