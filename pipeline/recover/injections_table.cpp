#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "lib/core/text.hpp"
#include "pipeline/recover/recover.hpp"

namespace lensmill::pipeline {
namespace {

using recovery::Outcome;

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Appends columns of one length.
class TableBuilder {
 public:
  TableBuilder(Table& table, std::size_t rows) : table_(table), rows_(rows) {}

  template <class T, class Value>
  void add(const std::string& name, const std::string& unit,
           const std::string& description, Value&& value) {
    Column column({.name = name,
                   .unit = unit,
                   .description = description,
                   .type = element_type_of<T>(),
                   .row_shape = {}},
                  rows_);
    for (std::size_t row = 0; row < rows_; ++row) {
      column.values<T>()[row] = static_cast<T>(value(row));
    }
    table_.push_back(std::move(column));
  }

  template <class Value>
  void add_text(const std::string& name, const std::string& description,
                Value&& value) {
    std::size_t bytes = 1;
    for (std::size_t row = 0; row < rows_; ++row) {
      bytes = std::max(bytes, value(row).size());
    }
    Column column({.name = name,
                   .unit = "",
                   .description = description,
                   .type = ElementType::text,
                   .row_shape = {bytes}},
                  rows_);
    for (std::size_t row = 0; row < rows_; ++row) {
      std::ranges::copy(value(row), column.row<char>(row).begin());
    }
    table_.push_back(std::move(column));
  }

 private:
  Table& table_;
  std::size_t rows_;
};

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + "\"";
}

std::string cell_text(const Column& column, std::size_t row) {
  switch (column.info().type) {
    case ElementType::int32:
      return fmt::format("{}", column.values<std::int32_t>()[row]);
    case ElementType::int64:
      return fmt::format("{}", column.values<std::int64_t>()[row]);
    case ElementType::float64: return csv_number(column.values<double>()[row]);
    default: break;
  }
  return quoted(catalogue::text_cell(column, row));
}

}  // namespace

Table injections_table(const RecoverResult& result) {
  const auto& truth = result.truth;
  const auto& all = result.injections;
  Table table;
  TableBuilder builder(table, all.size());
  const auto file_of = [&](std::size_t row) -> const Detections* {
    return all[row].match.detection == recovery::nothing
               ? nullptr
               : &result.detections[all[row].file];
  };
  builder.add<std::int64_t>("injection_id", "", "of the truth",
                            [&](std::size_t row) { return truth.injection_id[row]; });
  builder.add<std::int64_t>("pass", "", "of the truth",
                            [&](std::size_t row) { return truth.pass[row]; });
  builder.add<std::int64_t>("status", "", "of the truth",
                            [&](std::size_t row) { return truth.status[row]; });
  builder.add_text("state", "what the row counts for",
                   [&](std::size_t row) { return to_string(all[row].state); });
  builder.add<std::int32_t>("matched", "", "1 with a detection, else 0",
                            [&](std::size_t row) {
                              return all[row].match.outcome == Outcome::matched ? 1 : 0;
                            });
  builder.add<std::int32_t>("outcome", "", "0 none, 1 matched, 2 shared",
                            [&](std::size_t row) {
                              return static_cast<std::int32_t>(all[row].match.outcome);
                            });
  builder.add<std::int64_t>(
      "detection_row", "", "in its file from 0; -1 none", [&](std::size_t row) {
        return file_of(row) == nullptr
                   ? -1
                   : static_cast<std::int64_t>(all[row].match.detection);
      });
  builder.add_text("detection_id", "of its file", [&](std::size_t row) {
    const auto* file = file_of(row);
    return file == nullptr || file->id.empty() ? std::string()
                                               : file->id[all[row].match.detection];
  });
  builder.add<double>("distance_arcsec", "arcsec", "of the match",
                      [&](std::size_t row) { return all[row].match.distance_arcsec; });
  builder.add<double>("score", "", "of the match", [&](std::size_t row) {
    const auto* file = file_of(row);
    return file == nullptr || file->score.empty()
               ? none
               : file->score[all[row].match.detection];
  });
  builder.add<std::int64_t>(
      "detections_within", "", "detections in the radius",
      [&](std::size_t row) { return all[row].match.detections_within; });
  builder.add<std::int64_t>(
      "shared_with", "", "injection_id that has it; -1 none", [&](std::size_t row) {
        const auto other = all[row].match.shared_with;
        return other == recovery::nothing ? -1 : truth.injection_id[other];
      });
  builder.add<std::int32_t>("tie", "", "1: equal distances", [&](std::size_t row) {
    return all[row].match.tie ? 1 : 0;
  });
  builder.add<std::int32_t>("by_chance", "", "1 matched without arcs; -1 not tested",
                            [&](std::size_t row) {
                              return !result.empty ? -1 : all[row].by_chance ? 1 : 0;
                            });
  for (std::size_t r = 0; r < result.request.ambiguity_radii_arcsec.size(); ++r) {
    const auto name =
        fmt::format("ambiguity_{}_arcsec", result.request.ambiguity_radii_arcsec[r]);
    builder.add<std::int32_t>(name, "", "0 none 1 fainter 2 brighter 3 unknown",
                              [&](std::size_t row) {
                                return static_cast<std::int32_t>(all[row].ambiguity[r]);
                              });
  }
  return table;
}

std::string injections_csv(const RecoverResult& result) {
  const Table table = injections_table(result);
  std::string text;
  for (const auto& column : table) {
    text += (text.empty() ? "" : ",") + column.info().name;
  }
  text += '\n';
  for (std::size_t row = 0; row < result.injections.size(); ++row) {
    for (std::size_t c = 0; c < table.size(); ++c) {
      if (c > 0) text += ',';
      text += cell_text(table[c], row);
    }
    text += '\n';
  }
  return text;
}

}  // namespace lensmill::pipeline
