# shellcheck shell=bash
# Site: a cluster of Debian nodes with Debian's packages (jobs/install-packages.sh).
# Sourced by the batch scripts under LENSMILL_SITE=debian, on the first node of a job.
# Set what is not set already, so that the environment wins.

# srun starts the ranks through PMIx, which needs libpmix-dev on the nodes; mpirun starts
# its daemons through srun and needs nothing else.
: "${LENSMILL_LAUNCHER:=srun}"
: "${LENSMILL_SRUN_MPI:=pmix}"

# Debian 13's Open MPI 5.0.7 pairs interfaces that have IPv4 and IPv6 addresses wrongly
# ("Unable to find reachable pairing", "BTLs attempted: self tcp"), unless it goes by
# weights; Open MPI 4.1 does not.
export OMPI_MCA_reachable=${OMPI_MCA_reachable:-weighted}

# The program uses one core per rank; libraries must not start threads of their own.
export OMP_NUM_THREADS=1

# In containers root is the ordinary user; Open MPI wants to be told twice.
if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
