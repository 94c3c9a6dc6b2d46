"""Clients that enroll without pause and remember what they were answered."""

import collections
import http.client
import threading
import time

import der
from client import Client


class Load:
    """Context: count clients enroll until the end of the block. Every answer is kept."""

    def __init__(self, env, csr, count=6, timeout=20.0, pause=0.0):
        self.env, self.csr, self.timeout, self.pause = env, der.b64(csr), timeout, pause
        self.serials, self.status = [], collections.Counter()
        self.last_good = 0.0
        self.good_at = []
        self.other = []
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(count)]

    def run(self):
        client = Client(self.env, timeout=self.timeout).keep()
        while not self.stop.is_set():
            try:
                self.note(client.enroll(self.csr))
            except (OSError, http.client.HTTPException) as e:
                with self.lock:
                    self.status[type(e).__name__] += 1
                client.keep()
                time.sleep(0.05)
            time.sleep(self.pause)

    def note(self, reply):
        with self.lock:
            self.status[reply.status] += 1
            if reply.status == 200:
                self.serials.append(reply.json["SerialNumber"])
                self.last_good = time.monotonic()
                self.good_at.append(self.last_good)
            elif reply.status != 503:
                self.other.append((reply.status, reply.body[:300]))

    def answered(self):
        with self.lock:
            return len(self.serials)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *exc):
        self.stop.set()
        for t in self.threads:
            t.join(self.timeout + 5)

    def check(self, test):
        """No certificate answered that is not in the database, no serial twice; nothing but good answers,
        503 and broken connections."""
        test.assertTrue(self.serials, self.status)
        test.assertEqual(len(set(self.serials)), len(self.serials), "a serial number was answered twice")
        test.assertEqual(self.other, [], self.status)
        known = {row[0] for row in self.env.sql("select upper(encode(serial, 'hex')) from certificate")}
        test.assertEqual(set(self.serials) - known, set(), "answered, but not in the database")
        test.assertEqual(self.env.sql("select serial, count(*) from certificate group by 1 having count(*) > 1"), [])
