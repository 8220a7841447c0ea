#pragma once

/// \file
/// Errors that reach the user. Message grammar: WHERE: PROBLEM (WHY); SUGGESTION, e.g.
/// `priors.lens_q at run.yaml:14: must be in (0, 1] (got 1.2)`.

#include <stdexcept>
#include <string>

namespace lensmill {

/// Process exit codes (sysexits.h).
enum class ExitCode : int {
  ok = 0,
  usage = 64,
  bad_data = 65,
  internal = 70,
  io = 74,
  interrupted = 75,
  config = 78,
};

/// Base of all errors with an exit code; thrown by value, caught once in main.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}
  ExitCode exit_code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// A wrong command line: exit 64.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ExitCode::usage, message) {}
};

/// Input data that cannot be used (catalogue rows, kernels, images): exit 65.
class DataError : public Error {
 public:
  explicit DataError(const std::string& message) : Error(ExitCode::bad_data, message) {}
};

/// The environment failed (disk, permissions, HDF5, CFITSIO, MPI): exit 74.
class IoError : public Error {
 public:
  explicit IoError(const std::string& message) : Error(ExitCode::io, message) {}
};

/// A configuration that cannot be run: exit 78.
class ConfigError : public Error {
 public:
  explicit ConfigError(const std::string& message) : Error(ExitCode::config, message) {}
};

}  // namespace lensmill
