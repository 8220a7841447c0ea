"""A throw-away SLURM of two nodes on one machine, for the tests in this folder.

Namespaces, as root or where `sudo -n` works: this script starts itself again inside PID,
network, mount and UTS namespaces of its own. There runs everything: munged, slurmctld, and two slurmd, each with a further
network namespace, hostname, address and /dev/shm. When the script ends, in whatever way,
the kernel ends every process in it and takes namespaces, bridge and mounts away: nothing
can be left behind, and a SLURM that runs on the machine is neither seen nor touched.

Otherwise, also for ordinary users, two slurmd on the one host ("multi"): children of this
script that get TERM when it ends. (Root of a user namespace will not do: slurmctld insists
on setgroups.) Both "nodes" then have one hostname, so that Open MPI's shared memory is off.

LENSMILL_SLURM_MODE=namespaces|multi chooses; LENSMILL_REQUIRE_SLURM=1 makes it a failure
when SLURM cannot be had, which otherwise is said loudly and skipped (exit code 77).
"""

import ctypes
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SKIPPED = 77  # CTest: SKIP_RETURN_CODE
NODES = ("n1", "n2")
CPUS_PER_NODE = 4  # claimed, not had: ranks share the machine's cores
START_LIMIT_S = 60
STOP_LIMIT_S = 15
POLL_S = 0.1
NETWORK = "10.213.77"  # seen inside our namespaces only
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "scontrol", "munged", "srun", "mpirun")
INSIDE = "LENSMILL_SLURM_INSIDE"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

os.environ["PATH"] += ":/usr/sbin:/sbin"  # daemons, for ordinary users


def give_up(why):
    """No SLURM here: said loudly, then a skip, or a failure where SLURM is required."""
    required = os.environ.get("LENSMILL_REQUIRE_SLURM") == "1"
    line = "*" * 78
    print(f"{line}\n{'FAILED' if required else 'SKIPPED'}: the tests under a real SLURM "
          f"did not run:\n  {why}\n{line}", file=sys.stderr, flush=True)
    sys.exit(1 if required else SKIPPED)


def prctl(option, value):
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def ends_with_us(signal_number):
    """For Popen(preexec_fn=...): the child gets the signal when its parent ends."""
    return lambda: prctl(PR_SET_PDEATHSIG, signal_number)


UNSHARE = ["--net", "--mount", "--uts", "--pid", "--fork", "--kill-child",
           "--mount-proc"]
# What the namespaces must allow: a bridge, a veth pair, a mount, a hostname.
PROBE = ("ip link set lo up && ip link add probe0 type bridge && "
         "ip link add probe1 type veth peer name probe2 && "
         "mount -t tmpfs none /dev/shm && hostname probe")


def ways_in():
    """(what, command) for each way to namespaces."""
    if os.geteuid() == 0:
        yield "root", ["unshare", *UNSHARE]
    elif shutil.which("sudo"):
        yield "sudo", ["sudo", "-n", "unshare", *UNSHARE]


def enter():
    """The mode, "namespaces" or "multi"; in the first case this returns inside them
    only. To be called before anything else."""
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        give_up(f"not installed: {', '.join(missing)} (jobs/install-packages.sh --slurm)")
    if INSIDE in os.environ:
        return "namespaces"
    wanted = os.environ.get("LENSMILL_SLURM_MODE", "")
    reasons = []
    if wanted != "multi":
        for what, command in ways_in():
            probe = subprocess.run([*command, "sh", "-c", PROBE], capture_output=True,
                                   text=True, timeout=START_LIMIT_S)
            if probe.returncode == 0:
                sys.exit(run_inside(what, command))
            reasons.append(f"{what}: {probe.stderr.strip()}")
        print(f"no namespaces ({'; '.join(reasons) or 'not root, no sudo'}): two slurmd "
              "on one host", file=sys.stderr)
        if wanted == "namespaces":
            give_up("namespaces were asked for: " + "; ".join(reasons))
    return "multi"


def run_inside(what, command):
    """This script again, in namespaces; its exit code."""
    if what == "sudo":
        # Root's child cannot be ended by us: become root first, then come here again.
        kept = [f"{key}={value}" for key, value in os.environ.items()
                if key == "PATH" or key.startswith(("LENSMILL_", "OMPI_"))]
        os.execvp("sudo", ["sudo", "-n", "env", *kept, sys.executable, "-B", *sys.argv])
    folder = tempfile.mkdtemp(prefix="lensmill-slurm-")
    # bash is process 1 there: it reaps what daemons leave.
    child = subprocess.Popen(
        [*command, "bash", "-c", '"$@"; exit $?', "bash", sys.executable, "-B",
         *sys.argv], env={**os.environ, INSIDE: folder},
        preexec_fn=ends_with_us(signal.SIGKILL))
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda got, _: sys.exit(128 + got))
        return child.wait()
    finally:
        child.kill()  # --kill-child: all of them
        child.wait()
        os.rmdir(folder)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


class Cluster:
    """Started by start(), which gives up loudly where it cannot; stop() ends every
    process of it. `folder` is seen by both nodes and is gone afterwards."""

    def __init__(self, mode):
        self.mode = mode
        self.daemons = {}
        self.temporary = None

    # ---- starting --------------------------------------------------------------------
    def start(self):
        if self.mode == "namespaces":
            self.folder = pathlib.Path(os.environ[INSIDE])
            self._run("mount", "-t", "tmpfs", "-o", "mode=0755", "none", self.folder)
            self._run("ip", "link", "set", "lo", "up")
            self._run("hostname", "controller")
            self._run("ip", "link", "add", "bridge0", "type", "bridge")
            self._run("ip", "addr", "add", f"{NETWORK}.1/24", "dev", "bridge0")
            self._run("ip", "link", "set", "bridge0", "up")
            self.host, self.address = "controller", f"{NETWORK}.1"
        else:
            prctl(PR_SET_CHILD_SUBREAPER, 1)  # what daemons leave becomes ours to end
            self.temporary = tempfile.TemporaryDirectory(prefix="lensmill-slurm-")
            self.folder = pathlib.Path(self.temporary.name)
            self.host, self.address = socket.gethostname().split(".")[0], "127.0.0.1"
        for name in ("etc", "log", "state", "munge", "work",
                     *(f"{kind}/{node}" for kind in ("spool", "tmp") for node in NODES)):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "munge").chmod(0o700)
        self.ports = free_ports(1 + len(NODES))
        self._write_configuration()
        os.environ["SLURM_CONF"] = str(self.folder / "etc/slurm.conf")
        try:
            self._start_munge()
            self._daemon("slurmctld", ["slurmctld", "-D", "-i"])
            for node in NODES:
                self.start_node(node)
            self._wait(self.idle, "both nodes idle")
        except (OSError, RuntimeError, subprocess.SubprocessError) as problem:
            print(self.logs(), file=sys.stderr)
            self.stop()
            give_up(f"SLURM did not start ({self.mode}): {problem}")

    def _write_configuration(self):
        f, user = self.folder, pwd.getpwuid(os.geteuid()).pw_name
        nodes = "".join(
            f"NodeName={node} CPUs={CPUS_PER_NODE} State=UNKNOWN " +
            (f"NodeAddr={NETWORK}.{11 + k} NodeHostname={node} "
             if self.mode == "namespaces" else
             f"NodeAddr=127.0.0.1 NodeHostname={self.host} ") +
            f"Port={self.ports[1 + k]}\n" for k, node in enumerate(NODES))
        # cred_expire is also what a requeued job waits for. linuxproc, and cgroup v1 by
        # name: slurmd 22.05 otherwise looks for cgroups that containers do not have.
        # TmpFS: PMIx puts its files there; two nodes on one host must not share them.
        (f / "etc/slurm.conf").write_text(f"""\
ClusterName=lensmilltest
SlurmctldHost={self.host}({self.address})
SlurmctldPort={self.ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={f}/munge/socket,cred_expire=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={f}/log/jobcomp.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=100000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=10
KillWait=5
CompleteWait=0
MinJobAge=3600
JobRequeue=1
SlurmdParameters=config_overrides
StateSaveLocation={f}/state
SlurmdSpoolDir={f}/spool/%n
TmpFS={f}/tmp/%n
SlurmctldPidFile={f}/slurmctld.pid
SlurmdPidFile={f}/slurmd.%n.pid
SlurmctldLogFile={f}/log/slurmctld.log
SlurmdLogFile={f}/log/slurmd.%n.log
{nodes}\
PartitionName=normal Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10
""")
        (f / "etc/cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        (f / "etc/hosts").write_text(
            f"127.0.0.1 localhost\n{self.address} {self.host}\n" +
            "".join(f"{NETWORK}.{11 + k} {node}\n" for k, node in enumerate(NODES)))

    def _start_munge(self):
        munge = self.folder / "munge"
        (munge / "key").write_bytes(os.urandom(128))
        (munge / "key").chmod(0o600)
        self._daemon("munged", ["munged", "--foreground", "--force",
                                f"--key-file={munge}/key", f"--socket={munge}/socket",
                                f"--pid-file={munge}/pid", f"--seed-file={munge}/seed",
                                f"--log-file={self.folder}/log/munged.log"])
        self._wait((munge / "socket").exists, "munged's socket")

    def start_node(self, node):
        k = NODES.index(node)
        if self.mode == "multi":
            self._daemon(node, ["slurmd", "-D", "-N", node])
            return
        # The namespaces are those of slurmd itself and end with it; it starts when its
        # network is there. Not `ip netns exec`: that hides the host's /sys from slurmd.
        hosts = f"mount --bind {self.folder}/etc/hosts /etc/hosts && " \
            if os.path.exists("/etc/hosts") else ""
        process = self._daemon(node, [
            "unshare", "--net", "--uts", "--mount", "--propagation", "private",
            "sh", "-c",
            f"hostname {node} && mount -t tmpfs -o mode=1777 none /dev/shm && {hosts}"
            "until ip -4 addr show dev eth0 2>/dev/null | grep -q inet; do sleep 0.05; "
            f"done; exec slurmd -D -N {node}"])
        pid, ours = process.pid, os.readlink("/proc/self/ns/net")
        self._wait(lambda: os.readlink(f"/proc/{pid}/ns/net") != ours, f"{node}'s network")
        # A node that comes back has the address that its neighbours remember.
        self._run("ip", "link", "add", f"to{node}", "type", "veth", "peer", "name",
                  "eth0", "address", f"02:00:00:00:00:{11 + k}", "netns", pid)
        self._run("ip", "link", "set", f"to{node}", "master", "bridge0", "up")
        there = ["nsenter", f"--target={pid}", "--net", "ip"]
        self._run(*there, "link", "set", "lo", "up")
        self._run(*there, "link", "set", "eth0", "up")
        self._run(*there, "route", "replace", f"{NETWORK}.0/24", "dev", "eth0")
        self._run(*there, "addr", "add", f"{NETWORK}.{11 + k}/24", "dev", "eth0")

    def crash_node(self, node):
        """As a loss of power: every process in the node's network ends at once."""
        assert self.mode == "namespaces"
        network = os.readlink(f"/proc/{self.daemons[node].pid}/ns/net")
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "ns/net") == network:
                    os.kill(int(entry.name), signal.SIGKILL)
            except OSError:
                pass  # it has ended
        self.daemons.pop(node).wait()

    def _daemon(self, name, command):
        with open(self.folder / f"log/{name}.out", "ab") as out:
            self.daemons[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                preexec_fn=ends_with_us(signal.SIGTERM))
        return self.daemons[name]

    def _run(self, *command):
        done = subprocess.run([str(word) for word in command], capture_output=True,
                              text=True, timeout=START_LIMIT_S)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def _wait(self, condition, what, limit_s=START_LIMIT_S):
        until = time.monotonic() + limit_s
        while not condition():
            dead = [name for name, daemon in self.daemons.items()
                    if daemon.poll() is not None]
            if dead or time.monotonic() > until:
                raise RuntimeError(f"no {what}" + (f"; ended: {dead}" if dead else ""))
            time.sleep(POLL_S)

    def idle(self):
        done = subprocess.run(["sinfo", "-h", "-N", "-p", "normal", "-o", "%T"],
                              capture_output=True, text=True, timeout=START_LIMIT_S)
        return done.stdout.split() == ["idle"] * len(NODES)

    # ---- stopping --------------------------------------------------------------------
    def stop(self):
        if "slurmctld" in self.daemons and self.daemons["slurmctld"].poll() is None:
            subprocess.run(["scancel", "--state=PENDING"], timeout=STOP_LIMIT_S,
                           capture_output=True)
            subprocess.run(["scancel", "--state=RUNNING"], timeout=STOP_LIMIT_S,
                           capture_output=True)
            until = time.monotonic() + STOP_LIMIT_S
            while self.queue() and time.monotonic() < until:
                time.sleep(POLL_S)
        for name in (*NODES, "slurmctld", "munged"):
            daemon = self.daemons.pop(name, None)
            if daemon is None:
                continue
            daemon.terminate()
            try:
                daemon.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        if self.mode == "multi":
            self._end_leftovers()
            if self.temporary:
                self.temporary.cleanup()

    def _end_leftovers(self):
        """slurmstepd and what jobs have left: children of ours by now."""
        path = f"/proc/self/task/{os.getpid()}/children"
        while children := pathlib.Path(path).read_text().split():
            for child in children:
                os.kill(int(child), signal.SIGKILL)
                os.waitpid(int(child), 0)

    # ---- looking ---------------------------------------------------------------------
    def queue(self):
        done = subprocess.run(["squeue", "-h", "-o", "%i %T"], capture_output=True,
                              text=True, timeout=STOP_LIMIT_S)
        return done.stdout.splitlines()

    def logs(self, lines=15):
        text = ""
        for path in sorted((self.folder / "log").iterdir()):
            tail = path.read_text(errors="replace").splitlines()[-lines:]
            text += f"--- {path.name}\n" + "\n".join(tail) + "\n"
        return text
