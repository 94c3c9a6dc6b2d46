"""A receiver of webhooks over HTTPS, that answers as it is told to."""

import http.server
import ssl
import threading


class Receiver:
    def __init__(self, certificate, status=200, headers=(), body=b"", address="127.0.0.1"):
        self.status, self.headers, self.body, self.calls = status, headers, body, []
        self.hang = threading.Event()
        self.is_silent = False
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append((self.path, self.headers, body))
                if receiver.is_silent:
                    receiver.hang.wait()
                    return
                self.send_response(receiver.status)
                for name, value in receiver.headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(receiver.body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.hang.set()
        self.server.shutdown()
        self.server.server_close()
