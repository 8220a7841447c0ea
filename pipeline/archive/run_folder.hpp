#pragma once

#include <string>

#include "pipeline/archive/shard_plan.hpp"

namespace lensmill::pipeline {

/// Names of a run's files. A value: looks at no disk.
class RunFolder {
 public:
  RunFolder(std::string path, std::string run_name)
      : path_(std::move(path)), name_(std::move(run_name)) {}

  const std::string& path() const { return path_; }
  std::string run_yaml() const { return path_ + "/run.yaml"; }
  /// The file over all shards that users open.
  std::string virtual_file() const { return path_ + "/" + name_ + ".h5"; }
  std::string shards() const { return path_ + "/shards"; }
  std::string shard(std::int64_t index) const {
    return shards() + "/" + shard_file_name(index);
  }
  /// W3C PROV of all jobs (prov_document.hpp).
  std::string prov_file() const { return path_ + "/provenance.json"; }
  std::string run_id_file() const { return log() + "/run_id"; }
  std::string log() const { return path_ + "/log"; }

 private:
  std::string path_;
  std::string name_;
};

}  // namespace lensmill::pipeline
