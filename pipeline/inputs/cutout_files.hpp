#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/input_file.hpp"
#include "pipeline/inputs/host_names.hpp"
#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

namespace lensmill::pipeline {

struct OpenedCutouts {
  std::shared_ptr<const stages::HostCutouts> hosts;
  std::shared_ptr<const stages::HostIds> ids;
  std::vector<InputFile> files;  ///< with digests; of the root
  std::vector<std::string> warnings;
  HostNames names;  ///< of the root
  /// Where the files are a column of the run's catalogue: which host each of its rows
  /// names.
  std::vector<std::int64_t> host_of_row;
};

/// The hosts of `host.cutouts.files`: every file is opened once and looked at, by one
/// rank each, and hashed; then closed. What is kept of a host is its paths and its id.
/// Up to 256 files stand in the provenance one by one, more as one digest of all.
/// \throws on all ranks alike: IoError; DataError with the first 10 files that cannot
/// be
///   used: not FITS, truncated, without a band, of another shape than the first,
///   without a card that names the host; what their headers contradict, unless that is
///   accepted; a pattern without a file
/// \collective over `world`
OpenedCutouts open_cutout_files(const config::RunConfig& config,
                                const parallel::Communicator& world);

/// Numbers where all texts are whole numbers as programs write them, else texts.
/// \throws DataError for a text longer than 255 bytes
stages::HostIds make_host_ids(std::vector<std::string> texts);

/// Ids that several hosts have, as a sentence; "" for none.
std::string repeated_ids(const std::vector<std::string>& texts, const std::string& key);

}  // namespace lensmill::pipeline
