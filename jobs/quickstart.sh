#!/usr/bin/env bash
# Install the packages, build lensmill and run configs/quickstart.yaml on 2 ranks.
#
#   jobs/quickstart.sh [OUTPUT_FOLDER]     default: runs/quickstart, written anew
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  --help|-h) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
output=${1:-runs/quickstart}

jobs/install-packages.sh
jobs/build.sh release -DLENSMILL_BUILD_TESTS=OFF

. jobs/mpi-single-machine.sh
mpirun -n 2 build/release/bin/lensmill run configs/quickstart.yaml \
  --output "$output" --overwrite

file=$(realpath "$output"/*.h5)
figure=$output/quicklook.png
/usr/bin/python3 python/quicklook.py "$output" --png "$figure"
cat <<END

The stamps, the catalogue and the measurements are in
  $file
Open it with h5py:
  /usr/bin/python3 -c "
import h5py
run = h5py.File('$file')
print(run['images/positive'].shape, run['images/positive'].attrs['unit'])
print(run['measurements/core_flux_fraction'][:3])"
A picture of it: $figure
END
