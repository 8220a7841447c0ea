#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/io/hdf5/types.hpp"

namespace lensmill::io::hdf5 {

/// Call `read(memory_type, buffer)` for `count` strings of the described type (fixed or
/// variable length) and return them; memory that HDF5 allocated is given back.
std::vector<std::string> read_strings(
    const TypeInfo& type, std::size_t count, const Place& place,
    const std::function<void(hid_t memory_type, void* buffer)>& read);

}  // namespace lensmill::io::hdf5
