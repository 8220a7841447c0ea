#include "pipeline/job/job_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <filesystem>
#include <utility>

#include "lib/io/files.hpp"
#include "lib/io/this_process.hpp"
#include "pipeline/archive/prov_document.hpp"

namespace lensmill::pipeline {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::string_view record_ending = ".job.json";

std::string new_id() { return to_string(boost::uuids::random_generator()()); }

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

/// Paths and arguments need not be UTF-8, JSON must.
std::string text_of(const json& document) {
  constexpr int indent = 2;
  return document.dump(indent, ' ', false, json::error_handler_t::replace) + "\n";
}

bool is_record(const json& record) {
  constexpr std::array parts{"run_id",      "job_id",      "status",
                             "started_utc", "jobs_before", "config_hash",
                             "facts",       "inputs",      "gated_by"};
  return record.is_object() && std::ranges::all_of(parts, [&](const char* part) {
           return record.contains(part);
         });
}

std::string status_of(ExitCode code) {
  switch (code) {
    case ExitCode::ok: return "complete";
    case ExitCode::interrupted: return "interrupted";
    default: return "failed";
  }
}

}  // namespace

GatingRun read_gating_run(const std::string& path, const RunFolder& folder) {
  const std::string file = RunFolder(path, "").run_id_file();
  if (!io::exists(file)) {
    throw UsageError(fmt::format(
        "--gated-by {}: no run with an id there ({} is missing); give the folder of a "
        "run that this version has made",
        path, file));
  }
  std::error_code none;
  if (fs::equivalent(file, folder.run_id_file(), none)) {
    throw UsageError(fmt::format(
        "--gated-by {}: is this run itself; give the pilot's folder", path));
  }
  return {.run_id = first_line(io::read_text(file)), .path = path};
}

std::string run_id_of(const RunFolder& folder) {
  const std::string file = folder.run_id_file();
  io::write_text_if_absent(file, new_id() + "\n");
  return first_line(io::read_text(file));
}

JobRecord::JobRecord(const RunFolder& folder, const Provenance& provenance,
                     const json& facts, const std::vector<GatingRun>& gates) {
  const std::string id = new_id();
  const auto earlier = read_job_records(folder);
  record_ = {{"run_id", run_id_of(folder)},   {"job_id", id},
             {"status", "running"},           {"started_utc", io::utc_now()},
             {"jobs_before", earlier.size()}, {"facts", facts},
             {"inputs", json::array()},       {"gated_by", json::array()}};
  if (!earlier.empty()) record_["after_job"] = earlier.back().at("job_id");
  for (const auto& fact : provenance.facts) {
    std::visit([&](const auto& value) { record_["facts"][fact.name] = value; },
               fact.value);
  }
  for (const auto& input : provenance.inputs) {
    record_["inputs"].push_back(
        {{"role", input.role}, {"path", input.path}, {"sha256", input.sha256}});
  }
  for (const auto& gate : gates) {
    record_["gated_by"].push_back({{"run_id", gate.run_id}, {"path", gate.path}});
  }
  // Known to the run's record as a whole, not as a fact.
  record_["config_hash"] = facts.at("config_hash");
  record_["facts"].erase("config_hash");
  constexpr std::size_t digits = 8;
  stem_ = fmt::format("{}/{}-{}", folder.log(),
                      record_["started_utc"].get<std::string>(), id.substr(0, digits));
  write();
}

JobRecord::~JobRecord() {
  if (record_.is_null()) return;
  try {
    end(ExitCode::internal, json::object());
  } catch (const std::exception&) {
    // On the way out of an error, which says more.
  }
}

void JobRecord::end(ExitCode code, const json& results) {
  if (record_.is_null()) return;
  record_["status"] = status_of(code);
  if (code != ExitCode::internal) record_["exit_code"] = static_cast<int>(code);
  record_["ended_utc"] = io::utc_now();
  record_["results"] = results;
  write();
  record_ = nullptr;
}

void JobRecord::write() const {
  io::write_text(stem_ + std::string(record_ending), text_of(record_));
}

std::vector<json> read_job_records(const RunFolder& folder) {
  std::vector<json> records;
  if (!io::exists(folder.run_id_file())) return records;
  const std::string run_id = first_line(io::read_text(folder.run_id_file()));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder.log(), error)) {
    if (!entry.path().string().ends_with(record_ending)) continue;
    const auto record =
        json::parse(io::read_text(entry.path().string()), nullptr, false);
    if (is_record(record) && record["run_id"] == run_id) {
      records.push_back(record);
    }
  }
  std::ranges::sort(records, {}, [](const json& record) {
    return std::pair(record.at("started_utc").get<std::string>(),
                     record.at("jobs_before").get<std::int64_t>());
  });
  return records;
}

void write_prov_file(const RunFolder& folder) {
  const auto records = read_job_records(folder);
  if (records.empty()) return;
  const std::string name = fs::path(folder.virtual_file()).filename().string();
  io::write_text(folder.prov_file(), text_of(prov_document(records, name)));
}

}  // namespace lensmill::pipeline
