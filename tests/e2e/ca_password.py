"""The REST API of CA key passwords, as the tests use it."""

import base64
import json
from pathlib import Path

from client import Client

ISSUING = "issuing"


class Passwords:
    """One node's API as one person. Every password ever sent is kept, so that a test can look for it later."""

    sent = set()
    in_force = {}                # of each CA: what was set or changed last, with success or not known

    def __init__(self, env, who="ADMIN", var=None, timeout=60.0):
        self.var = {**env.var, **(var or {})}
        self.client = Client(self, timeout=timeout)
        self.who = who

    def headers(self):
        if self.who is None:
            return {}
        name = "" if self.who == "USER" else self.who + "_"
        user = self.var["GATEHOUSE_USER" if not name else f"GATEHOUSE_{name}USER"]
        password = self.var[f"GATEHOUSE_{name}PASSWORD"]
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}

    def raw(self, method, operation, body=None, ca=ISSUING, **headers):
        return self.client.request(method, f"/api/v1/certificate-authorities/{ca}/password/{operation}", body,
                                   {**self.headers(), **headers})

    def json(self, method, operation, members, ca=ISSUING):
        for name, value in members.items():
            if "password" in name and isinstance(value, str) and len(value) > 7:
                self.sent.add(value)
        return self.raw(method, operation, json.dumps(members).encode(), ca, **{"Content-Type": "application/json"})

    def set(self, password, again=None, **kw):
        self.note(password, **kw)
        return self.json("POST", "set", {"password": password, "password_confirmation": again or password}, **kw)

    def note(self, password, ca=ISSUING):
        self.in_force.setdefault(ca, []).append(password)

    def remove(self, password, **kw):
        return self.json("DELETE", "remove", {"current_password": password}, **kw)

    def change(self, current, new, again=None, name="new_password_confirmation", **kw):
        self.note(new, **kw)
        return self.json("PUT", "change", {"current_password": current, "new_password": new, name: again or new}, **kw)

    def unlock(self, password, seconds=None, **kw):
        members = {"password": password}
        if seconds is not None:
            members["seconds"] = seconds
        return self.json("POST", "unlock", members, **kw)

    def lock(self, **kw):
        return self.raw("POST", "lock", b"", **kw)

    def status(self, **kw):
        return self.raw("GET", "status", **kw)


def reset(env, admin):
    """The issuing CA's key out of any lockout and without a password."""
    env.sql("update ca_password set attempts = 0, lockouts = 0, locked_until = null")
    if not admin.status().json["requires_private_key_password"]:
        return
    for password in reversed(Passwords.in_force[ISSUING]):
        env.sql("update ca_password set attempts = 0, locked_until = null")
        if admin.remove(password).status == 200:
            return
    raise AssertionError("no known password opens the key")


def events(env, since, event="ca.password.%"):
    """(event, outcome, object, detail, actor) of audit rows behind an id."""
    return [tuple(r) for r in env.sql("select event, outcome, object, coalesce(detail, ''), actor from audit "
                                      f"where id > {since} and event like '{event}' order by id")]


def last_audit(env):
    return env.count("select coalesce(max(id), 0) from audit")


def password_file(env, text):
    path = Path(env.scratch) / "password"
    path.write_text(text + "\n")
    Passwords.sent.add(text)
    Passwords.in_force.setdefault(ISSUING, []).append(text)
    return path
