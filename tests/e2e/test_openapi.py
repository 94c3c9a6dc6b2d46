#!/usr/bin/python3
"""The running gateway against docs/openapi.yaml: whatever is asked, by whomever, the answer has a status, a type and a
form that the document names. Requests are made from the document's own schemas, valid ones and wrong ones; Debian's
python3-hypothesis draws them, the same ones in each run. (schemathesis is not in Debian: tests/README.md has the
command for a run by hand.)"""

import base64
import json
import string
import unittest
import urllib.parse

import jsonschema
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

import der
import tap
from client import Client
from environment import TOP, Environment

DOC = yaml.safe_load((TOP / "docs" / "openapi.yaml").read_text())
# Requests are refused by address after so many wrong passwords; here they are wrong on purpose.
env = Environment("openapi", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
limits { failures = 10000 }
roles { officer_groups = "pki-officers" auditor_groups = "externals" }
""")
set_hypothesis_home_dir(env.scratch / "hypothesis")
# Examples for each operation. bcrypt makes each call of a local administrator slow.
ROLES = {"nobody": 12, "user": 20, "application": 25, "officer": 15, "auditor": 10, "agent": 4, "administrator": 4}
METHODS = ("get", "head", "post", "put", "delete")


def resolve(node):
    while isinstance(node, dict) and "$ref" in node:
        target = DOC
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def json_schema(node):
    """A schema of OpenAPI 3.0 as one of JSON Schema: references replaced, nullable told by the type."""
    node = resolve(node)
    if isinstance(node, list):
        return [json_schema(n) for n in node]
    if not isinstance(node, dict):
        return node
    out = {k: json_schema(v) for k, v in node.items() if k not in ("nullable", "example", "description")}
    if isinstance(node.get("properties"), dict):
        out["properties"] = {k: json_schema(v) for k, v in node["properties"].items()}
    if node.get("nullable") and "type" in out:
        out["type"] = [out["type"], "null"]
    return out


# --- drawing requests --------------------------------------------------------------------------------

ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
                        lambda inner: st.lists(inner, max_size=3) |
                        st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=6)
# What exists, so that not all answers are "not found".
KNOWN = {"id": st.integers(1, 6), "profile": st.sampled_from(["User", "WebServer", "none"]), "v": st.integers(1, 3), "v12": st.integers(1, 2),
         "name": st.sampled_from(["issuing", "root", "ISSUING", "issuing.crl", "issuing.cer", "issuing.pem", "root.p7c"]),
         "If-Match": st.sampled_from(['"v1"', '"v2"', "*"])}
HEADER_TEXT = st.text(alphabet=string.ascii_letters + string.digits + string.punctuation + " ", max_size=30).map(str.strip)


def valid(schema):
    schema = resolve(schema)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "oneOf" in schema:
        return st.one_of([valid(s) for s in schema["oneOf"]])
    kind = schema.get("type")
    if kind == "integer":
        return st.integers(schema.get("minimum", -10), schema.get("maximum", 2**33))
    if kind == "boolean":
        return st.booleans()
    if kind == "array":
        return st.lists(valid(schema.get("items", {})), max_size=3)
    if kind == "object":
        needed = {k: valid(schema["properties"][k]) for k in schema.get("required", [])}
        more = {k: valid(v) for k, v in schema.get("properties", {}).items() if k not in needed}
        return st.fixed_dictionaries(needed, optional=more)
    if kind == "string":
        if schema.get("format") == "date-time":
            return st.sampled_from(["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678+01:00"])
        if "pattern" in schema:
            return st.from_regex(schema["pattern"], fullmatch=True).map(lambda s: s[:80])
        return st.text(min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 40), 300))
    return ANYTHING


def wrong(schema):
    """Mostly not what the schema says; a body that is an object often misses or bends one member."""
    schema = resolve(schema)
    if "oneOf" in schema:
        return st.one_of([wrong(s) for s in schema["oneOf"]])
    if schema.get("type") != "object" or not schema.get("properties"):
        return ANYTHING

    def bend(pair):
        body, (name, value, drop) = pair
        body = dict(body)
        if drop:
            body.pop(name, None)
        else:
            body[name] = value
        return body
    names = st.sampled_from(sorted(schema["properties"]) + ["unknown"])
    return st.tuples(valid(schema), st.tuples(names, ANYTHING, st.booleans())).map(bend) | ANYTHING


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value)


def parameters(op, item):
    return [resolve(p) for p in item.get("parameters", []) + op.get("parameters", [])]


def draw_parameter(data, p):
    choice = data.draw(st.sampled_from(["known", "valid", "wrong"]))
    if choice == "known" and p["name"] in KNOWN:
        return text_of(data.draw(KNOWN[p["name"]]))
    if p["in"] == "header":
        return data.draw(HEADER_TEXT)
    return text_of(data.draw(valid(p["schema"]) if choice != "wrong" else wrong(p["schema"])))


def draw_body(data, op):
    """(bytes or None, Content-Type or None)"""
    content = op.get("requestBody", {}).get("content", {})
    if not content:
        return None, None
    kind, media = next(iter(content.items()))
    choice = data.draw(st.sampled_from(["valid"] * 4 + ["wrong"] * 3 + ["bytes", "none"]))
    if choice == "none":
        return None, None
    if choice == "bytes" or kind != "application/json":
        return data.draw(st.binary(max_size=200)), kind
    body = data.draw(valid(media["schema"]) if choice == "valid" else wrong(media["schema"]))
    return json.dumps(body).encode(), data.draw(st.sampled_from([kind] * 5 + ["text/plain", "application/json; charset=utf-8"]))


def draw_request(data, path, op, item):
    query, headers = [], {}
    for p in parameters(op, item):
        if not p.get("required") and data.draw(st.booleans()):
            continue
        value = draw_parameter(data, p)
        if p["in"] == "path":
            path = path.replace("{%s}" % p["name"], urllib.parse.quote(value[:80].encode(errors="replace"), safe="") or "x")
        elif p["in"] == "query":
            query.append((p["name"], value.encode(errors="replace")))
        else:
            headers[p["name"]] = value
    body, kind = draw_body(data, op)
    if kind is not None:
        headers["Content-Type"] = kind
    if query:
        path += "?" + urllib.parse.urlencode(query)
    return path, headers, body


# --- roles -------------------------------------------------------------------------------------------

ACCOUNTS = {"user": ("alice", "alice-secret"), "application": ("alice", "alice-secret"),
            "officer": ("carol", "carol-secret"), "auditor": ("bob", "bob-secret"),
            "agent": (env.var["GATEHOUSE_AGENT_USER"], env.var["GATEHOUSE_AGENT_PASSWORD"]),
            "administrator": (env.var["GATEHOUSE_ADMIN_USER"], env.var["GATEHOUSE_ADMIN_PASSWORD"])}


def credentials(role, body):
    if role not in ACCOUNTS:
        return {}
    pair = ":".join(ACCOUNTS[role])
    out = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    if role == "application":
        signer = Client(env)
        out |= {"X-CSS-CMS-AppKey": signer.app_key, "X-CSS-CMS-Signature": signer.signature(body or b"")}
    return out


# --- judging answers ---------------------------------------------------------------------------------

def judge(op, method, reply):
    """What is wrong with this answer; None: it is as documented."""
    answers = op["responses"]
    if str(reply.status) not in answers:
        return f"status {reply.status} is not documented"
    content = resolve(answers[str(reply.status)]).get("content", {})
    kind = reply.headers.get("content-type", "").split(";")[0].strip()
    if method == "head" or (not reply.body and not content):
        return None
    if kind not in content:
        return f"{reply.status} with type \"{kind}\", documented are {sorted(content) or 'none'}"
    if kind == "application/json":
        try:
            jsonschema.validate(json.loads(reply.body), json_schema(content[kind]["schema"]))
        except ValueError as e:
            return f"{reply.status}: no JSON: {e}"
        except jsonschema.ValidationError as e:
            return f"{reply.status}: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
    return None


def operations():
    for path, item in sorted(DOC["paths"].items()):
        for method in METHODS:
            if method in item:
                yield path, method, item[method], item


def check_operation(role, examples, path, method, op, item):
    """Returns the complaints, each with one request that shows it."""
    complaints = {}
    caller = Client(env).keep()

    @settings(max_examples=examples, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(st.data())
    def run(data):
        target, headers, body = draw_request(data, path, op, item)
        headers = {k: v for k, v in headers.items() if v} | credentials(role, body)
        try:
            reply = caller.request(method.upper(), target, body=body, headers=headers)
        except (ConnectionError, OSError) as e:
            caller.keep()
            complaints.setdefault(f"no answer: {type(e).__name__}", (target, headers, body))
            return
        except Exception:  # the connection was closed after an answer: the next request opens another one
            caller.keep()
            reply = caller.request(method.upper(), target, body=body, headers=headers)
        if reply.headers.get("connection") == "close":
            caller.keep()
        why = judge(op, method, reply)
        if why is not None:
            complaints.setdefault(why, (target, {k: v for k, v in headers.items() if k != "Authorization"}, body,
                                        reply.body[:200]))

    run()
    return complaints


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        key = der.Key(env.scratch, "ec:P-256")
        for _ in range(3):
            assert Client(env).enroll(der.csr(key)).status == 200

    def check_role(self, role):
        wrong_answers, count = [], 0
        for path, method, op, item in operations():
            count += 1
            for why, request in check_operation(role, ROLES[role], path, method, op, item).items():
                wrong_answers.append(f"{method} {path}: {why}\n    {request}")
        self.assertGreater(count, 25)
        self.assertEqual(wrong_answers, [], "\n" + "\n".join(wrong_answers))

    def test_nobody(self):
        self.check_role("nobody")

    def test_user(self):
        self.check_role("user")

    def test_application(self):
        self.check_role("application")

    def test_officer(self):
        self.check_role("officer")

    def test_auditor(self):
        self.check_role("auditor")

    def test_agent(self):
        self.check_role("agent")

    def test_administrator(self):
        self.check_role("administrator")

    def test_a_wrong_document_is_noticed(self):
        """The judge itself: another status, another type, another form."""
        op = {"responses": {"200": {"content": {"application/json": {"schema": {"type": "object", "required": ["a"]}}}}}}
        good = Client(env).get("/healthz")
        self.assertIn("required", judge(op, "get", good))
        self.assertIn("type", judge({"responses": {"200": {}}}, "get", good))
        self.assertIn("not documented", judge({"responses": {}}, "get", good))


if __name__ == "__main__":
    tap.main()
