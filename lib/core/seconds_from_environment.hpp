#pragma once

namespace lensmill {

/// Seconds that the environment variable `name` states, or `otherwise` where it is not
/// set. \throws UsageError unless it is a number above 0 and at most 1e9.
double seconds_from_environment(const char* name, double otherwise);

}  // namespace lensmill
