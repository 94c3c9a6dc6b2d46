"""Somebody with a folder of his own and the command, as on the machine of a user."""

import base64
import json
import os
import subprocess

from client import Client
from environment import BUILD


class CommandUser:
    """Somebody with a folder of his own, and the command."""

    def __init__(self, env, user, password):
        self.env, self.user, self.password = env, user, password
        self.dir = env.scratch / user
        self.dir.mkdir(mode=0o700)
        self.file("password", password + "\n")

    def file(self, name, data):
        path = self.dir / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        path.chmod(0o600)
        return path

    def run(self, *args, **more):
        """stdout, stderr and exit code as they are."""
        variables = {"PATH": os.environ["PATH"], "GATEHOUSE_URL": self.env.var["GATEHOUSE_URL"], "GATEHOUSE_CAFILE": self.env.var["GATEHOUSE_CAFILE"],
                     "no_proxy": "*", **more.pop("env", {})}
        login = more.pop("login", ("--user", self.user, "--password-file", "password"))
        return subprocess.run([str(BUILD / "gatehouse"), *map(str, args), *login], cwd=self.dir, env=variables,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def json(self, *args, status=0):
        """What the command prints with --json, as JSON."""
        done = self.run(*args, "--json")
        if done.returncode != status:
            raise AssertionError(f"gatehouse {args}: status {done.returncode}: {done.stderr.decode()}")
        return json.loads(done.stdout)

    def key(self, *args):
        return self.json("key", *args)

    def refused(self, *args, **more):
        """Exit code of `gatehouse key`, and what was said."""
        done = self.run("key", *args, **more)
        assert done.returncode != 0, done.stdout
        return done.returncode, done.stderr.decode()

    def call(self, method, path, body=None, **headers):
        basic = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        data = json.dumps(body).encode() if body is not None else None
        return Client(self.env).request(method, path, data, {"Authorization": basic, "Content-Type": "application/json", **headers})
