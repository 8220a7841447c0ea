#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

/// \file
/// Who and when: what names files that no other process may touch.

namespace lensmill::io {

/// This node's name; "unknown" if it has none.
std::string host_name();

/// "HOST-PROCESS", and "HOST-PROCESS-RANDOM", another one at each call: for names that
/// no other process, of this machine or another, uses, and that cannot be guessed.
std::string process_name();
std::string unique_process_name();
/// Hexadecimal digits of RANDOM.
inline constexpr std::size_t random_digits = 16;
std::string random_hex_digits();

/// When the process of this number started, in ticks since boot; empty if none lives.
/// One that was killed and not yet waited for (by a daemon that hangs itself, or by a
/// slow init) does not live: it will never write again.
std::string start_of_living(const std::string& process);

/// "2026-11-26T17:48:23Z"
std::string utc_now();
/// The same of a moment in seconds since 1970.
std::string utc_text(std::int64_t seconds);

/// Seconds since 1970 that the environment variable SOURCE_DATE_EPOCH gives
/// (https://reproducible-builds.org/specs/source-date-epoch/), to stand for the time of
/// day in files whose bytes are to be the same whenever they are made; nothing when it
/// is not set. \throws UsageError: not digits alone, or beyond the year 9999
std::optional<std::int64_t> source_date_epoch();

}  // namespace lensmill::io
