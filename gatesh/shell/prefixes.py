"""Prefix commands and their options: what stands between `sudo` and the command it runs.

A row: short options that take a value, long options that take one, how many operands come before the
command, and whether `NAME=value` may. Options that are not listed take no value; GNU's abbreviations of
long options are understood. The programs whose command is not simply what follows are in unwrap.py.
"""

from __future__ import annotations

from gatesh._value import Value


class Grammar(Value):
    """How a prefix command's own words end and its command begins."""

    valued: str = ""
    long: str = ""  # separated by blanks
    operands: int = 0
    assigns: bool = False
    one_dash: bool = False  # long options begin with one dash, or the program has its own notation


_SUDO = """chdir chroot close-from group host other-user prompt role type user command-timeout login-class
    auth-type"""
_ENV = "argv0 chdir split-string unset"
_STRACE = """attach columns output signal string-limit summary-sort-by trace trace-path user expr
    env argv0 abbrev verbose raw status inject fault kvm read write decode-pids
    summary-syscall-overhead detach-on"""
_UNSHARE = "map-user map-group map-users map-groups propagation setgroups setuid setgid root wd"
_SETPRIV = """ambient-caps apparmor-profile bounding-set egid euid gid groups inh-caps pdeathsig regid
    reset-env-from reuid rgid ruid securebits selinux-label"""
_SYSTEMD_RUN = """description gid host machine nice on-active on-boot on-calendar property service-type
    setenv slice timer-property uid unit working-directory"""
_DOCKER_RUN = """add-host annotation attach blkio-weight cap-add cap-drop cgroup-parent cgroupns cidfile
    cpu-period cpu-quota cpu-shares cpus cpuset-cpus cpuset-mems device dns dns-option dns-search domainname
    entrypoint env env-file expose gpus group-add health-cmd health-interval health-retries health-timeout
    hostname ip ip6 ipc isolation label label-file link log-driver log-opt mac-address memory
    memory-reservation memory-swap mount name network network-alias oom-score-adj pid pids-limit platform
    publish pull restart runtime security-opt shm-size stop-signal stop-timeout storage-opt sysctl tmpfs
    ulimit user userns uts volume volume-driver volumes-from workdir"""
_COMPOSE_RUN = "cap-add cap-drop entrypoint env label name publish pull user volume workdir"

_PARALLEL = """arg-file arg-sep basefile block colsep delay delimiter env halt jobs joblog load max-args memfree
    nice profile results retries return semaphorename sshlogin sshloginfile tagstring tempdir termseq timeout
    tmpdir tmux trc workdir"""

PREFIXES: dict[str, Grammar] = {
    "sudo": Grammar("CDRTUacghprtu", _SUDO, assigns=True),
    "doas": Grammar("Cau"),
    "pkexec": Grammar("", "user"),
    "run0": Grammar("u", "user group nice chdir setenv background property slice unit"),
    "env": Grammar("CSau", _ENV, assigns=True),
    "nice": Grammar("n", "adjustment"),
    "ionice": Grammar("cnpPu", "class classdata pid pgid uid"),
    "chrt": Grammar("DPTp", "sched-runtime sched-deadline sched-period", 1),
    "taskset": Grammar("", "", 1),
    "numactl": Grammar("CNimp", "cpunodebind interleave membind physcpubind preferred"),
    "nohup": Grammar(),
    "setsid": Grammar(),
    "timeout": Grammar("ks", "kill-after signal", 1),
    "stdbuf": Grammar("eio", "error input output"),
    "time": Grammar("fo", "format output"),
    "xargs": Grammar("EIPLadns", "arg-file delimiter max-args max-chars max-procs process-slot-var"),
    "parallel": Grammar("CEILNPSadjnsv", _PARALLEL),
    "watch": Grammar("nqs", "interval equexit shotsdir"),
    "command": Grammar(),
    "builtin": Grammar(),
    "exec": Grammar("a"),
    "busybox": Grammar(),
    "toybox": Grammar(),
    "chroot": Grammar("", "groups userspec", 1),
    "flock": Grammar("Ecw", "conflict-exit-code timeout wait command", 1),
    "strace": Grammar("EIOPSUXabeopsu", _STRACE),
    "ltrace": Grammar("AFaelnopsuwx", "align config filter indent library output user where"),
    "unshare": Grammar("GRSw", _UNSHARE),
    "nsenter": Grammar("GSWt", "target setuid setgid wdns"),
    "setpriv": Grammar("", _SETPRIV),
    "runuser": Grammar("Gcgsuw", "command group session-command shell supp-group user whitelist-environment"),
    "linux32": Grammar(),
    "choom": Grammar("np", "adjust pid"),
    "uclampset": Grammar("mMp", "pid"),
    "ld.so": Grammar("", "library-path preload audit argv0 inhibit-rpath glibc-hwcaps-mask"),
    **dict.fromkeys(("linux64", "x86_64", "i386", "i486", "i586", "i686", "uname26"), Grammar()),
    "prlimit": Grammar("p", "pid"),
    "systemd-run": Grammar("EHMpu", _SYSTEMD_RUN),
    "systemd-inhibit": Grammar("", "mode what who why"),
    "dbus-run-session": Grammar("", "config-file dbus-daemon"),
    "fakeroot": Grammar("bils", "faked lib"),
    "unbuffer": Grammar(),
    "rlwrap": Grammar("CDHIMPSabefghilmopqstwz", ""),
    "xvfb-run": Grammar("efnpsw", "auth-file error-file server-args server-num wait xauth-protocol"),
    "caffeinate": Grammar("tw"),
    "arch": Grammar("e", one_dash=True),
    "proxychains": Grammar("f"),
    "proxychains4": Grammar("f"),
    "torsocks": Grammar("Pau", "address pass port user"),
    "catchsegv": Grammar(),
    "valgrind": Grammar(),
}  # fmt: skip


# Options without a value whose names begin the name of one that takes one.
FLAGS = frozenset(("login", "summary", "tag", "sem", "reset-env"))

SHELLS = frozenset("sh bash dash ash zsh ksh mksh rbash yash gatesh".split())
SHELL_VALUED = "oO"
SHELL_LONG = frozenset(("--rcfile", "--init-file"))

SSH_VALUED = "BDEFIJLOPQRSWbceilmopw"
CONTAINERS: dict[str, dict[str, Grammar]] = {
    # sub-command: its options, and the operands (container, image, service) before the command
    "docker": {
        "exec": Grammar("euw", "detach-keys env env-file user workdir", 1),
        "run": Grammar("acehlmpuvw", _DOCKER_RUN, 1),
    },
    "compose": {
        "exec": Grammar("euw", "env index user workdir", 1),
        "run": Grammar("elpuvw", _COMPOSE_RUN, 1),
    },
    "kubectl": {
        "exec": Grammar("cfn", "container filename namespace pod-running-timeout context kubeconfig", 1),
    },
}  # fmt: skip
CONTAINER_GLOBALS = Grammar(
    "Hclfpn",
    "config context host log-level tlscacert tlscert tlskey file project-name profile env-file "
    "project-directory ansi namespace kubeconfig cluster user server token request-timeout",
)
CONTAINER_PROGRAMS = {
    "docker": "docker", "podman": "docker", "nerdctl": "docker",
    "docker-compose": "compose", "kubectl": "kubectl", "oc": "kubectl",
}  # fmt: skip

FIND_COMMANDS = frozenset(("-exec", "-execdir", "-ok", "-okdir"))

# The programs of launchers.py, which is loaded where one of them stands in a line.
LAUNCHERS = frozenset(
    """abduco alacritty ansible arch-chroot az bpftrace bwrap capsh chamber chokidar chpst clush cmake
    concurrently corepack cpulimit crictl crontab cross-env cross-env-shell csh ctr daemonize dbus-launch
    devbox distrobox distrobox-host-exec dockerize doctl doppler dotenvx dtach eb ed elvish emacs
    emacsclient entr env-cmd envchain ex expect fakechroot faketime fish flatpak-spawn fly flyctl gcloud gdb
    gh git gnome-terminal gsort gsplit guix heaptrack heroku host-spawn infisical just kitty konsole kubectl
    lerna less lldb lxc lxc-attach machinectl man mirrord mise mpiexec mpirun nc ncat netcat newgrp nodemon
    nq nu nvim nx oc parallel-ssh pdsh pixi posh powershell proot pssh pwsh railway retry rr rsync runc
    sbatch schroot scp sem sftp sg socat softlimit sops sort split srun systemd-nspawn tcsh teller toolbox
    torify tox ts tsp turbo vagrant vault vi vim wait-for wait-for-it watchexec watchman wezterm wsl wsl.exe
    xfce4-terminal xonsh xterm zip""".split()
)
