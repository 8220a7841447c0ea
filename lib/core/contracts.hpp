#pragma once

/// \file
/// Contracts for programmers' mistakes, on in the dev, asan and ci builds.
/// User input is never checked with these: it gets a typed error (errors.hpp).

#include <stdexcept>
#include <string>

namespace lensmill {

/// A broken contract: a defect in lensmill, not in the user's input.
class ContractError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

namespace detail {
[[noreturn]] inline void contract_failed(const char* kind, const char* condition,
                                         const char* file, int line) {
  throw ContractError(std::string(file) + ":" + std::to_string(line) + ": " + kind +
                      " failed: " + condition);
}
}  // namespace detail
}  // namespace lensmill

#if LENSMILL_CONTRACTS
#define LENSMILL_CONTRACT(kind, condition) \
  ((condition)                             \
       ? void(0)                           \
       : ::lensmill::detail::contract_failed(kind, #condition, __FILE__, __LINE__))
#else
#define LENSMILL_CONTRACT(kind, condition) void(0)
#endif

/// What a function requires of its caller.
#define EXPECT(condition) LENSMILL_CONTRACT("EXPECT", condition)
/// What a function promises to its caller.
#define ENSURE(condition) LENSMILL_CONTRACT("ENSURE", condition)
