#include "lib/parallel/check.hpp"

#include <mpi.h>

#include <string>

#include "lib/core/errors.hpp"

namespace lensmill::parallel {

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  int initialised = 0;
  MPI_Initialized(&initialised);
  // MPI has no words for an error that kept it from starting.
  if (initialised == 0) {
    throw IoError(std::string(call) + " failed (error " + std::to_string(code) + ")");
  }
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw IoError(std::string(call) + " failed (" + text + ")");
}

}  // namespace lensmill::parallel
