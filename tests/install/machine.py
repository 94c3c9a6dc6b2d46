"""A fresh Debian with systemd as process 1, in a container of systemd-nspawn over the cached base. It shares the network
of the test, which has no way out: what it installs is in the base's store of package files."""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": "dumb",
               "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "USER": "root", "LOGNAME": "root"}
BOOT_SECONDS = 90


class Failed(AssertionError):
    pass


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s for: {what}")
        time.sleep(0.1)


class Machine:
    def __init__(self, base, name):
        self.name = name
        self.dir = Path(tempfile.mkdtemp(prefix=f"check-install-{name}-", dir="/var/tmp"))
        for part in ("upper", "work", "root"):
            (self.dir / part).mkdir()
        (self.dir / "upper").chmod(0o755)
        (self.dir / "root").chmod(0o755)
        self.root = self.dir / "root"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                        f"volatile,lowerdir={base},upperdir={self.dir}/upper,workdir={self.dir}/work", self.root], check=True)
        self.leader = None

    # --- life ----------------------------------------------------------------------------------------
    def boot(self):
        keep = [] if Path("/run/systemd/system").exists() else ["--keep-unit"]
        self.console = open(self.dir / "console", "wb")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--boot", "--register=no", *keep, "--resolv-conf=off", "--timezone=off",
             "--link-journal=no", "--console=pipe", "--capability=CAP_NET_ADMIN", f"--machine={self.name}",
             f"--directory={self.root}", "--bind=/dev/null:/etc/resolv.conf", "systemd.show_status=no"],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console)
        wait_for(self.find_leader, f"process 1 of {self.name}", BOOT_SECONDS)
        wait_for(lambda: re.search("running|degraded", self.output("systemctl is-system-running")),
                 f"end of the boot of {self.name}", BOOT_SECONDS)
        return self

    def find_leader(self):
        if self.process.poll() is not None:
            raise Failed(f"systemd-nspawn ended: {(self.dir / 'console').read_text(errors='replace')[-2000:]}")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in children:
            try:
                if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd":
                    self.leader = pid
            except OSError:
                pass
        return self.leader is not None

    def end(self):
        if self.leader:
            self.process.terminate()     # systemd-nspawn powers the machine off
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.console.close()
        subprocess.run(["umount", "--lazy", self.root], check=True)
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    # --- commands ------------------------------------------------------------------------------------
    def enter(self, env=None):
        return ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--",
                "env", "-i", "-C", "/root", *[f"{k}={v}" for k, v in {**ENVIRONMENT, **(env or {})}.items()]]

    def run(self, command, check=True, timeout=300):
        """A command as root, by bash; output and errors together."""
        done = subprocess.run([*self.enter(), "bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout)
        done.text = done.stdout.decode(errors="replace")
        if check and done.returncode != 0:
            raise Failed(f"status {done.returncode}: {command}\n{done.text}")
        return done

    def output(self, command):
        return self.run(command, check=False).text.strip()

    def write(self, path, text, mode=0o644):
        """As root would write it: owned by root."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def copy(self, source, folder):
        (self.root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
        shutil.copy(source, self.root / folder.lstrip("/"))

    def journal(self, unit):
        return self.output(f"journalctl --no-pager -o cat -u {shlex.quote(unit)}")


class Shell:
    """One bash in which the blocks of a page run one after the other, as somebody types them."""

    MARK = "--- end of block"

    def __init__(self, machine, folder="/root"):
        self.process = subprocess.Popen([*machine.enter(), "bash", "--noprofile", "--norc"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.run(f"cd {folder}")

    def run(self, block, stdin="", timeout=600):
        """Output and status of the block; it ends at the first command that fails, as if it was typed line by line."""
        word = os.urandom(8).hex()
        script = (f"{{\n{block}\n}} <<'{word}'\n{stdin}\n{word}\n"
                  f"echo; echo '{self.MARK} {word}' $?\n")
        self.process.stdin.write(("set -e\n" + script).encode())
        self.process.stdin.flush()
        lines, end = [], time.monotonic() + timeout
        for raw in self.process.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            if line.startswith(f"{self.MARK} {word}"):
                return "\n".join(lines), int(line.split()[-1])
            lines.append(line)
            if time.monotonic() > end:
                self.process.kill()
                return "\n".join(lines + [f"no end after {timeout} s"]), 124
        return "\n".join(lines), self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(30)
