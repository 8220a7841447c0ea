#pragma once

#include "lib/parallel/communicator.hpp"
#include "pipeline/program/log.hpp"
#include "pipeline/session/psf_check.hpp"
#include "pipeline/session/session.hpp"

namespace lensmill::pipeline {

/// The PSF self-test of a session, by the root for all ranks: what it found is logged.
/// \collective \throws ConfigError: a PSF fails, and the configuration does not accept
/// it
PsfCheck require_psfs(const Session& session, const parallel::Communicator& world,
                      Log& log);

}  // namespace lensmill::pipeline
