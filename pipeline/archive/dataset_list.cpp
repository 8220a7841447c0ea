#include "pipeline/archive/dataset_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lib/core/errors.hpp"
#include "lib/io/sha256.hpp"
#include "pipeline/archive/provenance.hpp"
#include "pipeline/archive/read_table.hpp"

namespace lensmill::pipeline {
namespace {

using io::hdf5::Group;

constexpr auto list_path = "provenance/datasets";

/// Bytes that are not UTF-8 (a path of another encoding) count as U+FFFD.
std::string text_of(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::pair<std::string, std::string> group_and_name(const std::string& path) {
  const auto slash = path.rfind('/');
  return {path.substr(0, slash), path.substr(slash + 1)};
}

/// What is there, as the list would have it.
nlohmann::json found(const Group& root, const std::string& path) {
  const auto [group_path, name] = group_and_name(path);
  const auto group = root.open_group(group_path);
  auto info = column_info(group, name);
  const auto rows = static_cast<std::int64_t>(group.open_dataset(name).rows());
  info.name = path.substr(1);
  return listed(info, rows);
}

/// "FILE: has no /measurements", or that it lacks the dataset alone.
std::string absence(const Group& root, const std::string& name) {
  const auto group = group_and_name(name).first;
  return root.file_path() + ": has no " + (root.has(group) ? name : group);
}

void add_attributes(const io::hdf5::Object& object, const std::string& path,
                    nlohmann::json& record) {
  for (const auto& [name, value] : read_facts(object)) {
    std::visit([&, &key = name](const auto& v) { record[path + "@" + key] = v; },
               value);
  }
}

}  // namespace

nlohmann::json listed(const ColumnInfo& info, std::int64_t rows) {
  const auto shape = io::hdf5::column_shape(info, static_cast<std::size_t>(rows));
  std::string type(to_string(info.type));
  if (info.type == ElementType::text) type += std::to_string(info.row_shape.back());
  return {{"name", "/" + info.name},
          {"type", type},
          {"shape", shape},
          {"unit", info.unit},
          {"description", info.description}};
}

void write_dataset_list(Group& provenance, const nlohmann::json& list) {
  auto dataset = provenance.write_string("datasets", text_of(list));
  dataset.write_attribute("unit", "");
  dataset.write_attribute("description",
                          "every dataset of the shard: name, type, shape, unit, "
                          "description, as JSON");
}

nlohmann::json read_dataset_list(const Group& root) {
  const auto texts = root.read_strings(list_path);
  try {
    auto list = nlohmann::json::parse(texts.at(0));
    for (const auto& entry : list) {
      if (!entry.at("name").get<std::string>().starts_with('/')) throw std::exception();
      entry.at("shape").get<std::vector<std::size_t>>();
      for (const auto* key : {"type", "unit", "description"}) {
        entry.at(key).get<std::string>();
      }
    }
    return list;
  } catch (const std::exception&) {
    throw DataError(root.file_path() + ": /" + list_path +
                    ": not a list of datasets as `lensmill run` writes it");
  }
}

std::vector<std::string> dataset_problems(const Group& root) {
  std::vector<std::string> problems;
  std::set<std::string> names;
  for (const auto& entry : read_dataset_list(root)) {
    const auto name = entry["name"].get<std::string>();
    names.insert(name);
    const auto where = root.file_path() + ": " + name + ": ";
    if (!root.has(name)) {
      const auto text = absence(root, name);
      if (problems.empty() || problems.back() != text) problems.push_back(text);
      continue;
    }
    try {
      const auto there = found(root, name);
      for (const auto& [key, value] : entry.items()) {
        if (there.at(key) == value) continue;
        problems.push_back(fmt::format("{}{} is {}, but the shard's list says {}",
                                       where, key, text_of(there[key]),
                                       text_of(value)));
      }
    } catch (const DataError& error) {
      problems.emplace_back(error.what());
    }
  }
  for (const std::string group : data_groups) {
    if (!root.has(group)) continue;
    for (const auto& name : root.open_group(group).names()) {
      const std::string path = fmt::format("/{}/{}", group, name);
      if (names.contains(path) || path == "/" + std::string(carried_group)) continue;
      problems.push_back(root.file_path() + ": " + path +
                         ": is not in the shard's list of datasets");
    }
  }
  return problems;
}

std::string missing_dataset(const Group& root) {
  for (const auto& entry : read_dataset_list(root)) {
    const auto name = entry["name"].get<std::string>();
    const auto where = root.file_path() + ": " + name + ": ";
    if (!root.has(name)) return absence(root, name);
    const auto shape = root.open_dataset(name).shape();
    const auto wanted = entry["shape"].get<io::hdf5::Shape>();
    if (shape != wanted) {
      return fmt::format("{}its shape is {}, not {}", where, io::hdf5::to_string(shape),
                         io::hdf5::to_string(wanted));
    }
  }
  return {};
}

std::string data_digest(const nlohmann::json& list,
                        std::span<const std::vector<std::string>> blocks) {
  nlohmann::json with_blocks = list;
  for (std::size_t k = 0; k < blocks.size(); ++k) with_blocks[k]["sha256"] = blocks[k];
  return io::sha256_of(text_of(with_blocks));
}

std::string record_digest(const Group& root) {
  nlohmann::json record = nlohmann::json::object();
  add_attributes(root, "/", record);
  record.erase("/@data_digest");
  record.erase("/@record_digest");
  const auto provenance = root.open_group("provenance");
  add_attributes(provenance, "/provenance", record);
  for (const auto& name : provenance.dataset_names()) {
    const std::string path = "/provenance/" + name;
    const auto dataset = provenance.open_dataset(name);
    const auto values = dataset.read_strings();
    if (dataset.shape().empty()) {
      record[path] = values.front();
    } else {
      record[path] = values;
    }
    add_attributes(dataset, path, record);
  }
  return io::sha256_of(text_of(record));
}

}  // namespace lensmill::pipeline
