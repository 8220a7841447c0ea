#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>

#include "lib/light/galaxy_image.hpp"

namespace lensmill::stages {

/// Galaxies made ready, up to a budget of memory: those that were used longest ago go
/// first. What is made again is the same, so that the budget never changes a result.
class GalaxyCache {
 public:
  using Galaxy = std::shared_ptr<const light::GalaxyTemplate>;

  /// The galaxy of that index; `make` is called where it is not there. The last one
  /// stays whatever its size.
  Galaxy get(std::int64_t index, std::size_t budget_bytes,
             const std::function<Galaxy()>& make);
  std::size_t bytes() const { return bytes_; }
  std::size_t size() const { return used_.size(); }

 private:
  struct Entry {
    std::int64_t index;
    Galaxy galaxy;
  };
  std::list<Entry> used_;  ///< the latest first
  std::unordered_map<std::int64_t, std::list<Entry>::iterator> by_index_;
  std::size_t bytes_ = 0;
};

}  // namespace lensmill::stages
