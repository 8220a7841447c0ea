#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lensmill::pipeline {

/// W3C PROV-JSON (Member Submission of 24 April 2013) of a run from the records of its
/// jobs (JobRecord), oldest first, at least one: the run as a collection, its plan and
/// inputs as entities, jobs as activities, programs as agents; a job is informed by
/// the last one that was there when it began, a gating run is used. Times and hashes
/// are the records'. \param virtual_file name of the file over all shards, relative to
/// the run
nlohmann::json prov_document(const std::vector<nlohmann::json>& jobs,
                             const std::string& virtual_file);

}  // namespace lensmill::pipeline
