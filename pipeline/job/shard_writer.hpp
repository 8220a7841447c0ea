#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/io/hdf5/file.hpp"
#include "lib/io/hdf5/seal.hpp"
#include "lib/parallel/communicator.hpp"
#include "pipeline/archive/block_digests.hpp"
#include "pipeline/archive/provenance.hpp"
#include "pipeline/archive/result_batch.hpp"
#include "pipeline/archive/shard_header.hpp"

namespace lensmill::pipeline {

/// Writes one shard by the ranks of one group: made as PATH.partial with every dataset
/// laid out and its disk space reserved, filled in steps, given its digests, closed,
/// sealed (lib/io/hdf5/seal.hpp), synced and renamed. Every error is agreed on: all
/// ranks of the group throw.
class ShardWriter {
 public:
  /// \collective over `group`. \throws IoError (disk full, permissions, HDF5)
  /// \param job part of the partial file's name, so that no other job has the same
  ShardWriter(const parallel::Communicator& group, std::string path,
              const std::string& job, const ShardHeader& header,
              const Provenance& provenance, const ResultBatch& layout);
  ShardWriter(const ShardWriter&) = delete;
  ShardWriter& operator=(const ShardWriter&) = delete;
  /// Without finish(): leaves no partial file.
  ~ShardWriter();

  /// Write this rank's next rows, which start at `first` within the shard and follow on
  /// its last ones, and take their digests: `digest_of_row` is the digest that each
  /// belongs to, from 0 for the rank's first. A rank's share of the catalogue's rows
  /// (rank_share) begins with one. Ranks with nothing left call with an empty batch.
  /// \collective
  void write(std::int64_t first, const ResultBatch& batch,
             std::span<const std::int64_t> digest_of_row);
  /// Write the digests, close, seal, sync and rename. \collective
  void finish();

  double seconds_in_checksums() const { return checksum_seconds_; }

 private:
  void create(const ShardHeader& header, const Provenance& provenance,
              const ResultBatch& layout);
  void create_datasets(const ShardHeader& header, io::hdf5::Group& provenance,
                       const ResultBatch& layout);
  /// The digests of blocks, and of the whole.
  void write_digests();
  /// A step that may fail on one rank alone, while the others wait in it.
  void together(const std::function<void()>& work);

  const parallel::Communicator& group_;
  RowRange share_;  ///< of the catalogue's rows, relative to the shard
  std::string path_;
  std::string partial_;
  std::optional<io::hdf5::File> file_;
  std::vector<io::hdf5::Dataset> datasets_;
  std::vector<io::hdf5::Dataset> digest_datasets_;
  std::vector<BlockDigests> digests_;              ///< of this rank's rows, per dataset
  nlohmann::json list_ = nlohmann::json::array();  ///< of datasets (dataset_list.hpp)
  std::size_t user_block_bytes_;
  std::vector<io::hdf5::Extent> extents_;  ///< of datasets_
  io::hdf5::Transfer transfer_;
  double checksum_seconds_ = 0.0;
  bool finished_ = false;
};

}  // namespace lensmill::pipeline
