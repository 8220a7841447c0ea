#include "lib/io/hdf5/strings.hpp"

#include <cstring>

namespace lensmill::io::hdf5 {
namespace {

/// Pointers that HDF5 allocates, one per string.
struct VariableStrings {
  explicit VariableStrings(std::size_t count) : pointers(count, nullptr) {}
  VariableStrings(const VariableStrings&) = delete;
  VariableStrings& operator=(const VariableStrings&) = delete;
  ~VariableStrings() {
    for (char* pointer : pointers) {
      if (pointer != nullptr) H5free_memory(pointer);
    }
  }
  std::vector<char*> pointers;
};

}  // namespace

std::vector<std::string> read_strings(
    const TypeInfo& type, std::size_t count, const Place& place,
    const std::function<void(hid_t memory_type, void* buffer)>& read) {
  std::vector<std::string> result(count);
  if (count == 0) return result;
  if (type.variable_length) {
    const Handle memory = string_type(0, place, type.is_ascii);
    VariableStrings strings(count);
    read(memory.get(), strings.pointers.data());
    for (std::size_t i = 0; i < count; ++i) {
      if (strings.pointers[i] != nullptr) result[i] = strings.pointers[i];
    }
  } else {
    const Handle memory = string_type(type.bytes, place, type.is_ascii);
    std::vector<char> text(count * type.bytes);
    read(memory.get(), text.data());
    for (std::size_t i = 0; i < count; ++i) {
      const char* begin = text.data() + i * type.bytes;
      result[i].assign(begin, strnlen(begin, type.bytes));
    }
  }
  return result;
}

}  // namespace lensmill::io::hdf5
