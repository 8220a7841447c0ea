#pragma once

#include "pipeline/field/band_files.hpp"
#include "pipeline/field/field_config.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {

/// The truth of a field, a row per injection of its pass: who and where it is, what it
/// is like (the catalogue's columns by their own names) and what was measured in each
/// band. \independent
Table truth_table(const FieldConfig& config, const Session& session, const Scene& scene,
                  const FieldFolder& folder);

/// Write it as truth.fits (extension INJECTIONS) and truth.h5 (group injections).
/// \independent \throws IoError
void write_truth(const Table& truth, const FieldConfig& config, const Scene& scene,
                 const FieldFolder& folder, const FieldIdentity& identity,
                 const Provenance& provenance);

/// How many rows have which status, for people.
std::string truth_text(const Table& truth, const FieldConfig& config);

}  // namespace lensmill::pipeline
