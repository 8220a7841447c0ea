#include "lib/io/range_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "lib/core/errors.hpp"

namespace lensmill::io {

namespace {

struct flock part_of(std::int64_t first, std::int64_t end) {
  struct flock part {};
  part.l_type = F_WRLCK;
  part.l_whence = SEEK_SET;
  part.l_start = first;
  part.l_len = end - first;
  return part;
}

}  // namespace

std::optional<RangeLock> RangeLock::try_lock(const std::string& path,
                                             std::int64_t first, std::int64_t end) {
  RangeLock lock(::open(path.c_str(),
                        O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666));
  if (lock.descriptor_ < 0) {
    throw IoError(path + ": cannot be opened (" + std::strerror(errno) + ")");
  }
  struct flock part = part_of(first, end);
  // Of the open file, not of the process: those vanish when the process closes the file
  // anywhere. Errors other than these two mean that there are no locks here.
  if (::fcntl(lock.descriptor_, F_OFD_SETLK, &part) != 0 &&
      (errno == EAGAIN || errno == EACCES)) {
    return {};
  }
  return lock;
}

bool RangeLock::is_locked(const std::string& path, std::int64_t first,
                          std::int64_t end) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return false;
  struct flock part = part_of(first, end);
  const bool told = ::fcntl(file, F_OFD_GETLK, &part) == 0;
  ::close(file);
  return told && part.l_type != F_UNLCK;
}

RangeLock::RangeLock(RangeLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

RangeLock& RangeLock::operator=(RangeLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

RangeLock::~RangeLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace lensmill::io
