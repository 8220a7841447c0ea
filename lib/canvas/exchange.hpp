#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "lib/parallel/communicator.hpp"

namespace lensmill::canvas {

using Bytes = std::vector<std::byte>;

/// to[r] goes to rank r; what comes back is what each rank sent here, in order of rank.
/// Messages of any size: in parts that MPI can count. \collective
/// \throws IoError
std::vector<Bytes> exchange_messages(const parallel::Communicator& ranks,
                                     const std::vector<Bytes>& to);

/// Append the bytes of values to a message.
template <class T>
requires std::is_trivially_copyable_v<T>
void pack(std::span<const T> values, Bytes& message) {
  const auto bytes = std::as_bytes(values);
  message.insert(message.end(), bytes.begin(), bytes.end());
}
template <class T>
requires std::is_trivially_copyable_v<T>
void pack(const T& value, Bytes& message) {
  pack(std::span<const T>(&value, 1), message);
}

/// Reads a message from its beginning to its end.
class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> message) : rest_(message) {}
  bool at_end() const { return rest_.empty(); }
  template <class T>
  T next() {
    T value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_ = rest_.subspan(sizeof value);
    return value;
  }
  /// The next bytes, as they lie there (perhaps not aligned).
  std::span<const std::byte> bytes(std::size_t count) {
    const auto found = rest_.first(count);
    rest_ = rest_.subspan(count);
    return found;
  }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace lensmill::canvas
