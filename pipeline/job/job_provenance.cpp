#include "pipeline/job/job_provenance.hpp"

#include <string>
#include <variant>

#include "stages/factory.hpp"

namespace lensmill::pipeline {

Provenance make_provenance(const Session& session,
                           const std::vector<std::string>& command_line,
                           const PsfCheck& psf_check, const std::string& level,
                           const parallel::Communicator& world) {
  const auto& config = session.config;
  Provenance provenance;
  provenance.facts = facts_of_this_job(command_line, world.size(), world.node_count());
  provenance.add("seed", config.run.seed);
  provenance.add("note", config.run.note);
  provenance.add("instruction_level", level);
  provenance.add("convolve_operator",
                 config.convolve.op == config::ConvolveOperator::legacy_ifftshift
                     ? std::string("legacy_ifftshift: PSF MISPLACED ON PURPOSE")
                     : std::string(to_string(config.convolve.op)));
  provenance.add("convolution_lattice_oversample",
                 std::int64_t{session.setup.lattice.oversample});
  provenance.add("psf_self_test_failed", std::int64_t{psf_check.failed});
  provenance.inputs = session.opened.files;
  provenance.resolved_yaml = config.resolved_yaml;
  provenance.psf_self_test = psf_check.text;
  provenance.overridden = session.setup.sampler->overridden();
  return provenance;
}

void share_facts(Provenance& provenance, const parallel::Communicator& world) {
  for (auto& fact : provenance.facts) {
    if (auto* text = std::get_if<std::string>(&fact.value)) world.broadcast(*text);
  }
  world.broadcast(provenance.source_date_epoch);
}

}  // namespace lensmill::pipeline
