#include "pipeline/archive/shard_header.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/try_in_child.hpp"
#include "pipeline/archive/dataset_list.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::string_view format_name = "lensmill-shard";

std::string differing(const RunIdentity& found, const RunIdentity& wanted) {
  if (found.config_hash != wanted.config_hash) {
    return "made by another configuration or other input files";
  }
  if (found.build_fingerprint != wanted.build_fingerprint) {
    return fmt::format("made by another build of lensmill ({}, this is {})",
                       found.build_fingerprint, wanted.build_fingerprint);
  }
  return fmt::format("made at another instruction-set level ({}, this run uses {})",
                     found.instruction_level, wanted.instruction_level);
}

}  // namespace

void write_axes(io::hdf5::Group& root, const BandNames& bands,
                const std::vector<double>& aperture_radius_pix) {
  root.write_attribute("bands", bands);
  root.write_attribute("aperture_radius_pix", aperture_radius_pix);
}

void ShardHeader::write(io::hdf5::Group& root) const {
  root.write_attribute("format", format_name);
  root.write_attribute("format_version", version);
  root.write_attribute("digest_algorithm", digest_algorithm);
  root.write_attribute("shard_index", index);
  // A program that knows no selections lacks first_row, and says so.
  if (selection) {
    root.write_attribute("first_candidate", rows.first);
    root.write_attribute("candidate_count", rows.count);
    root.write_attribute("selection", to_json(*selection));
  } else {
    root.write_attribute("first_row", rows.first);
  }
  root.write_attribute("row_count", row_count());
  root.write_attribute("run_rows", run_rows);
  root.write_attribute("rows_per_checksum", rows_per_checksum);
  root.write_attribute("config_hash", identity.config_hash);
  root.write_attribute("instruction_level", identity.instruction_level);
  root.write_attribute("build_fingerprint", identity.build_fingerprint);
  write_axes(root, bands, aperture_radius_pix);
}

ShardHeader ShardHeader::read(const io::hdf5::File& root) {
  if (!root.has_attribute("format") ||
      root.read_string_attribute("format") != format_name) {
    throw DataError(root.file_path() + ": not a shard of a lensmill run");
  }
  const auto version = root.read_integer_attribute("format_version");
  if (version < 1 || version > format_version) {
    throw DataError(fmt::format("{}: format version {} (this program reads 1 to {})",
                                root.file_path(), version, format_version));
  }
  if (version >= 2 && !root.sealed()) {
    throw DataError(root.file_path() +
                    ": has lost its seal (the text that it begins with): copied or "
                    "changed by another program");
  }
  if (version >= 2 &&
      root.read_string_attribute("digest_algorithm") != digest_algorithm) {
    throw DataError(
        fmt::format("{}: its digests are {} (this program makes {})", root.file_path(),
                    root.read_string_attribute("digest_algorithm"), digest_algorithm));
  }
  const bool has_axes = root.has_attribute("bands");
  const bool selects = root.has_attribute("selection");
  return {
      .version = version,
      .index = root.read_integer_attribute("shard_index"),
      .rows = {root.read_integer_attribute(selects ? "first_candidate" : "first_row"),
               root.read_integer_attribute(selects ? "candidate_count" : "row_count")},
      .run_rows = root.read_integer_attribute("run_rows"),
      .identity = {.config_hash = root.read_string_attribute("config_hash"),
                   .instruction_level = root.read_string_attribute("instruction_level"),
                   .build_fingerprint =
                       root.read_string_attribute("build_fingerprint")},
      .bands = has_axes ? root.read_strings_attribute("bands") : BandNames{},
      .aperture_radius_pix = has_axes
                                 ? root.read_doubles_attribute("aperture_radius_pix")
                                 : std::vector<double>{},
      .selection = selects
                       ? std::optional(selection_from_json(
                             root.read_string_attribute("selection"), root.file_path()))
                       : std::nullopt};
}

io::hdf5::File open_shard_file(const std::string& path) {
  try {
    return io::hdf5::File::open(path);
  } catch (const DataError& error) {
    const auto missing = io::hdf5::look_in_child(
        [&] { return missing_dataset(io::hdf5::File::open_damaged(path)); });
    if (!missing || missing->empty()) throw;
    throw DataError(std::string(error.what()) + "; " + *missing);
  }
}

ShardState inspect_shard(const std::string& path, std::int64_t index,
                         const ShardPlan& plan, const RunIdentity& identity) {
  using enum ShardState::Kind;
  if (!std::filesystem::exists(path)) return {};
  ShardState state;
  try {
    const auto file = open_shard_file(path);
    state.header = ShardHeader::read(file);
    if (state.header->version >= 2) state.reason = missing_dataset(file);
    if (!state.reason.empty()) return {.kind = damaged, .reason = state.reason};
  } catch (const IoError& error) {
    // The disk may work again, and the shard be whole: it is kept.
    throw IoError(std::string(error.what()) +
                  "; if it stays so, remove the file to have the shard made again");
  } catch (const Error& error) {
    return {.kind = damaged, .reason = error.what()};
  }
  const auto& header = *state.header;
  if (header.version < format_version) {
    state.kind = outdated;
    state.reason = fmt::format("{}: has format version {}, this program writes {}",
                               path, header.version, format_version);
    return state;
  }
  if (header.identity != identity) {
    state.kind = foreign;
    state.reason = path + ": " + differing(header.identity, identity);
    return state;
  }
  const RowRange expected = plan.rows_of(index);
  if (header.index != index || header.rows.first != expected.first) {
    state.kind = damaged;
    state.reason = fmt::format("{}: says it is shard {} from row {}", path,
                               header.index, header.rows.first);
    return state;
  }
  // Shorter than planned: the last shard of a run that is being extended.
  state.kind = header.rows.count == expected.count ? complete : missing;
  if (header.rows.count > expected.count) {
    state.kind = foreign;
    state.reason = fmt::format("{}: has {} rows, more than the run's {}", path,
                               header.rows.count, expected.count);
  }
  return state;
}

}  // namespace lensmill::pipeline
