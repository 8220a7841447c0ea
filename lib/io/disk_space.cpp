#include "lib/io/disk_space.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

namespace lensmill::io {
namespace {

/// st_blocks counts these, whatever the file system's block size.
constexpr std::uint64_t stat_block_bytes = 512;

int allocate(int file, std::uint64_t bytes, std::uint64_t extra) {
  struct stat status {};
  struct statvfs system {};
  if (::fstat(file, &status) != 0 || ::fstatvfs(file, &system) != 0) return errno;
  const auto allocated =
      static_cast<std::uint64_t>(status.st_blocks) * stat_block_bytes;
  const std::uint64_t free = std::uint64_t{system.f_bavail} * system.f_frsize;
  // Some network file systems report no sizes at all.
  if (system.f_blocks != 0 && bytes > allocated + free) return ENOSPC;
  if (bytes > 0) {
    const int error = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
    if (error != 0) return error;
  }
  if (::fallocate(file, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(bytes),
                  static_cast<off_t>(extra)) != 0 &&
      errno != EOPNOTSUPP && errno != ENOSYS) {
    return errno;
  }
  return 0;
}

}  // namespace

int reserve_disk_space(const std::string& path, std::uint64_t bytes,
                       std::uint64_t extra) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return errno;
  const int error = allocate(file, bytes, extra);
  ::close(file);
  return error;
}

void release_reserve(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;
  if (::truncate(path.c_str(), status.st_size) != 0) return;
}

}  // namespace lensmill::io
