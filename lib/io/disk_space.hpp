#pragma once

#include <cstdint>
#include <string>

namespace lensmill::io {

/// Allocate the first `bytes` of an existing file on disk, and `extra` beyond its end
/// without making it longer, so that writing them cannot fail for lack of room. Where
/// the file system cannot allocate ahead, every block is written instead
/// (posix_fallocate). A file that the free space cannot hold is refused before anything
/// is allocated. \returns 0 or an errno such as ENOSPC
int reserve_disk_space(const std::string& path, std::uint64_t bytes,
                       std::uint64_t extra);

/// Give back what was allocated beyond the file's end (silently: it is harmless).
void release_reserve(const std::string& path);

}  // namespace lensmill::io
