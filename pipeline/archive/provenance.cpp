#include "pipeline/archive/provenance.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

#include "lib/core/errors.hpp"
#include "lib/core/text.hpp"
#include "lib/io/this_process.hpp"
#include "pipeline/program/build_info.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::array slurm_variables{"SLURM_CLUSTER_NAME",  "SLURM_JOB_ID",
                                     "SLURM_JOB_NAME",      "SLURM_JOB_NODELIST",
                                     "SLURM_JOB_PARTITION", "SLURM_JOB_NUM_NODES",
                                     "SLURM_NTASKS",        "SLURM_ARRAY_JOB_ID",
                                     "SLURM_ARRAY_TASK_ID", "SLURM_RESTART_COUNT"};

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

void write_strings(io::hdf5::Group& group, const std::string& name,
                   const std::string& description,
                   const std::vector<std::string>& values) {
  auto dataset = group.write_strings(name, values);
  dataset.write_attribute("unit", "");
  dataset.write_attribute("description", description);
}

void write_text(io::hdf5::Group& group, const std::string& name,
                const std::string& description, const std::string& value) {
  auto dataset = group.write_string(name, value);
  dataset.write_attribute("unit", "");
  dataset.write_attribute("description", description);
}

}  // namespace

std::vector<Fact> facts_of_this_job(const std::vector<std::string>& command_line,
                                    int ranks, int nodes) {
  const auto& build = build_info();
  std::vector<Fact> facts{{"software", "lensmill"},
                          {"software_version", build.version},
                          {"git_commit", build.git_commit},
                          {"git_dirty", std::int64_t{build.git_dirty}},
                          {"build_fingerprint", build_fingerprint()},
                          {"compiler", build.compiler},
                          {"compiler_flags", build.compiler_flags},
                          {"build_type", build.build_type}};
  for (const auto& [name, version] : build.libraries) {
    facts.push_back({"library_" + name, version});
  }
  facts.push_back({"command_line", fmt::format("{}", fmt::join(command_line, " "))});
  facts.push_back({"started_utc", io::utc_now()});
  facts.push_back({"host", io::host_name()});
  facts.push_back({"cpu", cpu_model()});
  facts.push_back({"mpi_ranks", std::int64_t{ranks}});
  facts.push_back({"mpi_nodes", std::int64_t{nodes}});
  for (const char* variable : slurm_variables) {
    if (const char* value = std::getenv(variable)) {
      facts.push_back({lower_case(variable), std::string(value)});
    }
  }
  return facts;
}

void write_origin(io::hdf5::Group& root, const std::string& title) {
  root.write_attribute("title", title);
  root.write_attribute("software", "lensmill");
  root.write_attribute("software_version", build_info().version);
  root.write_attribute("git_commit", build_info().git_commit);
}

std::vector<Fact> read_facts(const io::hdf5::Object& object) {
  const auto value_of = [&](const std::string& name) -> FactValue {
    const bool is_array = object.is_array_attribute(name);
    try {
      if (is_array) return object.read_strings_attribute(name);
      return object.read_string_attribute(name);
    } catch (const DataError&) {
      // Not a string.
    }
    if (is_array) return object.read_doubles_attribute(name);
    try {
      return object.read_integer_attribute(name);
    } catch (const DataError&) {
      return object.read_unsigned_attribute(name);
    }
  };
  std::vector<Fact> facts;
  for (const auto& name : object.attribute_names()) {
    facts.push_back({name, value_of(name)});
  }
  return facts;
}

io::hdf5::Group Provenance::write(io::hdf5::Group& root) const {
  auto group = root.create_group("provenance");
  for (const Fact& fact : facts) {
    const std::string& name = fact.name;
    if (source_date_epoch && name.ends_with("_utc")) {
      group.write_attribute(name, io::utc_text(*source_date_epoch));
    } else {
      std::visit([&](const auto& v) { group.write_attribute(name, v); }, fact.value);
    }
  }
  if (source_date_epoch) {
    group.write_attribute("source_date_epoch", *source_date_epoch);
  }
  write_text(group, "resolved_yaml", "the configuration as run, all defaults filled in",
             resolved_yaml);
  if (!psf_self_test.empty()) {
    write_text(group, "psf_self_test", "the PSF self-test made before the run",
               psf_self_test);
  }
  if (!overridden.empty()) {
    write_strings(group, "overridden_priors",
                  "priors that the catalogue file's columns replaced", overridden);
  }
  if (!inputs.empty()) {
    std::vector<std::string> role;
    std::vector<std::string> path;
    std::vector<std::string> sha256;
    for (const auto& input : inputs) {
      role.push_back(input.role);
      path.push_back(input.path);
      sha256.push_back(input.sha256);
    }
    write_strings(group, "input_role", "what each input file was read for", role);
    write_strings(group, "input_path", "input files, as named when the run was made",
                  path);
    write_strings(group, "input_sha256", "SHA-256 of each input file", sha256);
  }
  return group;
}

}  // namespace lensmill::pipeline
