#include "pipeline/analyse/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "lib/core/contracts.hpp"
#include "lib/core/text.hpp"

namespace lensmill::pipeline {
namespace {

using Json = nlohmann::ordered_json;

template <class... Lambdas>
struct Overloaded : Lambdas... {
  using Lambdas::operator()...;
};
template <class... Lambdas>
Overloaded(Lambdas...) -> Overloaded<Lambdas...>;

// NaN become null: JSON has none.
Json json_of(const Cell& cell) {
  return std::visit(Overloaded{[](std::monostate) { return Json(nullptr); },
                               [](const auto& value) { return Json(value); }},
                    cell);
}

std::string text_of(const Cell& cell, int decimals) {
  return std::visit(
      Overloaded{[](std::monostate) { return std::string("-"); },
                 [](std::int64_t value) { return fmt::format("{}", value); },
                 [](const std::string& value) { return value; },
                 [&](double value) {
                   if (!std::isfinite(value)) return std::string("-");
                   return decimals < 0 ? fmt::format("{:.{}g}", value, -decimals)
                                       : fmt::format("{:.{}f}", value, decimals);
                 }},
      cell);
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string csv_of(const Cell& cell) {
  return std::visit(
      Overloaded{[](std::monostate) { return std::string(); },
                 [](std::int64_t value) { return fmt::format("{}", value); },
                 [](const std::string& value) { return quoted(value); },
                 [](double value) { return csv_number(value); }},
      cell);
}

bool ends_with_error(const std::string& name) {
  return name.ends_with("_standard_error") || name.ends_with("_lower") ||
         name.ends_with("_upper");
}

/// Headings of the text: the long suffixes in short, units below.
std::string heading_of(const std::string& name) {
  for (const auto& [suffix, shorter] :
       {std::pair{"_standard_error", "s.e."}, {"_lower", "from"}, {"_upper", "to"}}) {
    if (name.ends_with(suffix)) return shorter;
  }
  return name;
}

std::string text_of(const ResultTable& table) {
  std::vector<std::vector<std::string>> lines(2);
  for (const auto& column : table.columns) {
    lines[0].push_back(heading_of(column.name));
    const bool unit = !column.unit.empty() && !ends_with_error(column.name);
    lines[1].push_back(unit ? "[" + column.unit + "]" : "");
  }
  if (std::ranges::all_of(lines[1], &std::string::empty)) lines.pop_back();
  const std::size_t first_row = lines.size();
  for (const auto& row : table.rows) {
    EXPECT(row.size() == table.columns.size());
    auto& line = lines.emplace_back();
    for (std::size_t k = 0; k < row.size(); ++k) {
      line.push_back(text_of(row[k], table.columns[k].decimals));
    }
  }
  std::string text = fmt::format("  {}\n", table.title);
  for (std::size_t l = 0; l < lines.size(); ++l) {
    std::string line = "  ";
    for (std::size_t k = 0; k < table.columns.size(); ++k) {
      std::size_t width = 0;
      bool words = false;
      for (std::size_t m = 0; m < lines.size(); ++m) {
        width = std::max(width, lines[m][k].size());
        words = words || (m >= first_row && std::holds_alternative<std::string>(
                                                table.rows[m - first_row][k]));
      }
      line += words ? fmt::format("  {:<{}}", lines[l][k], width)
                    : fmt::format("  {:>{}}", lines[l][k], width);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace

void ResultTable::add_estimate_columns(const std::string& name, const std::string& unit,
                                       int decimals) {
  for (const auto* suffix : {"", "_standard_error", "_lower", "_upper"}) {
    columns.push_back({name + suffix, unit, decimals});
  }
}

void append(std::vector<Cell>& row, const analysis::Estimate& estimate) {
  for (const double value :
       {estimate.value, estimate.standard_error, estimate.lower, estimate.upper}) {
    row.emplace_back(value);
  }
}

nlohmann::ordered_json to_json(const analysis::Estimate& estimate) {
  return {{"value", estimate.value},
          {"standard_error", estimate.standard_error},
          {"lower", estimate.lower},
          {"upper", estimate.upper}};
}

std::string to_text(const Section& section) {
  std::string text =
      fmt::format("\n{}\n{}\n", section.title, std::string(section.title.size(), '='));
  for (const auto& sentence : section.sentences)
    text += fmt::format("  {}\n", sentence);
  text += section.preformatted;
  for (const auto& table : section.tables) {
    if (table.in_text) text.append("\n").append(text_of(table));
  }
  return text;
}

nlohmann::ordered_json to_json(const Section& section) {
  Json json{{"title", section.title}, {"sentences", section.sentences}};
  for (const auto& [key, value] : section.facts.items()) json[key] = value;
  Json tables = Json::object();
  for (const auto& table : section.tables) {
    Json columns = Json::array();
    for (const auto& column : table.columns) {
      columns.push_back({{"name", column.name}, {"unit", column.unit}});
    }
    Json rows = Json::array();
    for (const auto& row : table.rows) {
      Json object = Json::object();
      for (std::size_t k = 0; k < row.size(); ++k) {
        object[table.columns[k].name] = json_of(row[k]);
      }
      rows.push_back(std::move(object));
    }
    tables[table.id] = {{"title", table.title}, {"columns", columns}, {"rows", rows}};
  }
  json["tables"] = std::move(tables);
  return json;
}

std::string to_csv(const ResultTable& table) {
  std::string text;
  for (std::size_t k = 0; k < table.columns.size(); ++k) {
    const auto& column = table.columns[k];
    text += k == 0 ? "" : ",";
    text +=
        quoted(column.unit.empty() ? column.name
                                   : fmt::format("{} [{}]", column.name, column.unit));
  }
  text += "\n";
  for (const auto& row : table.rows) {
    for (std::size_t k = 0; k < row.size(); ++k) {
      text.append(k == 0 ? "" : ",").append(csv_of(row[k]));
    }
    text += "\n";
  }
  return text;
}

}  // namespace lensmill::pipeline
