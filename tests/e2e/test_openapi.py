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
from cryptography import x509
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

import der
import kra_client as kra
import tap
from client import Client
from environment import TOP, Environment
from person import Person

DOC = yaml.safe_load((TOP / "docs" / "openapi.yaml").read_text())
# Requests are refused by address after so many wrong passwords; here they are wrong on purpose.
env = Environment("openapi", GATEHOUSE_KRA="P-256", GATEHOUSE_CONF_EXTRA="""
limits { failures = 10000 }
roles { officer_groups = "pki-officers" auditor_groups = "externals" agent_groups = "ring-a" }
""")
FIELDS = {f["name"] for f in env.admin("metadata", "list", "--json")}
set_hypothesis_home_dir(env.scratch / "hypothesis")
# Examples for each operation. bcrypt makes each call of a local administrator slow.
ROLES = {"nobody": 12, "user": 20, "application": 25, "officer": 15, "auditor": 10, "agent": 15, "administrator": 4}
METHODS = ("get", "head", "post", "put", "delete")


def resolve(node):
    while isinstance(node, dict) and "$ref" in node:
        target = DOC
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def remembered(make):
    """A function of a part of the document, which makes of each part what it makes once."""
    made = {}

    def ask(node):
        node = resolve(node)
        if id(node) not in made:
            made[id(node)] = node, make(node)  # the part stays, and so nothing else gets its id
        return made[id(node)][1]
    return ask


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


@remembered
def validator(node):
    schema = json_schema(node)
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


# --- drawing requests --------------------------------------------------------------------------------

ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
                        lambda inner: st.lists(inner, max_size=3) |
                        st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=6)
# What exists, so that not all answers are "not found".
KNOWN = {"id": st.integers(1, 6), "profile": st.sampled_from(["User", "WebServer", "none"]), "v": st.integers(1, 3), "v12": st.integers(1, 2),
         "name": st.sampled_from(["issuing", "root", "ISSUING", "issuing.crl", "issuing.cer", "issuing.pem", "root.p7c"]),
         "If-Match": st.sampled_from(['"v1"', '"v2"', "*"])}
# Strategies are made once: hypothesis looks at each new one for longer than it draws from it.
PARAMETER = st.sampled_from(["known", "valid", "wrong"])
BODY = st.sampled_from(["valid"] * 4 + ["wrong"] * 3 + ["bytes", "none"])
BODY_TYPE = st.sampled_from(["application/json"] * 5 + ["text/plain", "application/json; charset=utf-8"])
BYTES = st.binary(max_size=200)
HEADER_TEXT = st.text(alphabet=string.ascii_letters + string.digits + string.punctuation + " ", max_size=30).map(str.strip)


@remembered
def valid(schema):
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


@remembered
def wrong(schema):
    """Mostly not what the schema says; a body that is an object often misses or bends one member."""
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
    choice = data.draw(PARAMETER)
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
    choice = data.draw(BODY)
    if choice == "none":
        return None, None
    if choice == "bytes" or kind != "application/json":
        return data.draw(BYTES), kind
    body = data.draw(valid(media["schema"]) if choice == "valid" else wrong(media["schema"]))
    return json.dumps(body).encode(), data.draw(BODY_TYPE)


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
            "agent": ("erin", "erin-secret"),
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
    SEEN.setdefault(op.get("operationId"), set()).add(reply.status)
    content = resolve(answers[str(reply.status)]).get("content", {})
    kind = reply.headers.get("content-type", "").split(";")[0].strip()
    if method == "head" or (not reply.body and not content):
        return None
    if kind not in content:
        return f"{reply.status} with type \"{kind}\", documented are {sorted(content) or 'none'}"
    if kind == "application/json":
        try:
            validator(content[kind]["schema"]).validate(json.loads(reply.body))
        except ValueError as e:
            return f"{reply.status}: no JSON: {e}"
        except jsonschema.ValidationError as e:
            return f"{reply.status}: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
    return None


SEEN = {}  # operationId: statuses that were answered


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


def operation_of(method, path):
    """The one of a path, and its form there: the one with the fewest parameters."""
    parts = path.partition("?")[0].split("/")
    fits = [t for t in DOC["paths"] if method.lower() in DOC["paths"][t] and len(t.split("/")) == len(parts) and
            all(a == b or a.startswith("{") for a, b in zip(t.split("/"), parts))]
    return DOC["paths"][min(fits, key=lambda t: t.count("{"))][method.lower()]


class Script(unittest.TestCase):
    """What drawn requests never get to: real keys and requests, from beginning to end. Each answer is judged as well."""

    @classmethod
    def setUpClass(cls):
        for name in {f["name"] for f in env.admin("metadata", "list", "--json")} - FIELDS:  # what was drawn may be required
            env.admin("metadata", "remove", name, "--yes")
        env.await_catalog()
        cls.alice, cls.erin = Person("alice", "alice-secret", env), Person("erin", "erin-secret", env)
        cls.anna = Person(env.var["GATEHOUSE_AGENT_USER"], env.var["GATEHOUSE_AGENT_PASSWORD"], env)
        cls.carol = Person("carol", "carol-secret", env)
        cert = cls.alice.get("/pki/config/kra/cert/transport", Accept="application/pkix-cert").body
        cls.transport = x509.load_der_x509_certificate(cert).public_key()

    def told(self, who, method, path, body=None, status=None, **headers):
        reply = who.send(method, path, body, **headers)
        self.assertIsNone(judge(operation_of(method, path), method.lower(), reply), (method, path, reply.body[:300]))
        if status is not None:
            self.assertEqual(reply.status, status, (method, path, reply.body[:300]))
        return reply

    def archive(self, **more):
        body = {"kind": "symmetric_key", **kra.wrapped_secret(self.transport, bytes(32)), **more}
        return self.told(self.alice, "POST", "/pki/keyrequest/archive", body, 201).json

    def receiver(self):
        return kra.Receiver(self.transport).body

    def decide(self, who, request, status, answer, **headers):
        return self.told(who, "PUT", f"/pki/keyrequest/{request}/status", {"status": status}, answer, **(headers or {"If_Match": "*"}))

    def test_a_recovery(self):
        made = self.archive(client_id="laptop")
        key, request = made["links"]["key"], made["links"]["request"]
        wrapped = kra.wrapped_secret(self.transport, bytes(32))
        self.told(self.alice, "POST", "/pki/keyrequest/archive", {"kind": "symmetric_key", "client_id": "laptop", **wrapped}, 409)
        for path in (request, request + "/status", key, key + "/status", "/pki/keys", "/pki/keyrequests", "/pki/info"):
            self.told(self.alice, "GET", path, status=200)
        asked = self.told(self.alice, "POST", "/pki/keyrequest/recovery", {"key_id": made["key_id"]}, 201).json["id"]
        self.told(self.alice, "POST", key, {"request": asked, **self.receiver()}, 409)
        self.decide(self.erin, asked, "approved", 412, If_Match='"v9"')
        self.told(self.erin, "PUT", f"/pki/keyrequest/{asked}/status", {"status": "approved"}, 428)
        self.decide(self.alice, asked, "approved", 403)
        self.decide(self.erin, asked, "approved", 200)
        self.decide(self.erin, asked, "approved", 409)
        self.decide(self.anna, asked, "approved", 200)
        for _ in range(2):
            self.told(self.alice, "POST", key, {"request": asked, **self.receiver()}, 200)
        self.told(self.erin, "POST", key, {"request": asked, **self.receiver()}, 403)
        path = key + "/status"
        self.told(self.erin, "PUT", path, {"status": "inactive"}, 428)
        self.told(self.erin, "PUT", path, {"status": "inactive"}, 412, If_Match='"v9"')
        self.told(self.erin, "PUT", path, {"status": "inactive"}, 200, If_Match="*")
        self.told(self.erin, "PUT", path, {"status": "inactive"}, 409, If_Match="*")
        self.told(self.alice, "POST", "/pki/keyrequest/recovery", {"key_id": made["key_id"]}, 409)

    def test_keys_that_the_kra_makes(self):
        for path, more in (("/pki/keyrequest/generate", {}), ("/pki/keyrequest/generate/token", {"cuid": "40900612AD53D1C2", "userid": "alice"})):
            wish = {"key_type": "EC", "key_size": 256, **more}
            once = {"Idempotency_Key": path[-9:]}
            self.told(self.erin, "POST", path, {**wish, "archive": True}, 201)
            if more:
                wish["cuid"] = "40900612AD53D1C3"
            self.told(self.erin, "POST", path, {**wish, **self.receiver()}, 207, **once)
            self.told(self.erin, "POST", path, {**wish, "key_size": 384, **self.receiver()}, 409, **once)

    def test_a_request(self):
        csr = kra.b64(der.csr(der.Key(env.scratch, "ec:P-256"), subject=[("CN", "api.example.test")],
                              extensions=[der.extension("subjectAltName", der.san(dns=["api.example.test"]))]))
        once = {"Idempotency_Key": "once"}
        number = self.told(self.alice, "POST", "/pki/request/WebServer", {"pkcs10": csr}, 201, **once).json["id"]
        self.told(self.alice, "POST", "/pki/request/WebServer", {"pkcs10": csr, "metadata": {}}, 409, **once)
        self.told(self.alice, "POST", "/pki/request/WebServer?renew=999999", {"pkcs10": csr}, 404)
        for status in (201, 201, 201, 423):  # a CA without a password: each is wrong
            self.told(self.alice, "POST", "/pki/request/WebServer", {"pkcs10": csr, "approval_password": "guess"}, status)
        path = f"/pki/request/{number}"
        for p in ("/pki/profiles", "/pki/profile/User", "/pki/requests", path, path + "/status"):
            self.told(self.alice, "GET", p, status=200)
        path += "/status"
        self.told(self.carol, "PUT", path, {"status": "rejected"}, 428)
        self.told(self.carol, "PUT", path, {"status": "rejected"}, 412, If_Match='"v9"')
        self.told(self.alice, "PUT", path, {"status": "approved"}, 403, If_Match='"v1"')
        self.told(self.carol, "PUT", path, {"status": "rejected"}, 200, If_Match='"v1"')
        self.told(self.carol, "PUT", path, {"status": "approved"}, 409, If_Match='"v2"')

    def test_a_request_of_the_form(self):
        """JSON as documented; a form, which the document has with the same schema."""
        csr = kra.b64(der.csr(der.Key(env.scratch, "ec:P-256"), subject=[("CN", "alice")]))
        body = {"csr_data": csr, "common_name": "Alice", "purpose_category": "client_auth"}
        once = {"Idempotency_Key": "form"}
        self.told(self.alice, "POST", "/csr/process", body, 201, **once)
        self.told(self.alice, "POST", "/csr/process", {**body, "tenant_id": "x"}, 409, **once)
        self.told(self.alice, "POST", "/csr/process", {**body, "purpose_category": "server_auth"}, 422)
        self.told(self.alice, "POST", "/csr/process", urllib.parse.urlencode(body).encode(), 201,
                  Content_Type="application/x-www-form-urlencoded")
        web = kra.b64(der.csr(der.Key(env.scratch, "ec:P-256"), subject=[("CN", "form.example.test")],
                              extensions=[der.extension("subjectAltName", der.san(dns=["form.example.test"]))]))
        self.told(self.alice, "POST", "/csr/process", {"csr_data": web, "common_name": "form.example.test", "template": "WebServer"}, 202)

    def test_what_each_may_be_refused_for(self):
        """The same for all: nobody, a page of another site, a body that is none, too large, of another type."""
        nobody = Person("alice", "wrong-secret", env)
        for path, method, op, _ in operations():
            if not is_of_workflow(path):
                continue
            # nothing is there with such an id
            real = (path.replace("{id}", "999999").replace("{kid}", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0")
                    .replace("{profile}", "User" if method == "post" else "none"))
            agent = self.carol if path.startswith("/pki/request") else self.erin
            self.told(nobody, method.upper(), real, {} if method != "get" else None, 401)
            if method == "get":
                self.told(agent, "GET", real + "?a=%GG")
                self.told(agent, "GET", real + "?limit=x&other=1")
                self.told(agent, "GET", real)
                continue
            self.told(agent, method.upper(), real, {}, 403, Origin="https://elsewhere.example")
            self.told(agent, method.upper(), real, b"{", 400, If_Match="*")
            self.told(agent, method.upper(), real, b"x" * 100, 415, Content_Type="text/plain")
            self.told(agent, method.upper(), real, b" " * (256 * 1024 + 1), 413)
            self.told(agent, method.upper(), real, {}, 422, If_Match="*")
            body = {"status": "active" if "/pki/key/" in path else "approved"} if method == "put" else {
                "request": 999999, **self.receiver()} if "{kid}" in path else {"key_id": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"}
            if "{" in path or path.endswith("/recovery"):
                self.told(agent, method.upper(), real.replace("/User", "/none"), body, If_Match="*")
        body = {"kind": "private_key", "certificate_id": 999999, **kra.wrapped_secret(self.transport, bytes(32))}
        self.told(self.alice, "POST", "/pki/keyrequest/archive", body, 404)
        for path in ("/pki/info", "/pki/config/kra/cert/transport"):
            etag = self.told(self.alice, "GET", path, status=200).headers["etag"]
            self.told(self.alice, "GET", path, status=304, If_None_Match=etag)


def edges(found):
    """(name, value, whether the document allows it) of parameters of the query."""
    for p in found:
        schema = resolve(p["schema"])
        if p["in"] != "query":
            continue
        for key, step in (("minimum", -1), ("maximum", 1)) if schema.get("type") == "integer" else ():
            if key in schema:
                yield p["name"], schema[key], True
                yield p["name"], schema[key] + step, False
        if "enum" in schema:
            yield p["name"], "nonesuch", False
            yield from ((p["name"], text_of(v), True) for v in schema["enum"])


def is_of_workflow(path):
    return path.startswith(("/pki/key", "/pki/info", "/pki/config", "/pki/profile", "/pki/request"))


class Whole(unittest.TestCase):
    """Runs behind the others: what the document promises of the workflow has been seen."""
    # never here: an unknown host, too many log-ins, faults; of a GET, a head that is none and an application that may not;
    # a gateway without a KRA; one where an agent needs nobody else
    UNSEEN = {421, 429, 500, 502, 503}
    OF_GET = {400, 403}
    ELSEWHERE = {"pki.keys": {404}, "pki.keyrequests": {404}, "pki.kra.transport": {404}, "pki.keyrequest.recovery": {207}}

    def test_every_status_occurs(self):
        missing = {}
        for path, method, op, _ in operations():
            name = op["operationId"]
            if method == "head" or not is_of_workflow(path):
                continue
            wanted = {int(s) for s in op["responses"]} - self.UNSEEN - self.ELSEWHERE.get(name, set())
            if method == "get":
                wanted -= self.OF_GET
            if left := wanted - SEEN.get(name, set()):
                missing[name] = sorted(left)
        self.assertEqual(missing, {})


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
        for ca in ("issuing", "root"):  # what was drawn may have disabled them; those that it did not are refused
            env.admin("ca", "enable", ca, check=False)
        env.await_catalog()

    def test_values_at_the_edge_of_a_parameter(self):
        """What the document allows at most and at least, and what it excludes by one: not only drawn by chance."""
        people, wrong, count = [Person(*ACCOUNTS[role], env) for role in ("officer", "auditor", "administrator", "agent")], [], 0
        for path, method, op, item in operations():
            if method != "get" or not path.startswith("/pki/"):
                continue
            real = path.replace("{id}", "1").replace("{kid}", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0").replace("{profile}", "User").replace("{name}", "issuing")
            for name, value, is_good in edges(parameters(op, item)):
                replies = [who.get(f"{real}?{name}={value}") for who in people]
                known = [r.status for r in replies if r.status not in (403, 404)]  # asked by who may, of what is there
                count += len(known)
                # another parameter may be required
                if (200 in known) if not is_good else (known and 200 not in known and path not in ("/pki/certificate", "/pki/certificate/status")):
                    wrong.append(f"{path}?{name}={value}: {known}")
        self.assertEqual(wrong, [])
        self.assertGreater(count, 100)

    def test_a_wrong_document_is_noticed(self):
        """The judge itself: another status, another type, another form."""
        op = {"responses": {"200": {"content": {"application/json": {"schema": {"type": "object", "required": ["a"]}}}}}}
        good = Client(env).get("/healthz")
        self.assertIn("required", judge(op, "get", good))
        self.assertIn("type", judge({"responses": {"200": {}}}, "get", good))
        self.assertIn("not documented", judge({"responses": {}}, "get", good))


if __name__ == "__main__":
    tap.main()
