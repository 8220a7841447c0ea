#pragma once

#include <string>

/// \file
/// Who and when: what names files that no other process may touch.

namespace lensmill::io {

/// This node's name; "unknown" if it has none.
std::string host_name();

/// "HOST-PROCESS", and with a number drawn at random: for names that no other process,
/// of this machine or another, uses.
std::string process_name();
std::string unique_process_name();

/// "2026-11-26T17:48:23Z"
std::string utc_now();

}  // namespace lensmill::io
