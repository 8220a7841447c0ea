#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lensmill::io {

/// A lock on the part [first, end) of a file, against other processes (of other
/// machines too, where the file system shares its locks). Gone with the object or the
/// process, however that ends. Positions are mere numbers: the file may be empty.
/// Movable.
class RangeLock {
 public:
  /// Lock the part, making the file if there is none; a link is not followed. On file
  /// systems without locks the result locks nothing.
  /// \return nothing if another holder has a part of it
  /// \throws IoError \independent
  static std::optional<RangeLock> try_lock(const std::string& path, std::int64_t first,
                                           std::int64_t end);

  /// Whether another process has a lock on a part of [first, end) of a file that may
  /// not be there. \independent \throws nothing: what cannot be asked is not locked
  static bool is_locked(const std::string& path, std::int64_t first, std::int64_t end);

  RangeLock(RangeLock&& other) noexcept;
  RangeLock& operator=(RangeLock&& other) noexcept;
  ~RangeLock();

 private:
  explicit RangeLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace lensmill::io
