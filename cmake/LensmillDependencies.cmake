# Third-party libraries: Debian packages (jobs/install-packages.sh lists them).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
# Without this CMake silently takes a serial HDF5.
set(HDF5_PREFER_PARALLEL TRUE)
find_package(HDF5 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "HDF5 at ${HDF5_INCLUDE_DIRS} is a serial build; lensmill "
    "writes shards with parallel HDF5. Install libhdf5-openmpi-dev.")
endif()
# By its own CMake files: CMake 3.30 has retired the FindBoost module.
find_package(Boost CONFIG REQUIRED COMPONENTS program_options)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(PNG REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(FFTW3F REQUIRED IMPORTED_TARGET fftw3f)
pkg_check_modules(FFTW3 REQUIRED IMPORTED_TARGET fftw3)
pkg_check_modules(CFITSIO REQUIRED IMPORTED_TARGET cfitsio)
pkg_check_modules(WCSLIB REQUIRED IMPORTED_TARGET wcslib)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
# By its C interface alone, which 1.7 and 3.0 have in common.
find_path(XGBOOST_INCLUDE_DIR xgboost/c_api.h REQUIRED)
find_library(XGBOOST_LIBRARY xgboost REQUIRED)
add_library(lensmill_xgboost INTERFACE)
target_include_directories(lensmill_xgboost SYSTEM INTERFACE ${XGBOOST_INCLUDE_DIR})
target_link_libraries(lensmill_xgboost INTERFACE ${XGBOOST_LIBRARY})

# The C interface of MPI only: its retired C++ bindings are not linked.
add_library(lensmill_mpi INTERFACE)
target_link_libraries(lensmill_mpi INTERFACE MPI::MPI_C)
target_compile_definitions(lensmill_mpi INTERFACE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)

add_library(lensmill_hdf5 INTERFACE)
target_include_directories(lensmill_hdf5 SYSTEM INTERFACE ${HDF5_INCLUDE_DIRS})
target_link_libraries(lensmill_hdf5 INTERFACE ${HDF5_C_LIBRARIES} lensmill_mpi)
# The interface of HDF5 1.10, which 1.12, 1.14 and 2.0 keep under this name: without it
# their H5O_info_t and H5L_info_t are other types than those of the functions called.
target_compile_definitions(lensmill_hdf5 INTERFACE ${HDF5_DEFINITIONS} H5_USE_110_API)
add_library(lensmill_random123 INTERFACE)
target_include_directories(lensmill_random123 SYSTEM INTERFACE ${RANDOM123_INCLUDE_DIR})

# pkg-config does not know FFTW's MPI part. Debian's is built for Open MPI: with another
# MPI build FFTW too, or configure with -DLENSMILL_FIELD=OFF.
if(LENSMILL_FIELD)
  find_path(FFTW3_MPI_INCLUDE_DIR fftw3-mpi.h)
  find_library(FFTW3F_MPI_LIBRARY fftw3f_mpi)
  if(NOT FFTW3_MPI_INCLUDE_DIR OR NOT FFTW3F_MPI_LIBRARY)
    message(FATAL_ERROR "FFTW3-MPI (fftw3-mpi.h, libfftw3f_mpi) was not found; it is "
      "for `lensmill field`. Install libfftw3-mpi-dev, or configure with "
      "-DLENSMILL_FIELD=OFF.")
  endif()
  add_library(lensmill_fftw_mpi INTERFACE)
  target_include_directories(lensmill_fftw_mpi SYSTEM INTERFACE ${FFTW3_MPI_INCLUDE_DIR})
  target_link_libraries(lensmill_fftw_mpi INTERFACE ${FFTW3F_MPI_LIBRARY}
    PkgConfig::FFTW3F lensmill_mpi)
else()
  set(LENSMILL_ROOMS_LEFT_OUT canvas field)
endif()
