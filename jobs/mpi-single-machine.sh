# shellcheck shell=bash
# Source this: Open MPI settings for runs on one machine. On a cluster use the site's own.

# More ranks than cores is fine, and ranks of two runs must not share one core.
# Open MPI 4 reads OMPI_MCA_*, the mpirun of Open MPI 5 PRTE_MCA_*.
export OMPI_MCA_rmaps_base_oversubscribe=1
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMPI_MCA_hwloc_base_binding_policy=none
export PRTE_MCA_hwloc_default_binding_policy=none
# Containers often forbid reading another process's memory; ranks then copy twice.
export OMPI_MCA_btl_vader_single_copy_mechanism=none
# Open MPI 5.0.7 (Debian 13) otherwise warns of interfaces with IPv4 and IPv6 addresses.
export OMPI_MCA_reachable=${OMPI_MCA_reachable:-weighted}
# Open MPI refuses root unless told twice; in a container root is the ordinary user.
if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
