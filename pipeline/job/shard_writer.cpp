#include "pipeline/job/shard_writer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "lib/core/contracts.hpp"
#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"
#include "lib/parallel/watchdog.hpp"
#include "pipeline/archive/dataset_list.hpp"

namespace lensmill::pipeline {
namespace {

using io::hdf5::TransferMode;

/// Nobody's write of a batch takes so long, unless it waits for a rank that failed.
constexpr double grace_seconds = 60.0;

/// One rank alone needs no MPI-IO: the serial driver is faster.
TransferMode mode_for(const parallel::Communicator& group) {
  return group.size() > 1 ? TransferMode::collective : TransferMode::independent;
}

}  // namespace

ShardWriter::ShardWriter(const parallel::Communicator& group, std::string path,
                         const std::string& job, const ShardHeader& header,
                         const Provenance& provenance, const ResultBatch& layout)
    : group_(group),
      share_(rank_share(header.rows.count, group.rank(), group.size())),
      path_(std::move(path)),
      partial_(path_ + (job.empty() ? "" : "." + job) + ".partial"),
      user_block_bytes_(io::hdf5::seal_block_bytes(layout.columns().size())),
      transfer_(mode_for(group)) {
  try {
    create(header, provenance, layout);
  } catch (...) {
    // The destructor of an object that was never made does not run.
    datasets_.clear();
    digest_datasets_.clear();
    file_.reset();
    if (group_.is_root()) ::unlink(partial_.c_str());
    throw;
  }
}

void ShardWriter::create(const ShardHeader& header, const Provenance& provenance,
                         const ResultBatch& layout) {
  const parallel::Watchdog watchdog(parallel::io_limit_seconds(),
                                    partial_ + ": making it");
  group_.agree([&] {
    if (!group_.is_root()) return;
    // HDF5 says no more than that it cannot get information on the file.
    if (!std::filesystem::is_directory(std::filesystem::path(path_).parent_path())) {
      throw IoError(partial_ +
                    ": cannot be made: its folder is not there (No such file or "
                    "directory)");
    }
    io::remove_file(partial_);
    // HDF5 would follow a link that another user has put there.
    io::make_new(partial_);
  });
  together([&] {
    file_.emplace(
        group_.size() > 1
            ? io::hdf5::File::create(partial_, group_.native(), user_block_bytes_)
            : io::hdf5::File::create(partial_, user_block_bytes_));
  });
  together([&] {
    write_origin(*file_, fmt::format("shard {} of a lensmill run", header.index));
    header.write(*file_);
    auto provenance_group = provenance.write(*file_);
    create_datasets(header, provenance_group, layout);
    write_dataset_list(provenance_group, list_);
  });
  group_.agree([&] { file_->reserve_space(); });
}

void ShardWriter::create_datasets(const ShardHeader& header,
                                  io::hdf5::Group& provenance,
                                  const ResultBatch& layout) {
  const auto blocks = static_cast<std::size_t>(
      (header.rows.count + rows_per_checksum - 1) / rows_per_checksum);
  const std::vector<std::string> not_yet(blocks, std::string(sha256_digits, '0'));
  for (const auto& info : layout.datasets()) {
    datasets_.push_back(
        file_->create_column(info, static_cast<std::size_t>(header.row_count())));
    extents_.push_back(datasets_.back().extent());
    auto digests = provenance.write_strings("sha256/" + info.name, not_yet);
    digests.write_attribute("unit", "");
    digests.write_attribute(
        "description",
        fmt::format("SHA-256 of the bytes of /{}, {} {} at a time", info.name,
                    rows_per_checksum, header.selection ? "candidates" : "rows"));
    digest_datasets_.push_back(std::move(digests));
    digests_.emplace_back(info.row_bytes());
    list_.push_back(listed(info, header.row_count()));
  }
}

ShardWriter::~ShardWriter() {
  if (finished_) return;
  datasets_.clear();
  digest_datasets_.clear();
  file_.reset();
  // Partial files are never resumed: what is left would only fill the disk.
  if (group_.is_root()) ::unlink(partial_.c_str());
}

void ShardWriter::together(const std::function<void()>& work) {
  try {
    group_.agree_within(grace_seconds, work);
  } catch (...) {
    if (group_.size() > 1 && file_) file_->abandon();
    throw;
  }
}

void ShardWriter::write(std::int64_t first, const ResultBatch& batch,
                        std::span<const std::int64_t> digest_of_row) {
  const parallel::Watchdog watchdog(parallel::io_limit_seconds(),
                                    partial_ + ": writing rows");
  for (std::size_t k = 0; k < datasets_.size(); ++k) {
    const Column& column = *batch.columns()[k].column;
    const auto start = std::chrono::steady_clock::now();
    digests_[k].add(column.bytes(), digest_of_row);
    const std::chrono::duration<double> spent =
        std::chrono::steady_clock::now() - start;
    checksum_seconds_ += spent.count();
    together([&] {
      datasets_[k].write_rows_raw(static_cast<std::size_t>(first), batch.rows(),
                                  column.info().type, column.bytes().data(), transfer_);
    });
  }
}

void ShardWriter::write_digests() {
  std::vector<std::vector<std::string>> blocks;
  const std::int64_t own = (share_.count + rows_per_checksum - 1) / rows_per_checksum;
  for (std::size_t k = 0; k < digests_.size(); ++k) {
    // Ranks hold whole blocks, in order of rank.
    std::string joined;
    for (const auto& part : group_.all_gather(digests_[k].finish(own))) joined += part;
    std::vector<std::string> all;
    for (std::size_t at = 0; at < joined.size(); at += sha256_digits) {
      all.push_back(joined.substr(at, sha256_digits));
    }
    together([&] { digest_datasets_[k].write_strings(all); });
    blocks.push_back(std::move(all));
  }
  // Read back from the file, as a reader will, and by all ranks alike: what one of them
  // alone has in HDF5's cache lets its next collective write wait for the others.
  std::string record;
  together([&] { record = record_digest(*file_); });
  together([&] {
    file_->write_attribute("data_digest", data_digest(list_, blocks));
    file_->write_attribute("record_digest", record);
  });
}

void ShardWriter::finish() {
  const parallel::Watchdog watchdog(parallel::io_limit_seconds(),
                                    partial_ + ": finishing it");
  write_digests();
  datasets_.clear();
  digest_datasets_.clear();
  together([&] { file_->close(); });
  file_.reset();
  group_.agree([&] {
    if (!group_.is_root()) return;
    io::hdf5::write_seal(partial_, user_block_bytes_, extents_);
    io::publish(partial_, path_);
  });
  finished_ = true;
}

}  // namespace lensmill::pipeline
