#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stages/config/run_config.hpp"
#include "stages/inputs.hpp"

/// \file
/// What a run's real hosts are called, and which rows of a table are theirs: by this
/// other files (PSFs) are tied to them.

namespace lensmill::pipeline {

/// Of the root.
struct HostNames {
  std::int64_t count = 0;
  std::vector<std::string>
      files;  ///< one each; empty: hosts have no files of their own
  std::vector<std::string> stems;  ///< likewise: what `*` of a pattern stands for
  std::vector<std::string> ids;    ///< empty: they have none
  /// The table that names the hosts, with the host of each of its rows (-1: none; rows
  /// may share one). "": there is no such table.
  std::string table;
  std::vector<std::int64_t> host_of_row;
  /// The card, column or dataset that the ids come from; "": another.
  std::string id_name{};

  /// "host 5 (39627...)"
  std::string name(std::int64_t host) const;
};

/// Names of hosts that have no files of their own: stacks and survey images, whose
/// table is that of their positions. \param needs_table whether its rows are asked for
HostNames names_of_hosts(const config::RunConfig& config, const stages::Inputs& inputs,
                         bool needs_table);

/// Texts of ids, whether they are numbers or texts.
std::vector<std::string> texts_of_ids(const stages::HostIds& ids);

/// A column of the hosts' table, or of another one that has a row for each host in
/// their order, which other_ids may not contradict: one value per host. \param key for
/// messages, "psf.r.ccdname" \throws ConfigError: no table is named and hosts have
/// none; DataError: another number
///   of rows, rows of one host that differ, as read_text_column
std::vector<std::string> texts_of_hosts(const config::HostColumn& column,
                                        const std::string& key, const HostNames& names);
/// The same for numbers, converted to `unit` where the file states one. \throws
/// DataError also for what is not finite, and for a unit of another sort
std::vector<double> numbers_of_hosts(const config::HostColumn& column,
                                     const std::string& key, const HostNames& names,
                                     std::string_view unit);

/// The file of each host: a pattern's only `*` is the host's stem, or its id where
/// hosts have no files; a list has one for each host, in their order; a column as
/// texts_of_hosts, with paths relative to its table's folder.
/// \param any_order whether a list or another table may name other hosts
/// \throws as texts_of_hosts; DataError: another number, a pattern without `*` or for
///   hosts without names, files that are not there (naming their hosts), a list whose
///   names are the hosts' in another order
std::vector<std::string> files_of_hosts(const config::FileList& list,
                                        const std::string& key, const HostNames& names,
                                        bool any_order);

}  // namespace lensmill::pipeline
