#include "pipeline/on_demand/serve.hpp"

#include <fmt/format.h>

#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/errors.hpp"

namespace lensmill::pipeline {
namespace {

using nlohmann::json;

struct RenderRequest {
  std::vector<std::int64_t> rows;
  std::optional<catalogue::Split> split;
};

catalogue::Split split_named(const std::string& name) {
  if (name == "train") return catalogue::Split::train;
  if (name == "validation") return catalogue::Split::validation;
  if (name == "test") return catalogue::Split::test;
  throw UsageError(
      fmt::format("split: must be train, validation or test (got `{}`)", name));
}

RenderRequest request_of(const std::string& line) {
  try {
    const auto document = json::parse(line);
    RenderRequest request;
    for (const auto& row : document.at("rows")) {
      // Of any other number the library would make an integer, too.
      if (!row.is_number_integer()) throw UsageError("rows: must be integers");
      request.rows.push_back(row.get<std::int64_t>());
    }
    if (document.contains("split") && !document["split"].is_null()) {
      request.split = split_named(document["split"].get<std::string>());
    }
    return request;
  } catch (const json::exception& error) {
    throw UsageError(fmt::format(
        "a request is a line of JSON such as {{\"rows\": [0, 1]}} ({})", error.what()));
  }
}

bool say(const json& document, const Sink& sink) {
  return sink(document.dump() + "\n");
}

/// \return false: nobody reads any more
bool answer(RowRenderer& renderer, const std::string& line, const Sink& sink) {
  std::vector<std::int64_t> made;
  try {
    const auto request = request_of(line);
    made = renderer.render(request.rows, request.split);
  } catch (const Error& error) {
    return say({{"error", error.what()}, {"code", static_cast<int>(error.exit_code())}},
               sink);
  }
  const auto& columns = renderer.batch().columns();
  std::size_t bytes = 0;
  for (const auto& [path, column] : columns) bytes += column->bytes().size();
  if (!say({{"rows", made}, {"bytes", bytes}}, sink)) return false;
  for (const auto& [path, column] : columns) {
    const auto data = column->bytes();
    if (!sink({reinterpret_cast<const char*>(data.data()), data.size()})) return false;
  }
  return true;
}

}  // namespace

void serve(RowRenderer& renderer, std::istream& requests, const Sink& sink) {
  auto description = renderer.description();
  description["format"] = "lensmill render 1";
  if (!say(description, sink)) return;
  std::string line;
  while (std::getline(requests, line)) {
    if (!line.empty() && !answer(renderer, line, sink)) return;
  }
}

}  // namespace lensmill::pipeline
