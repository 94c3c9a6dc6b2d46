"""What a client of the key recovery authority does, with Python's cryptography, which knows nothing of us: RSA-OAEP,
ECDH-ES+A256KW (RFC 7518, 4.6), AES-GCM, AES-KW and AES-KWP, as docs/kra.md has them."""

import base64
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from client import Client
from person import Person


def b64(data):
    return base64.b64encode(data).decode()


def spki(public):
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pkcs8(private):
    return private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                 serialization.NoEncryption())


def make_key(kind):
    if kind.startswith("RSA-"):
        return rsa.generate_private_key(65537, int(kind[4:]))
    return ec.generate_private_key({"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}[kind])


def secret_bytes(private):
    """Bytes of a private key that nothing but the key has."""
    numbers = private.private_numbers()
    value = numbers.private_value if hasattr(numbers, "private_value") else numbers.p
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def wrap_session_key(transport, key, use=""):
    """transport: a public key. use: "-RELEASE" of what comes back."""
    if isinstance(transport, rsa.RSAPublicKey):
        name = "RSA-OAEP-256" + use
        oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=name.encode() if use else None)
        return {"algorithm": name, "value": b64(transport.encrypt(key, oaep))}
    ephemeral = ec.generate_private_key(transport.curve)
    name = b"ECDH-ES+A256KW" + use.encode()
    info = len(name).to_bytes(4, "big") + name + bytes(4) + bytes(4) + (256).to_bytes(4, "big")
    kek = ConcatKDFHash(hashes.SHA256(), 32, info).derive(ephemeral.exchange(ec.ECDH(), transport))
    return {"algorithm": name.decode(), "ephemeral": b64(spki(ephemeral.public_key())),
            "value": b64(keywrap.aes_key_wrap(kek, key))}


def unwrap_session_key(private, wrapped, use=""):
    """The way back, with the private transport key."""
    value = base64.b64decode(wrapped["value"])
    if isinstance(private, rsa.RSAPrivateKey):
        name = "RSA-OAEP-256" + use
        assert wrapped["algorithm"] == name, wrapped
        return private.decrypt(value, padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=name.encode() if use else None))
    name = b"ECDH-ES+A256KW" + use.encode()
    assert wrapped["algorithm"] == name.decode(), wrapped
    ephemeral = serialization.load_der_public_key(base64.b64decode(wrapped["ephemeral"]))
    info = len(name).to_bytes(4, "big") + name + bytes(4) + bytes(4) + (256).to_bytes(4, "big")
    kek = ConcatKDFHash(hashes.SHA256(), 32, info).derive(private.exchange(ec.ECDH(), ephemeral))
    return keywrap.aes_key_unwrap(kek, value)


def wrap(algorithm, key, secret):
    if algorithm.endswith("GCM"):
        iv = os.urandom(12)
        return {"algorithm": algorithm, "iv": b64(iv), "value": b64(AESGCM(key).encrypt(iv, secret, None))}
    function = keywrap.aes_key_wrap_with_padding if algorithm.endswith("KWP") else keywrap.aes_key_wrap
    return {"algorithm": algorithm, "value": b64(function(key, secret))}


def unwrap(algorithm, key, released):
    value = base64.b64decode(released["value"])
    if algorithm.endswith("GCM"):
        return AESGCM(key).decrypt(base64.b64decode(released["iv"]), value, None)
    assert "iv" not in released, released
    function = keywrap.aes_key_unwrap_with_padding if algorithm.endswith("KWP") else keywrap.aes_key_unwrap
    return function(key, value)


def new_session_key(algorithm):
    return os.urandom(int(algorithm.split("-")[1]) // 8)


def wrapped_secret(transport, secret, algorithm="AES-256-GCM"):
    """Members of a body that archives a secret."""
    key = new_session_key(algorithm)
    return {"session_key": wrap_session_key(transport, key), "secret": wrap(algorithm, key, secret)}


class Receiver:
    """Somebody to whom a key goes: the members that say how, and the way back."""

    def __init__(self, transport, algorithm="AES-256-GCM", use="-RELEASE"):
        self.algorithm, self.key = algorithm, new_session_key(algorithm)
        self.body = {"format": "wrapped", "session_key": wrap_session_key(transport, self.key, use), "algorithm": algorithm}

    def open(self, released):
        return unwrap(self.algorithm, self.key, released)


def pkcs12_body(transport, password, algorithm="AES-256-GCM", **more):
    key = new_session_key(algorithm)
    return {"format": "pkcs12", "session_key": wrap_session_key(transport, key, "-RELEASE"),
            "password": wrap(algorithm, key, password.encode()), **more}


class Caller(Person):
    """Somebody who archives, asks, agrees and retrieves; each call must succeed. For tests of what becomes of keys: what the
    API refuses, test_kra_rest.py has."""

    def must(self, status, *args, **kw):
        reply = self.send(*args, **kw)
        assert reply.status == status, (args[:2], reply.status, reply.body)
        return reply.json

    def transport(self):
        reply = self.send("GET", "/pki/config/kra/cert/transport", Accept="application/pkix-cert")
        return x509.load_der_x509_certificate(reply.body).public_key()

    def archive(self, secret, transport=None, **more):
        """A private key, or bytes of a symmetric key. Its id."""
        transport = transport or self.transport()
        if isinstance(secret, bytes):
            body = {"kind": "symmetric_key", "algorithm": "AES", **wrapped_secret(transport, secret)}
        else:
            body = {"kind": "private_key", "public_key": b64(spki(secret.public_key())),
                    **wrapped_secret(transport, pkcs8(secret))}
        return self.must(201, "POST", "/pki/keyrequest/archive", {**body, **more})["key_id"]

    def approved(self, key_id, *agents):
        """A request for recovery to which these have agreed."""
        request = self.must(201, "POST", "/pki/keyrequest/recovery", {"key_id": key_id})["id"]
        for agent in agents:
            reply = agent.decide(request, "approved")
            assert reply.status == 200, reply.body
        return request

    def retrieve(self, key_id, request):
        receiver = Receiver(self.transport())
        return receiver.open(self.must(200, "POST", f"/pki/key/{key_id}", {"request": request, **receiver.body}))

    def recover(self, key_id, *agents):
        return self.retrieve(key_id, self.approved(key_id, *agents))


def callers(env, url=None):
    """A user and two agents; url: of another node."""
    all_of_them = [Caller(env.var[f"GATEHOUSE_{w}USER"], env.var[f"GATEHOUSE_{w}PASSWORD"], env) for w in ("", "AGENT_", "AGENT2_")]
    for one in all_of_them if url else ():
        one.client = Client(env, url=url)
    return all_of_them
