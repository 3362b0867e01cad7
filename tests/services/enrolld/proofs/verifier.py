#!/usr/bin/env python3
"""A verifier of telephone numbers as docs/webhook.md describes it: HTTPS, signed questions, codes.

Prints one JSON object a line: first its port, then each question, and each code as the "short message" that the holder
of the number would get. Ends when its standard input does. Other paths than /verify misbehave.
"""
import argparse
import hashlib
import hmac
import json
import secrets
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OLDEST_SECONDS = 300
codes = {}
key = b""


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def signature_is_right(header, body):
    fields = dict(field.split("=", 1) for field in header.split(",") if "=" in field)
    seconds = fields.get("t", "")
    if not seconds.isdigit() or abs(time.time() - int(seconds)) > OLDEST_SECONDS:
        return False
    expected = hmac.new(key, seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, fields.get("v1", ""))


def answer(question):
    identity, request = question["identity"], question["request"]
    if question["action"] == "begin":
        if identity == "tel:+41000":
            return {"status": "refused", "reason": "not in service"}
        codes[request] = f"{secrets.randbelow(10**6):06}"
        tell("short-message", to=identity, code=codes[request])
        return {"status": "started"}
    right = hmac.compare_digest(codes.get(request, ""), question["code"])
    return {"status": "verified"} if right else {"status": "wrong_code", "reason": "another code was sent"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        tell("get", path=self.path)
        self.reply(404, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        right = signature_is_right(self.headers.get("Ringway-Signature", ""), body)
        question = json.loads(body)
        tell("question", path=self.path, signed=right, type=self.headers["Content-Type"], question=question)
        echo = {"request": question["request"], "identity": question["identity"]}
        if self.path == "/verify":
            self.reply(200, {**echo, **answer(question)}) if right else self.reply(401, {})
        elif self.path == "/redirect":
            self.reply(307, {}, location="/yes")
        elif self.path == "/yes":
            self.reply(200, {**echo, "status": "verified"})
        elif self.path == "/other-request":
            self.reply(200, {**echo, "request": "another", "status": "verified"})
        elif self.path == "/huge":
            self.reply(200, {**echo, "status": "verified", "reason": "x" * (1 << 20)})
        elif self.path == "/hang":
            time.sleep(3600)
        elif self.path == "/drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif self.path.startswith("/status/"):
            self.reply(int(self.path.split("/")[2]), {**echo, "status": "verified"})

    def reply(self, status, fields, location=None):
        body = json.dumps(fields).encode()
        try:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError as error:  # who asked has gone: some tests do
            tell("gone", why=str(error))

    def log_message(self, *arguments):
        pass


def main():
    global key
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--webhook-key")
    arguments = parser.parse_args()
    key = arguments.webhook_key.encode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # handshakes that fail on purpose
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments.certificate, arguments.key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tell("ready", port=server.server_port)
    sys.stdin.read()


if __name__ == "__main__":
    main()
