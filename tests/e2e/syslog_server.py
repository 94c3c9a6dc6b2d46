"""A collector of syslog: Debian's rsyslog over TLS, on a port of its own, and one that misbehaves in its place."""

import atexit
import contextlib
import re
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from environment import free_port, wait_for

CONF = """
global(workDirectory="{dir}" maxMessageSize="8k" processInternalMessages="on" defaultNetstreamDriverCAFile="{dir}/ca.pem"
       defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{certificate}")
module(load="imtcp" {driver})
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="raw" type="string" string="%inputname% %rawmsg%\\n")
template(name="parsed" type="string" string="%msgid%|%app-name%|%structured-data%\\n")
action(type="omfile" file="{dir}/{raw}" template="raw")
action(type="omfile" file="{dir}/parsed" template="parsed")
"""
MESSAGE = re.compile(r"^imtcp <(?P<pri>\d+)>1 (?P<time>\S+) (?P<host>\S+) (?P<app>\S+) - (?P<msgid>\S+) \[gatehouse@32473(?P<data>.*?)\] \ufeff")


class SyslogServer:
    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="gatehouse-syslog-", dir="/tmp"))
        self.dir.chmod(0o711)
        atexit.register(shutil.rmtree, self.dir, ignore_errors=True)
        self.port = free_port()
        self.options = f'host = "localhost" port = {self.port} ca_file = "{self.dir}/ca.pem"'
        self.server = self.make("server", "localhost")
        self.client, self.other = self.make("client", "gatehouse"), self.make("other", "gatehouse", "other-ca")
        for path in self.dir.iterdir():
            path.chmod(0o644)
        self.process = None

    def make(self, file, name, ca="ca"):
        """A certificate, with its key in the same file."""
        def openssl(*args):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            *map(str, args)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        issuer, path, key = self.dir / f"{ca}.pem", self.dir / f"{file}.pem", self.dir / f"{file}.key"
        if not issuer.exists():
            openssl("-subj", f"/CN={ca}", "-keyout", issuer.with_suffix(".key"), "-out", issuer)
        openssl("-subj", f"/CN={file}", "-addext", f"subjectAltName=DNS:{name}", "-addext", "basicConstraints=critical,CA:FALSE",
                "-CA", issuer, "-CAkey", issuer.with_suffix(".key"), "-keyout", key, "-out", path)
        path.write_bytes(path.read_bytes() + key.read_bytes())
        return path

    # --- rsyslog -------------------------------------------------------------------------------
    def start(self, certificate=None, asks=False, tls=True):
        driver = (f'streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="{"x509/certvalid" if asks else "anon"}"'
                  if tls else "")
        conf = self.dir / "rsyslog.conf"
        conf.write_text(CONF.format(dir=self.dir, certificate=certificate or self.server, driver=driver, port=self.port,
                                    raw="raw" if tls else "garbage"))
        started = self.own_messages()
        self.process = subprocess.Popen(["/usr/sbin/rsyslogd", "-n", "-f", conf, "-i", self.dir / "pid"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # rsyslog 8.2302 closes the socket of a TLS connection twice (its pull request 6375). A file that is opened between
        # these is closed by the second, and what is written to it then goes into the next connection: so its own first
        # message opens the files before there is one.
        wait_for(lambda: self.own_messages() > started, "rsyslog has its files open")
        wait_for(self.is_up, "rsyslog listens")

    def own_messages(self):
        return self.parsed().count("|rsyslogd|")

    def is_up(self):
        assert self.process.poll() is None, "rsyslog has ended"
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *why):
        self.stop()

    @contextlib.contextmanager
    def like(self, name="localhost", is_trusted=True, tls=True, asks=False):
        self.start(self.make("odd", name, "ca" if is_trusted else "other-ca"), asks, tls)
        try:
            yield self
        finally:
            self.stop()

    # --- collectors that misbehave ----------------------------------------------------------------
    @contextlib.contextmanager
    def instead(self, serve):
        """serve(sock) has one connection, in a thread."""
        listener = socket.create_server(("127.0.0.1", self.port))
        held = []

        def run():
            with contextlib.suppress(OSError):
                held.append(listener.accept()[0])
                serve(held[0])
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.close()
            thread.join(20)
            for sock in held:
                sock.close()

    def silent(self):
        """Takes a connection, and says nothing."""
        return self.instead(lambda sock: None)

    def handshake(self, sock):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        return context.wrap_socket(sock, server_side=True)

    def without_close_notify(self):
        """Reads all, and ends its socket only: what anybody on the way can do, who swallows what is sent."""
        def serve(sock):
            tls = self.handshake(sock)
            while tls.recv(65536):
                pass
            tls.close()
        return self.instead(serve)

    def with_more_behind(self):
        """Ends TLS as it should, and sends on."""
        def serve(sock):
            tls = self.handshake(sock)
            while tls.recv(65536):
                pass
            tls.unwrap().send(b"x")
            tls.close()
        return self.instead(serve)

    def ending_first(self):
        """Ends TLS with its Finished, which is the last of the handshake of TLS 1.2; then swallows all."""
        def serve(sock):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.server)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls, is_done = context.wrap_bio(incoming, outgoing, server_side=True), False
            while not is_done:
                incoming.write(sock.recv(65536))
                with contextlib.suppress(ssl.SSLWantReadError):
                    tls.do_handshake()
                    is_done = True
                    tls.unwrap()
                sock.sendall(outgoing.read())
            while sock.recv(65536):
                pass
            sock.close()
        return self.instead(serve)

    def dripping(self, seconds):
        """Begins a long record of the handshake, and sends a byte of it now and then."""
        def serve(sock):
            end = time.monotonic() + seconds
            sock.recv(65536)
            sock.sendall(b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb")
            while time.monotonic() < end:
                sock.sendall(b"\0")
                time.sleep(0.2)
        return self.instead(serve)

    def dying(self):
        """Reads a little over TLS, and is gone by a reset."""
        def serve(sock):
            tls = self.handshake(sock)
            tls.recv(100)
            tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            tls.close()
        return self.instead(serve)

    # --- what came ---------------------------------------------------------------------------------
    def messages(self):
        """Each as it came: pri, time, host, app, msgid, and the structured data."""
        found, path = [], self.dir / "raw"
        for line in path.read_text().splitlines() if path.exists() else []:
            if line.startswith("rsyslogd "):
                continue  # its own
            m = MESSAGE.match(line)
            assert m, line
            data = {k: re.sub(r'\\([\\"\]])', r"\1", v) for k, v in re.findall(r' (\w+)="((?:[^"\\]|\\.)*)"', m["data"])}
            found.append({**data, "id": int(data["id"]), "pri": int(m["pri"]), "time": m["time"], "host": m["host"], "app": m["app"],
                          "msgid": m["msgid"]})
        return found

    def parsed(self):
        path = self.dir / "parsed"
        return path.read_text() if path.exists() else ""
