"""Somebody in the place of a gateway: a worker that was taken over, which passes calls on and alters what it likes; or a
server that is no gateway. It has the certificate of the real one."""

import http.client
import http.server
import json
import ssl
import threading
import urllib.parse


class LyingGateway:
    def __init__(self, env):
        self.env, self.seen, self.alter, self.answer, self.loses = env, [], None, None, 0
        tls = env.dir / "state" / "tls"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "server.crt", tls / "server.key")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients that went away
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(self):
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def serve(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                gateway.seen.append((self.command, self.path, body))
                if gateway.answer is not None:
                    self.wfile.write(gateway.answer)
                else:
                    self.pass_on(body)
                self.close_connection = True

            do_GET = do_POST = do_PUT = serve

            def pass_on(self, body):
                """alter(method, path, value, is_question): the JSON that goes on, of the question or the answer."""
                if gateway.alter is not None and body:
                    body = json.dumps(gateway.alter(self.command, self.path, json.loads(body), True)).encode()
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length", "connection")}
                real = urllib.parse.urlsplit(gateway.env.var["GATEHOUSE_URL"])
                context = ssl.create_default_context(cafile=gateway.env.var["GATEHOUSE_CAFILE"])
                to = http.client.HTTPSConnection(real.hostname, real.port, context=context, timeout=60)
                to.request(self.command, self.path, body or None, headers)
                reply = to.getresponse()
                data = reply.read()
                to.close()
                if gateway.alter is not None and data:
                    data = json.dumps(gateway.alter(self.command, self.path, json.loads(data), False)).encode()
                if gateway.loses > 0 and self.command == "POST":
                    gateway.loses -= 1
                    return
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        return Handler

    def close(self):
        self.server.shutdown()
        self.server.server_close()
