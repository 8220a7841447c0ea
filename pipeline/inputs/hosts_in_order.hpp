#pragma once

#include <array>
#include <string>
#include <vector>

#include "pipeline/inputs/host_names.hpp"

/// \file
/// Files and tables that are tied to hosts by their order alone, held against what they
/// call the hosts themselves.

namespace lensmill::pipeline {

/// An id as it is compared: 007 and 7 are one.
std::string comparable_id(const std::string& text);

/// Cards and columns that name objects, whoever wrote the file.
inline constexpr std::array<const char*, 5> object_names{"TARGETID", "OBJID", "OBJECT",
                                                         "HOST_ID", "ID"};

/// Files of hosts, in their order, that have the name of another host, alone or all
/// with the same text around it (`iv_17.fits`). \return "PATH is in the place of host 0
/// (a), but has the name of host 2 (c)", or ""
std::string another_order(const std::vector<std::string>& paths,
                          const HostNames& names);

/// A table that has a row for each host in their order (or for each row of the hosts'
/// table), held against the ids that it has itself: a column of the ids' name, or of
/// `object_names` with another host's id. \return "TABLE: row 1 says OBJID = 101, but
/// is in the place of host 0 (100)", or ""
std::string other_ids(const std::string& table, const HostNames& names);

}  // namespace lensmill::pipeline
