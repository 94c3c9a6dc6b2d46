"""Endpoints for scans: openssl's server, a PostgreSQL with TLS, and those that do what a script says."""

import atexit
import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

from environment import free_port, wait_for


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class OpenSSL:
    """openssl s_server with a certificate and its key."""

    def __init__(self, cert, key, *more, port=None):
        self.port = port or free_port()
        self.process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", str(cert), "-key", str(key), "-quiet", *more],
                                        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.stop)
        wait_for(lambda: listens(self.port), "s_server listens")

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Postgres:
    """A cluster of its own that listens on TCP with TLS."""
    BIN = Path("/usr/lib/postgresql/15/bin")

    def __init__(self, folder, cert, key):
        self.data, self.port = Path(folder), free_port()
        self.data.mkdir(mode=0o700)
        self.user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        self.chown()
        subprocess.run([*self.user, self.BIN / "initdb", "--no-sync", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                        "--auth=trust"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        for source, name in ((cert, "server.crt"), (key, "server.key")):
            shutil.copy(source, self.data / name)
            (self.data / name).chmod(0o600)
        self.chown()
        self.process = subprocess.Popen([*self.user, self.BIN / "postgres", "-D", self.data, "-c", "listen_addresses=127.0.0.1", "-c",
                                         f"port={self.port}", "-c", "ssl=on", "-c", "unix_socket_directories=", "-c", "fsync=off"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        atexit.register(self.stop)
        wait_for(lambda: listens(self.port), "PostgreSQL listens")

    def chown(self):
        if self.user:
            subprocess.run(["chown", "-R", "postgres:", self.data], check=True)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()


class Dovecot:
    """Debian's IMAP server, which speaks STARTTLS. As root, which it is made for."""
    CONF = """
base_dir = {dir}/run
state_dir = {dir}/run
log_path = {dir}/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{crt}
ssl_key = <{key}
default_vsz_limit = 512M
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={dir}
}}
"""

    def __init__(self, folder, cert, key):
        self.dir, self.port = Path(folder), free_port()
        self.dir.mkdir(mode=0o755)
        (self.dir / "dovecot.conf").write_text(self.CONF.format(dir=self.dir, crt=cert, key=key, port=self.port))
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", self.dir / "dovecot.conf"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        atexit.register(self.stop)
        wait_for(lambda: listens(self.port), f"dovecot listens: {self.dir}/log", 60)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()


class Scripted:
    """Each connection goes to script(socket) in a thread of its own, and is closed when that returns."""

    def __init__(self, script):
        self.script, self.connections, self.heard = script, 0, []
        self.release = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        atexit.register(self.stop)

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        try:
            with connection:
                self.script(self, connection)
        except OSError:
            pass

    def stop(self):
        self.release.set()
        self.listener.close()
