#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/io/hdf5/file_state.hpp"
#include "lib/io/hdf5/types.hpp"

namespace lensmill::io::hdf5 {

/// A file, group or dataset: something with attributes. Move-only.
class Object {
 public:
  const std::string& file_path() const { return place_.file; }
  /// Absolute path inside the file, "/" for the root.
  std::string path() const { return place_.object.empty() ? "/" : place_.object; }
  Driver driver() const { return state_->driver; }

  bool has_attribute(const std::string& name) const;
  std::vector<std::string> attribute_names() const;
  /// Whether it has an axis, of length 1 as well. \throws DataError: no such attribute
  bool is_array_attribute(const std::string& name) const;

  /// \name Writing (\collective). Strings are UTF-8 of variable length, so that h5py
  /// gives `str`. An attribute that exists is replaced. \throws IoError
  ///@{
  void write_attribute(const std::string& name, std::string_view value);
  void write_attribute(const std::string& name, const char* value) {
    write_attribute(name, std::string_view(value));
  }
  void write_attribute(const std::string& name, std::span<const std::string> values);
  void write_attribute(const std::string& name, std::span<const double> values);
  void write_attribute(const std::string& name, std::floating_point auto value) {
    write_double(name, static_cast<double>(value));
  }
  /// Signed integers are stored as int64, unsigned ones as uint64, bool as uint8.
  template <std::integral T>
  void write_attribute(const std::string& name, T value) {
    if constexpr (std::same_as<T, bool>) {
      write_bool(name, value);
    } else if constexpr (std::signed_integral<T>) {
      write_signed(name, value);
    } else {
      write_unsigned(name, value);
    }
  }
  ///@}

  /// \name Reading (\independent).
  /// \throws DataError if the attribute is missing or of another kind
  ///@{
  std::string read_string_attribute(const std::string& name) const;
  std::vector<std::string> read_strings_attribute(const std::string& name) const;
  double read_double_attribute(const std::string& name) const;
  std::vector<double> read_doubles_attribute(const std::string& name) const;
  std::int64_t read_integer_attribute(const std::string& name) const;
  std::uint64_t read_unsigned_attribute(const std::string& name) const;
  ///@}

 protected:
  Object(Handle handle, Place place, std::shared_ptr<FileState> state)
      : handle_(std::move(handle)),
        place_(std::move(place)),
        state_(std::move(state)) {}
  ~Object() = default;
  Object(Object&&) = default;
  Object& operator=(Object&&) = default;

  hid_t id() const { return handle_.get(); }
  Place place_of(const std::string& child) const;

  Handle handle_;
  Place place_;
  std::shared_ptr<FileState> state_;

 private:
  struct OpenAttribute;
  OpenAttribute open_attribute(const std::string& name) const;
  void read_number(const std::string& name, ElementType type, void* out) const;
  Handle create_attribute(const std::string& name, hid_t type, const Handle& space);
  void write_double(const std::string& name, double value);
  void write_signed(const std::string& name, std::int64_t value);
  void write_unsigned(const std::string& name, std::uint64_t value);
  void write_bool(const std::string& name, bool value);
};

}  // namespace lensmill::io::hdf5
