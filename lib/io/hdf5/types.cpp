#include "lib/io/hdf5/types.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lensmill::io::hdf5 {

std::size_t elements(const Shape& shape) {
  std::size_t n = 1;
  for (const auto extent : shape) n *= extent;
  return n;
}

std::string to_string(const Shape& shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, " x "));
}

hid_t memory_type(ElementType type) {
  switch (type) {
    case ElementType::uint8: return H5T_NATIVE_UINT8;
    case ElementType::int16: return H5T_NATIVE_INT16;
    case ElementType::int32: return H5T_NATIVE_INT32;
    case ElementType::int64: return H5T_NATIVE_INT64;
    case ElementType::uint64: return H5T_NATIVE_UINT64;
    case ElementType::float32: return H5T_NATIVE_FLOAT;
    case ElementType::float64: return H5T_NATIVE_DOUBLE;
    case ElementType::text: break;  // string_type
  }
  return H5I_INVALID_HID;
}

hid_t file_type(ElementType type) {
  switch (type) {
    case ElementType::uint8: return H5T_STD_U8LE;
    case ElementType::int16: return H5T_STD_I16LE;
    case ElementType::int32: return H5T_STD_I32LE;
    case ElementType::int64: return H5T_STD_I64LE;
    case ElementType::uint64: return H5T_STD_U64LE;
    case ElementType::float32: return H5T_IEEE_F32LE;
    case ElementType::float64: return H5T_IEEE_F64LE;
    case ElementType::text: break;  // string_type
  }
  return H5I_INVALID_HID;
}

std::optional<ElementType> TypeInfo::element_type() const {
  if (content == Content::floating && bytes == 4) return ElementType::float32;
  if (content == Content::floating && bytes == 8) return ElementType::float64;
  if (content == Content::string && !variable_length) return ElementType::text;
  if (content != Content::integer) return std::nullopt;
  if (!is_signed && bytes == 1) return ElementType::uint8;
  if (!is_signed && bytes == 8) return ElementType::uint64;
  if (!is_signed) return std::nullopt;
  if (bytes == 2) return ElementType::int16;
  if (bytes == 4) return ElementType::int32;
  if (bytes == 8) return ElementType::int64;
  return std::nullopt;
}

std::string TypeInfo::text() const {
  switch (content) {
    case Content::floating: return fmt::format("float{}", 8 * bytes);
    case Content::integer:
      return fmt::format("{}int{}", is_signed ? "" : "u", 8 * bytes);
    case Content::string: return "string";
    case Content::boolean: return "bool";
    case Content::compound: return "a compound table";
    case Content::other: return "neither number nor string";
  }
  return "unknown";
}

namespace {

/// An enumeration of FALSE and TRUE.
bool is_boolean(const Handle& type) {
  if (H5Tget_nmembers(type.get()) != 2) return false;
  bool found = true;
  for (const char* name : {"FALSE", "TRUE"}) {
    const int index = H5Tget_member_index(type.get(), name);
    signed char value = -1;
    found =
        found && index >= 0 && H5Tget_size(type.get()) == 1 &&
        H5Tget_member_value(type.get(), static_cast<unsigned>(index), &value) >= 0 &&
        value == (name[0] == 'T' ? 1 : 0);
  }
  return found;
}

}  // namespace

TypeInfo describe(const Handle& type, const Place& place) {
  TypeInfo info;
  info.bytes = H5Tget_size(type.get());
  switch (H5Tget_class(type.get())) {
    case H5T_INTEGER:
      info.content = Content::integer;
      info.is_signed = H5Tget_sign(type.get()) == H5T_SGN_2;
      break;
    case H5T_ENUM:
      if (is_boolean(type)) info.content = Content::boolean;
      break;
    case H5T_FLOAT: info.content = Content::floating; break;
    case H5T_STRING:
      info.content = Content::string;
      info.variable_length =
          check(H5Tis_variable_str(type.get()), "H5Tis_variable_str", place) > 0;
      info.is_ascii = H5Tget_cset(type.get()) == H5T_CSET_ASCII;
      break;
    case H5T_COMPOUND: info.content = Content::compound; break;
    default: break;
  }
  return info;
}

bool converts_to(const TypeInfo& on_disk, ElementType wanted) {
  if (wanted == ElementType::text) {
    return on_disk.content == Content::string && !on_disk.variable_length;
  }
  if (on_disk.content == Content::boolean) return wanted == ElementType::uint8;
  const bool to_float =
      wanted == ElementType::float32 || wanted == ElementType::float64;
  if (on_disk.content == Content::floating) return to_float;
  if (on_disk.content != Content::integer) return false;
  if (to_float) return true;
  const bool to_signed = wanted != ElementType::uint8 && wanted != ElementType::uint64;
  if (on_disk.is_signed == to_signed) return on_disk.bytes <= size_of(wanted);
  // Unsigned fits into a wider signed type; signed never fits into unsigned.
  return to_signed && on_disk.bytes < size_of(wanted);
}

Handle column_type(const ColumnInfo& info, const Place& place) {
  if (info.type == ElementType::text) return string_type(info.row_shape.back(), place);
  return own(H5Tcopy(file_type(info.type)), H5Tclose, "H5Tcopy", place);
}

Shape column_shape(const ColumnInfo& info, std::size_t rows) {
  Shape shape{rows};
  shape.insert(shape.end(), info.row_shape.begin(), info.row_shape.end());
  if (info.type == ElementType::text) shape.pop_back();
  return shape;
}

Handle string_type(std::size_t bytes, const Place& place, bool is_ascii) {
  Handle type = own(H5Tcopy(H5T_C_S1), H5Tclose, "H5Tcopy", place);
  check(H5Tset_size(type.get(), bytes == 0 ? H5T_VARIABLE : bytes), "H5Tset_size",
        place);
  check(H5Tset_cset(type.get(), is_ascii ? H5T_CSET_ASCII : H5T_CSET_UTF8),
        "H5Tset_cset", place);
  if (bytes != 0) {
    check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "H5Tset_strpad", place);
  }
  return type;
}

}  // namespace lensmill::io::hdf5
