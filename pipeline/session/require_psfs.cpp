#include "pipeline/session/require_psfs.hpp"

#include <fmt/format.h>

#include "lib/core/errors.hpp"

namespace lensmill::pipeline {

PsfCheck require_psfs(const Session& session, const parallel::Communicator& world,
                      Log& log) {
  PsfCheck check;
  world.agree([&] {
    if (world.is_root()) check = check_psfs(session.setup, session.opened.inputs);
  });
  world.broadcast(check.text);
  world.broadcast(check.given);
  world.broadcast(check.tested);
  world.broadcast(check.failed);
  world.broadcast(check.warnings);
  world.broadcast(check.notes);
  if (check.failed > 0 && !session.config.accept_failed_self_test) {
    throw ConfigError(fmt::format(
        "the PSF self-test failed for {} of {} PSFs; nothing was run (with `psf."
        "accept_failed_self_test: true` such a run is made and labelled):\n{}",
        check.failed, check.given, check.text));
  }
  for (const auto& note : check.notes) log.warning(note);
  if (check.failed > 0) {
    log.warning(
        fmt::format("{} of {} PSFs FAIL the self-test, and the configuration "
                    "accepts it (the table is in /provenance/psf_self_test)",
                    check.failed, check.given));
  } else {
    log.info(fmt::format(
        "PSF self-test: {} PSFs pass{}{}", check.given,
        check.tested < check.given
            ? fmt::format(" ({} the whole test, the others the cheap checks)",
                          check.tested)
            : "",
        check.warnings > 0
            ? fmt::format(", {} with a warning (lensmill psf-test)", check.warnings)
            : ""));
  }
  return check;
}

}  // namespace lensmill::pipeline
