#pragma once

#include <string>
#include <vector>

/// \file
/// Internal to InjectionSampler: how the magnitudes of source and host hang together.

namespace lensmill::catalogue {

/// Magnitudes are nodes; what is given links two of them (a colour, a difference) or
/// one to the absolute scale (a magnitude, a flux). The links that are kept form a
/// forest: one more link between two nodes that already hang together would contradict
/// or repeat what is given.
class Photometry {
 public:
  /// Node 0: the absolute scale.
  static constexpr int absolute = 0;
  /// What is known of a link's two ends: mag(a) = mag(b) + value; for b = absolute,
  /// mag(a) or flux(a) itself.
  struct Link {
    int a = 0;
    int b = 0;
    std::size_t source = 0;  ///< caller's own index
  };

  Photometry() : nodes_{"absolute"} {}
  /// The node of that name ("src r"), made if new.
  int node(const std::string& name);
  const std::string& name(int node) const {
    return nodes_[static_cast<std::size_t>(node)];
  }
  const std::vector<Link>& links() const { return links_; }
  void add(const Link& link) { links_.push_back(link); }
  /// Indices of the links between two nodes, from `from` on; empty if they do not hang
  /// together (or are the same).
  std::vector<std::size_t> path(int from, int to) const;

 private:
  bool search(int at, int to, std::vector<std::size_t>& path) const;

  std::vector<std::string> nodes_;
  std::vector<Link> links_;
};

}  // namespace lensmill::catalogue
