#pragma once

#include "lib/parallel/communicator.hpp"
#include "pipeline/analyse/run_numbers.hpp"
#include "pipeline/program/log.hpp"

namespace lensmill::pipeline {

/// Analyse the run at `path` from its tables: sections as text to the log's results,
/// RUN/analysis/analysis.json and one CSV file per table. The files are the same for
/// any number of ranks. A run with missing shards is analysed with a warning.
/// \collective \throws DataError (no run, no measurements, no row that counts), IoError
void analyse_run(const std::string& path, const AnalysisOptions& options,
                 const parallel::Communicator& world, Log& log);

}  // namespace lensmill::pipeline
