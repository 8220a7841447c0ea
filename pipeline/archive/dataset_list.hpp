#pragma once

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/column.hpp"
#include "lib/io/hdf5/group.hpp"

/// \file
/// What a shard (format version 2) says of its datasets, and the two digests of what it
/// contains. The digests are SHA-256 of JSON texts without blanks, keys in order,
/// UTF-8, so that any reader can make them again: docs/output-format.md.

namespace lensmill::pipeline {

/// Of every digest of our files, as their attribute `digest_algorithm` says.
inline constexpr std::string_view digest_algorithm = "SHA-256";

/// The user's own columns, carried (catalogue.file.carry).
inline constexpr std::string_view carried_group = "catalogue/carried";
/// The groups of a shard that hold rows.
inline constexpr std::array data_groups{"images", "catalogue", carried_group.data(),
                                        "measurements"};

/// A dataset as the list has it: name ("/images/positive"), type ("text10": strings of
/// 10 bytes), shape, unit, description.
nlohmann::json listed(const ColumnInfo& info, std::int64_t rows);

/// Write the list, /provenance/datasets. \collective as the file's driver
void write_dataset_list(io::hdf5::Group& provenance, const nlohmann::json& list);
/// \throws DataError: none there, or not a list
nlohmann::json read_dataset_list(const io::hdf5::Group& root);

/// What is not as the list says, one sentence each: datasets that are missing, that
/// have another type, shape, unit or description, that the list does not name.
/// \independent
std::vector<std::string> dataset_problems(const io::hdf5::Group& root);
/// The first listed dataset that is missing or of another shape, as a sentence; empty
/// if there is none. Cheaper: looks at no text. \independent
std::string missing_dataset(const io::hdf5::Group& root);

/// Digest of the data: of the list with `sha256`, the digests of its blocks of rows,
/// added to every dataset. `blocks` in the list's order. Equal between runs of the same
/// configuration and seed, and the same rows a shard.
std::string data_digest(const nlohmann::json& list,
                        std::span<const std::vector<std::string>> blocks);
/// Digest of the record: root attributes and /provenance, without the digests
/// themselves. \independent
std::string record_digest(const io::hdf5::Group& root);

}  // namespace lensmill::pipeline
