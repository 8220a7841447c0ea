#pragma once

#include <string>
#include <vector>

#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/provenance.hpp"
#include "pipeline/session/psf_check.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {

/// What a job's shards say of how they were made.
Provenance make_provenance(const Session& session,
                           const std::vector<std::string>& command_line,
                           const PsfCheck& psf_check, const std::string& level,
                           const parallel::Communicator& world);

/// The root's facts on every rank: host names and times differ between ranks, and
/// parallel HDF5 wants the same attributes from all. \collective
void share_facts(Provenance& provenance, const parallel::Communicator& world);

}  // namespace lensmill::pipeline
