#include "lib/parallel/check.hpp"

#include <mpi.h>

#include <string>

#include "lib/core/errors.hpp"

namespace lensmill::parallel {

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw IoError(std::string(call) + " failed (" + text + ")");
}

}  // namespace lensmill::parallel
