"""Mail servers for tests: Exim with TLS, log-in and maildirs; and one that fails as it is told to."""

import atexit
import email
import email.policy
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path

from environment import free_port, other_clock, wait_for


class Certificates:
    """A CA in a folder, and server certificates of it."""

    def __init__(self, folder):
        self.dir = Path(folder)
        self.dir.mkdir()
        self.ca = self.dir / "ca.crt"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                     "-subj", "/CN=Test mail CA", "-keyout", "ca.key", "-out", "ca.crt")

    def openssl(self, *args, **variables):
        subprocess.run(["openssl", *args], cwd=self.dir, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       env={**os.environ, **variables})

    def server(self, name, san="DNS:localhost,IP:127.0.0.1", days=30):
        """(certificate, key); days < 0: has expired. """
        (self.dir / f"{name}.ext").write_text(f"subjectAltName={san}\nextendedKeyUsage=serverAuth\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr")
        sign = ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-extfile", f"{name}.ext", "-out", f"{name}.crt", "-days", str(days)]
        if days < 0:
            self.openssl(*sign[:-1], "1", **other_clock("-30d"))
        else:
            self.openssl(*sign)
        return self.dir / f"{name}.crt", self.dir / f"{name}.key"


class Exim:
    """Debian's mail server, with TLS, a log-in that it insists on, and one maildir for all. As root, which it is made for."""
    USER, PASSWORD = "gatehouse", "correct horse battery"
    CONF = """
exim_user = Debian-exim
exim_group = Debian-exim
primary_hostname = mail.example.test
spool_directory = {dir}/spool
log_file_path = {dir}/log/%slog
pid_file_path = {dir}/spool/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {starttls} : {smtps}
tls_on_connect_ports = {smtps}
tls_advertise_hosts = *
tls_certificate = {crt}
tls_privatekey = {key}
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = check
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
keep_environment =
deliver_drop_privilege = true
begin acl
check:
  deny message = TLS first
    condition = ${{if eq{{$tls_in_cipher}}{{}}}}
  deny message = log in first
    !authenticated = *
  deny message = no such mailbox
    recipients = nobody@*
  accept
begin routers
all:
  driver = accept
  transport = keep
begin transports
keep:
  driver = appendfile
  maildir_format
  directory = {dir}/mail
  create_directory
  user = Debian-exim
  envelope_to_add
  return_path_add
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""

    def __init__(self, folder, certificates):
        self.dir = Path(folder)
        self.dir.mkdir()
        self.dir.chmod(0o755)
        self.starttls, self.smtps = free_port(), free_port()
        crt, key = certificates.server("exim")
        for name, user in (("spool", "Debian-exim"), ("log", "Debian-exim"), ("mail", "Debian-exim")):
            (self.dir / name).mkdir()
            shutil.chown(self.dir / name, user)
        for f in (crt, key):
            shutil.copy(f, self.dir)
            shutil.chown(self.dir / f.name, "Debian-exim")
        (self.dir / "exim.conf").write_text(self.CONF.format(
            dir=self.dir, starttls=self.starttls, smtps=self.smtps, crt=self.dir / crt.name, key=self.dir / key.name,
            user=self.USER, password=self.PASSWORD))
        (self.dir / "exim.conf").chmod(0o644)
        self.process = None
        atexit.register(self.stop)
        self.start()

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/exim4", "-bdf", "-q1m", "-C", str(self.dir / "exim.conf")],
                                        stdin=subprocess.DEVNULL, start_new_session=True)
        for port in (self.starttls, self.smtps):
            wait_for(lambda port=port: self.listens(port), f"exim on port {port}: {self.dir}/log")

    def listens(self, port):
        assert self.process.poll() is None, f"exim has ended: {self.dir}/log"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()
        self.process = None

    def messages(self):
        """All mails that were delivered, as they lie in the maildir."""
        found = sorted((self.mail / "new").glob("*")) if (self.mail / "new").is_dir() else []
        return [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in found]

    @property
    def mail(self):
        return self.dir / "mail"

    def sessions(self):
        """How many connections brought mail."""
        return len(set(re.findall(r" X=\S+ .*? id=\S+", (self.dir / "log" / "mainlog").read_text())))


class FaultyServer:
    """Speaks SMTP as its script says: a function of (server, verb) gives the reply to a command, None for the usual
    one; it may close the connection by raising, or sleep on `self.release`. Mails that it took are in `taken`."""

    def __init__(self, script=None, tls=None, greeting=b"220 test ESMTP\r\n", implicit=False):
        self.script, self.greeting, self.tls, self.implicit = script, greeting, tls, implicit
        self.taken, self.commands, self.connections = [], [], 0
        self.release = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def refuse(self):
        """No connection is taken any more. The thread ends before the descriptor is closed: the next server gets the same
        number, and a thread that waits on it would take that one's connections."""
        if self.thread.is_alive():
            self.listener.shutdown(socket.SHUT_RDWR)
            self.thread.join()
        self.listener.close()

    def close(self):
        self.release.set()
        self.refuse()

    def talk(self, connection):
        try:
            with connection:
                if self.implicit:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                self.dialogue(connection)
        except (OSError, EOFError, ssl.SSLError):
            pass

    def dialogue(self, connection):
        connection.sendall(self.greeting)
        lines = connection.makefile("rb")
        while line := lines.readline(65536):
            verb = line.split()[0].decode(errors="replace").upper() if line.split() else ""
            self.commands.append(line.decode(errors="replace").rstrip())
            reply = self.script(self, verb) if self.script else None
            connection.sendall(reply if reply is not None else self.usual(verb))
            if verb == "AUTH" and reply is None:
                self.commands.append(lines.readline(65536).decode())
                connection.sendall(b"235 ok\r\n")
            if verb == "STARTTLS" and reply is None:
                connection = self.tls.wrap_socket(connection, server_side=True)
                lines = connection.makefile("rb")
            if verb == "DATA" and reply is None:
                body = b""
                while (part := lines.readline(65536)) not in (b".\r\n", b""):
                    body += part
                reply = self.script(self, "CONTENT") if self.script else None
                if reply is None:
                    self.taken.append(body)
                connection.sendall(reply if reply is not None else b"250 2.0.0 taken\r\n")
            if verb == "QUIT":
                return

    def usual(self, verb):
        if verb == "EHLO":
            return b"250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n" if self.tls else b"250 test\r\n"
        return {"STARTTLS": b"220 go\r\n", "AUTH": b"334 \r\n", "DATA": b"354 go\r\n",
                "QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n")
