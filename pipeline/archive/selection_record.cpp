#include "pipeline/archive/selection_record.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"

namespace lensmill::pipeline {

SelectionRecord empty_record(const measure::Selection& selection) {
  SelectionRecord record{.counts = selection.no_counts(), .criteria = {}};
  for (const auto& criterion : selection.criteria()) {
    record.criteria.push_back(criterion.name());
  }
  return record;
}

std::string to_json(const SelectionRecord& record) {
  // In the order of the configuration.
  nlohmann::ordered_json outside = nlohmann::ordered_json::object();
  for (std::size_t k = 0; k < record.criteria.size(); ++k) {
    outside[record.criteria[k]] = record.counts.outside[k];
  }
  return nlohmann::ordered_json{{"candidates", record.counts.candidates},
                                {"failed", record.counts.failed},
                                {"kept", record.counts.kept},
                                {"outside", outside}}
      .dump();
}

SelectionRecord selection_from_json(const std::string& text, const std::string& file) {
  try {
    const auto json = nlohmann::ordered_json::parse(text);
    SelectionRecord record;
    record.counts.candidates = json.at("candidates").get<std::int64_t>();
    record.counts.failed = json.at("failed").get<std::int64_t>();
    record.counts.kept = json.at("kept").get<std::int64_t>();
    for (const auto& [name, count] : json.at("outside").items()) {
      record.criteria.push_back(name);
      record.counts.outside.push_back(count.get<std::int64_t>());
    }
    return record;
  } catch (const nlohmann::json::exception&) {
    throw DataError(file +
                    ": its attribute `selection` is not what `lensmill run` writes");
  }
}

std::string to_text(const SelectionRecord& record) {
  const auto& counts = record.counts;
  const auto percent = [&](std::int64_t part) {
    return counts.candidates == 0 ? 0.0
                                  : 100.0 * static_cast<double>(part) /
                                        static_cast<double>(counts.candidates);
  };
  std::string text =
      fmt::format("{} of {} candidates kept ({:.3g} %)", grouped(counts.kept),
                  grouped(counts.candidates), percent(counts.kept));
  for (std::size_t k = 0; k < record.criteria.size(); ++k) {
    text += fmt::format("; outside {}: {} ({:.3g} %)", record.criteria[k],
                        grouped(counts.outside[k]), percent(counts.outside[k]));
  }
  if (counts.failed > 0) text += fmt::format("; {} failed", grouped(counts.failed));
  return text;
}

}  // namespace lensmill::pipeline
