#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/core/errors.hpp"
#include "pipeline/archive/provenance.hpp"
#include "pipeline/archive/run_folder.hpp"

namespace lensmill::pipeline {

/// Another run that decided whether this one was made (`run --gated-by RUN`).
struct GatingRun {
  std::string run_id;
  std::string path;
};
/// \param folder of the run that it gates
/// \throws UsageError if there is no run with an id at `path`, or it is that run itself
GatingRun read_gating_run(const std::string& path, const RunFolder& folder);

/// The id of the run in this folder (a random UUID, RUN/log/run_id), made if there is
/// none. Of several jobs that begin one run at once, all get the same.
std::string run_id_of(const RunFolder& folder);

/// What one job did to a run, as recorded in RUN/log/STEM.job.json; RUN/provenance.json
/// is made from all of them. Written when the job begins ("running": what a killed job
/// leaves) and when it ends. Of the world's root; elsewhere a record does nothing.
class JobRecord {
 public:
  /// Of a rank that keeps none.
  JobRecord() = default;
  /// \param facts beyond those of `provenance`: what to say of the job, by name
  /// \throws IoError
  JobRecord(const RunFolder& folder, const Provenance& provenance,
            const nlohmann::json& facts, const std::vector<GatingRun>& gates);
  JobRecord(JobRecord&& other) noexcept { *this = std::move(other); }
  JobRecord& operator=(JobRecord&& other) noexcept {
    record_.swap(other.record_);
    stem_.swap(other.stem_);
    return *this;
  }
  /// A job that leaves without end() has failed.
  ~JobRecord();

  /// \param results what came of it, by name \throws IoError
  void end(ExitCode code, const nlohmann::json& results);

  /// RUN/log/UTC-ID: the job's files begin with it; "" where no record is kept.
  const std::string& stem() const { return stem_; }

 private:
  void write() const;

  nlohmann::json record_;  ///< null: none is kept, or it has ended
  std::string stem_;
};

/// The records of all jobs of the run that is in the folder now, oldest first; damaged
/// ones are left out.
std::vector<nlohmann::json> read_job_records(const RunFolder& folder);

/// Make RUN/provenance.json from them (none: no file). \throws IoError
void write_prov_file(const RunFolder& folder);

}  // namespace lensmill::pipeline
