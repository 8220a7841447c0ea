#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lib/io/hdf5/group.hpp"
#include "pipeline/archive/input_file.hpp"

namespace lensmill::pipeline {

using FactValue = std::variant<std::string, std::int64_t, std::uint64_t,
                               std::vector<std::string>, std::vector<double>>;

/// One thing to know about how a file was made: an attribute of /provenance.
struct Fact {
  std::string name;
  FactValue value;
};

/// How a run's files were made. The same on every rank of a job.
struct Provenance {
  std::vector<Fact> facts;
  std::vector<InputFile> inputs;
  std::string resolved_yaml;
  std::string psf_self_test;            ///< the table made before the run, as text
  std::vector<std::string> overridden;  ///< priors that the catalogue's columns won
  /// SOURCE_DATE_EPOCH: stands for the facts that are times (`*_utc`) in HDF5 files,
  /// and is written beside them. Job records have the real ones.
  std::optional<std::int64_t> source_date_epoch{};

  void add(std::string name, FactValue value) {
    facts.push_back({std::move(name), std::move(value)});
  }
  /// Make the group /provenance with all of it. \collective as the file's driver
  io::hdf5::Group write(io::hdf5::Group& root) const;
};

/// The attributes of an object, of a file's group /provenance above all. \independent
/// \throws IoError
std::vector<Fact> read_facts(const io::hdf5::Object& object);

/// The openPMD-like root attributes of every file of ours: what it is and what made it.
void write_origin(io::hdf5::Group& root, const std::string& title);

/// What this process knows of the program, machine and job: software, build, libraries,
/// command line, UTC time, host, MPI and SLURM facts. \independent
std::vector<Fact> facts_of_this_job(const std::vector<std::string>& command_line,
                                    int ranks, int nodes);

}  // namespace lensmill::pipeline
