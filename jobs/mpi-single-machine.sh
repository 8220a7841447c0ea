# shellcheck shell=bash
# Source this: Open MPI settings for runs on one machine. On a cluster use the site's own.

# More ranks than cores is fine, and ranks of two runs must not share one core.
export OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none
# Containers often forbid reading another process's memory; ranks then copy twice.
export OMPI_MCA_btl_vader_single_copy_mechanism=none
# Open MPI refuses root unless told twice; in a container root is the ordinary user.
if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
