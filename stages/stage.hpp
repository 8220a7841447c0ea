#pragma once

#include <string_view>
#include <vector>

#include "lib/core/random_stream.hpp"
#include "stages/planes.hpp"

namespace lensmill::stages {

/// The stages' places in a chain, in order.
enum class Step { sample, lens, convolve, host, noise, measure };
/// As in messages and timings.
std::string_view to_string(Step step);

/// One step of the chain. A stage keeps no state between injections: its constructor
/// validates its Config and builds what is constant (plans, tables), apply() is const.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual Step step() const = 0;
  /// Planes this stage reads and writes; a chain that lacks one is refused at start-up.
  virtual std::vector<Plane> needs() const = 0;
  virtual std::vector<Plane> gives() const = 0;
  virtual void apply(Stamp& stamp, const InjectionStreams& streams) const = 0;
};

}  // namespace lensmill::stages
