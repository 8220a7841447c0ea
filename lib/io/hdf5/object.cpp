#include "lib/io/hdf5/object.hpp"

#include <fmt/format.h>

#include <array>

#include "lib/core/errors.hpp"
#include "lib/io/hdf5/strings.hpp"

namespace lensmill::io::hdf5 {
namespace {

Handle scalar_space(const Place& place) {
  return own(H5Screate(H5S_SCALAR), H5Sclose, "H5Screate", place);
}

Handle vector_space(std::size_t length, const Place& place) {
  const hsize_t extent = length;
  return own(H5Screate_simple(1, &extent, nullptr), H5Sclose, "H5Screate_simple",
             place);
}

Place attribute_place(const Place& owner, const std::string& name) {
  return {owner.file, (owner.object.empty() ? "/" : owner.object) + "@" + name};
}

}  // namespace

struct Object::OpenAttribute {
  Handle handle;
  Place place;
  TypeInfo type;
  std::size_t count = 0;
  bool is_array = false;

  [[noreturn]] void wrong_kind(std::string_view wanted) const {
    throw DataError(fmt::format("{}: contains {} value(s) of type {}, not {}",
                                place.text(), count, type.text(), wanted));
  }
};

Place Object::place_of(const std::string& child) const {
  if (child.starts_with('/')) return {place_.file, child};
  const bool below_root = place_.object.empty() || place_.object == "/";
  return {place_.file, (below_root ? "" : place_.object) + "/" + child};
}

bool Object::has_attribute(const std::string& name) const {
  return check(H5Aexists(id(), name.c_str()), "H5Aexists", place_) > 0;
}

std::vector<std::string> Object::attribute_names() const {
  std::vector<std::string> names;
  const auto add = [](hid_t, const char* name, const H5A_info_t*,
                      void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  hsize_t next = 0;
  check(H5Aiterate2(id(), H5_INDEX_NAME, H5_ITER_INC, &next, add, &names),
        "H5Aiterate2", place_);
  return names;
}

Handle Object::create_attribute(const std::string& name, hid_t type,
                                const Handle& space) {
  const Place place = attribute_place(place_, name);
  if (has_attribute(name)) {
    check(H5Adelete(id(), name.c_str()), "H5Adelete", place);
  }
  return own(
      H5Acreate2(id(), name.c_str(), type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose, "H5Acreate2", place);
}

void Object::write_attribute(const std::string& name, std::string_view value) {
  const Place place = attribute_place(place_, name);
  const Handle type = string_type(0, place);
  const Handle attribute = create_attribute(name, type.get(), scalar_space(place));
  const std::string text(value);
  const char* pointer = text.c_str();
  check(H5Awrite(attribute.get(), type.get(), &pointer), "H5Awrite", place);
}

void Object::write_attribute(const std::string& name,
                             std::span<const std::string> values) {
  const Place place = attribute_place(place_, name);
  const Handle type = string_type(0, place);
  const Handle attribute =
      create_attribute(name, type.get(), vector_space(values.size(), place));
  std::vector<const char*> pointers;
  for (const auto& value : values) pointers.push_back(value.c_str());
  if (pointers.empty()) return;
  check(H5Awrite(attribute.get(), type.get(), pointers.data()), "H5Awrite", place);
}

void Object::write_attribute(const std::string& name, std::span<const double> values) {
  const Place place = attribute_place(place_, name);
  const Handle attribute =
      create_attribute(name, H5T_IEEE_F64LE, vector_space(values.size(), place));
  if (values.empty()) return;
  check(H5Awrite(attribute.get(), H5T_NATIVE_DOUBLE, values.data()), "H5Awrite", place);
}

void Object::write_double(const std::string& name, double value) {
  const Place place = attribute_place(place_, name);
  const Handle attribute = create_attribute(name, H5T_IEEE_F64LE, scalar_space(place));
  check(H5Awrite(attribute.get(), H5T_NATIVE_DOUBLE, &value), "H5Awrite", place);
}

void Object::write_signed(const std::string& name, std::int64_t value) {
  const Place place = attribute_place(place_, name);
  const Handle attribute = create_attribute(name, H5T_STD_I64LE, scalar_space(place));
  check(H5Awrite(attribute.get(), H5T_NATIVE_INT64, &value), "H5Awrite", place);
}

void Object::write_unsigned(const std::string& name, std::uint64_t value) {
  const Place place = attribute_place(place_, name);
  const Handle attribute = create_attribute(name, H5T_STD_U64LE, scalar_space(place));
  check(H5Awrite(attribute.get(), H5T_NATIVE_UINT64, &value), "H5Awrite", place);
}

void Object::write_bool(const std::string& name, bool value) {
  const Place place = attribute_place(place_, name);
  const Handle attribute = create_attribute(name, H5T_STD_U8LE, scalar_space(place));
  const std::uint8_t byte = value ? 1 : 0;
  check(H5Awrite(attribute.get(), H5T_NATIVE_UINT8, &byte), "H5Awrite", place);
}

Object::OpenAttribute Object::open_attribute(const std::string& name) const {
  OpenAttribute open;
  open.place = attribute_place(place_, name);
  if (!has_attribute(name)) {
    throw DataError(fmt::format("{}: no such attribute", open.place.text()));
  }
  open.handle =
      own(H5Aopen(id(), name.c_str(), H5P_DEFAULT), H5Aclose, "H5Aopen", open.place);
  open.type =
      describe(own(H5Aget_type(open.handle.get()), H5Tclose, "H5Aget_type", open.place),
               open.place);
  const Handle space =
      own(H5Aget_space(open.handle.get()), H5Sclose, "H5Aget_space", open.place);
  open.count =
      static_cast<std::size_t>(check(H5Sget_simple_extent_npoints(space.get()),
                                     "H5Sget_simple_extent_npoints", open.place));
  open.is_array = check(H5Sget_simple_extent_ndims(space.get()),
                        "H5Sget_simple_extent_ndims", open.place) > 0;
  return open;
}

bool Object::is_array_attribute(const std::string& name) const {
  return open_attribute(name).is_array;
}

std::vector<std::string> Object::read_strings_attribute(const std::string& name) const {
  const OpenAttribute open = open_attribute(name);
  if (open.type.content != Content::string) open.wrong_kind("strings");
  return read_strings(open.type, open.count, open.place, [&](hid_t type, void* buffer) {
    check(H5Aread(open.handle.get(), type, buffer), "H5Aread", open.place);
  });
}

std::string Object::read_string_attribute(const std::string& name) const {
  auto values = read_strings_attribute(name);
  if (values.size() != 1) open_attribute(name).wrong_kind("one string");
  return std::move(values.front());
}

std::vector<double> Object::read_doubles_attribute(const std::string& name) const {
  const OpenAttribute open = open_attribute(name);
  if (!converts_to(open.type, ElementType::float64)) open.wrong_kind("numbers");
  std::vector<double> values(open.count);
  if (values.empty()) return values;
  check(H5Aread(open.handle.get(), H5T_NATIVE_DOUBLE, values.data()), "H5Aread",
        open.place);
  return values;
}

double Object::read_double_attribute(const std::string& name) const {
  double value = 0.0;
  read_number(name, ElementType::float64, &value);
  return value;
}

std::int64_t Object::read_integer_attribute(const std::string& name) const {
  std::int64_t value = 0;
  read_number(name, ElementType::int64, &value);
  return value;
}

std::uint64_t Object::read_unsigned_attribute(const std::string& name) const {
  const OpenAttribute open = open_attribute(name);
  if (open.count != 1 || open.type.content != Content::integer) {
    open.wrong_kind("one unsigned integer");
  }
  std::uint64_t value = 0;
  check(H5Aread(open.handle.get(), H5T_NATIVE_UINT64, &value), "H5Aread", open.place);
  return value;
}

void Object::read_number(const std::string& name, ElementType type, void* out) const {
  const OpenAttribute open = open_attribute(name);
  if (open.count != 1 || !converts_to(open.type, type)) {
    open.wrong_kind(type == ElementType::int64 ? "one integer" : "one number");
  }
  check(H5Aread(open.handle.get(), memory_type(type), out), "H5Aread", open.place);
}

}  // namespace lensmill::io::hdf5
