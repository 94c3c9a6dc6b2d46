#!/usr/bin/env python3
"""A full queue answers 503 at once and says when to come back; what was queued is still served."""

import threading
import unittest

import der
import tap
from client import Client
from environment import Environment, wait_for

env = Environment("queue", GATEHOUSE_WORKERS="1", GATEHOUSE_CONF_EXTRA="""
gateway { threads = 1 queue = 4 }
database { timeout_ms = 60000 }
""")
GOOD = der.csr(der.Key(env.scratch, "ec:P-256"))


class Queue(unittest.TestCase):
    def test_full_queue(self):
        env.wait_ready()
        replies, lock = [], threading.Lock()

        def send():
            reply = Client(env, timeout=120).enroll(GOOD)
            with lock:
                replies.append(reply)

        env.postgres("freeze")
        try:
            # at most: 4 in the line of the batches, 4 that have left it, one of each at work
            threads = [threading.Thread(target=send) for _ in range(32)]
            for t in threads:
                t.start()
            wait_for(lambda: len(replies) >= 8, "most are turned away", 50)   # before the deadline of the database
            self.assertEqual(Client(env).get("/healthz").status, 200)
        finally:
            env.postgres("thaw")
        for t in threads:
            t.join()
        busy = [r for r in replies if r.status == 503]
        self.assertGreaterEqual(len(busy), 8)
        self.assertIn(200, [r.status for r in replies])
        for reply in busy:
            self.assertIn("retry-after", reply.headers)
        env.wait_ready()
        self.assertEqual(Client(env).enroll(GOOD).status, 200)


if __name__ == "__main__":
    tap.main()
