#include "lib/catalogue/photometry.hpp"

namespace lensmill::catalogue {

int Photometry::node(const std::string& name) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i] == name) return static_cast<int>(i);
  }
  nodes_.push_back(name);
  return static_cast<int>(nodes_.size()) - 1;
}

std::vector<std::size_t> Photometry::path(int from, int to) const {
  std::vector<std::size_t> links;
  if (from != to && !search(from, to, links)) links.clear();
  return links;
}

bool Photometry::search(int at, int to, std::vector<std::size_t>& path) const {
  if (at == to) return true;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const auto& link = links_[i];
    if (link.a != at && link.b != at) continue;
    if (!path.empty() && path.back() == i) continue;
    path.push_back(i);
    if (search(link.a == at ? link.b : link.a, to, path)) return true;
    path.pop_back();
  }
  return false;
}

}  // namespace lensmill::catalogue
