#include "lib/io/claim_owner.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "lib/io/this_process.hpp"

namespace lensmill::io {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Where a process number means the same process.
std::string this_machine() {
  std::error_code error;
  const auto names = std::filesystem::read_symlink("/proc/self/ns/pid", error);
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  if (error || boot.empty()) return {};
  return boot + "," + names.string();
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

ClaimOwner ClaimOwner::this_process() {
  const std::string process = std::to_string(::getpid());
  return {.host = host_name(),
          .process = process,
          .process_start = start_of_living(process),
          .machine = this_machine(),
          .slurm_job = variable("SLURM_JOB_ID"),
          .slurm_restart = variable("SLURM_RESTART_COUNT"),
          .since_utc = utc_now()};
}

std::string ClaimOwner::to_text() const {
  std::string text;
  for (const auto& [key, value] : {std::pair{"host", host},
                                   {"process", process},
                                   {"process_start", process_start},
                                   {"machine", machine},
                                   {"slurm_job", slurm_job},
                                   {"slurm_restart", slurm_restart},
                                   {"since_utc", since_utc}}) {
    if (!value.empty()) text += std::string(key) + " " + value + "\n";
  }
  return text;
}

ClaimOwner ClaimOwner::from_text(const std::string& text) {
  ClaimOwner owner;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    if (space == std::string::npos) continue;
    const std::string key = line.substr(0, space);
    const std::string value = line.substr(space + 1);
    if (key == "host") owner.host = value;
    if (key == "process") owner.process = value;
    if (key == "process_start") owner.process_start = value;
    if (key == "machine") owner.machine = value;
    if (key == "slurm_job") owner.slurm_job = value;
    if (key == "slurm_restart") owner.slurm_restart = value;
    if (key == "since_utc") owner.since_utc = value;
  }
  return owner;
}

std::string ClaimOwner::description() const {
  if (process.empty()) return "an unknown process";
  return "process " + process + " on " + host +
         (slurm_job.empty() ? "" : " (SLURM job " + slurm_job + ")") + ", since " +
         since_utc;
}

ClaimOwner::Verdict ClaimOwner::judge(const ClaimOwner& judging) const {
  if (!machine.empty() && machine == judging.machine) {
    const std::string start = start_of_living(process);
    if (start == process_start && !start.empty()) return {.state = State::alive};
    return {.state = State::dead, .reason = "its process is gone"};
  }
  // SLURM starts a job again only after its last start has ended.
  if (!slurm_job.empty() && slurm_job == judging.slurm_job &&
      slurm_restart != judging.slurm_restart) {
    return {.state = State::dead, .reason = "this is a later start of the same job"};
  }
  return {};
}

}  // namespace lensmill::io
