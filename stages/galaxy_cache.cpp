#include "stages/galaxy_cache.hpp"

namespace lensmill::stages {

GalaxyCache::Galaxy GalaxyCache::get(std::int64_t index, std::size_t budget_bytes,
                                     const std::function<Galaxy()>& make) {
  if (const auto found = by_index_.find(index); found != by_index_.end()) {
    used_.splice(used_.begin(), used_, found->second);
    return found->second->galaxy;
  }
  used_.push_front({index, make()});
  by_index_[index] = used_.begin();
  bytes_ += used_.front().galaxy->bytes();
  while (bytes_ > budget_bytes && used_.size() > 1) {
    bytes_ -= used_.back().galaxy->bytes();
    by_index_.erase(used_.back().index);
    used_.pop_back();
  }
  return used_.front().galaxy;
}

}  // namespace lensmill::stages
