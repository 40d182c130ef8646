#!/usr/bin/env python3
"""A web server for files that misbehaves on purpose:

    web.py PORT-FILE DIRECTORY [KEY=VALUE...]

The first word of a path says how, with a number behind a dot: "/cut-at.3/x.img" is x.img, cut off at
three tenths once. The first request for a path, which is a look, is answered as it should be.
`log=FILE` gets a line of JSON a request, `cert=FILE` is a certificate with its key: TLS is spoken."""
import hashlib, http.server, json, os, re, socket, ssl, struct, sys

port_file, directory = sys.argv[1:3]
more = dict(a.split("=", 1) for a in sys.argv[3:])
OLD = "Mon, 01 Jan 2024 00:00:00 GMT"
seen = {}  # how often each path was asked for


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, body=b"", headers=(), stop=None, length=True):
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        if length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if stop is None else body[:max(stop, 0)])
        if stop is not None and stop < len(body):
            self.cut()

    def cut(self):
        """A reset, not an orderly end."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def do_GET(self):
        seen[self.path] = seen.get(self.path, 0) + 1
        if "log" in more:
            with open(more["log"], "a") as f:
                json.dump({"path": self.path, "headers": dict(self.headers.items())}, f)
                f.write("\n")
        m = re.fullmatch(r"/([^/.]+)[.]?([0-9]*)/([^/?]+)([?].*)?", self.path)
        path = os.path.join(directory, m[3]) if m else ""
        mode, arg = (m[1], int(m[2] or 0)) if m else ("", 0)
        status = {"forbidden": 403, "gone": 410, "broken": 503}.get(mode)
        if status and not (mode == "broken" and seen[self.path] > arg):
            return self.reply(status, b"<p>no")
        if mode == "page":
            return self.reply(200, b"<html>log in to this network</html>",
                              [("Content-Type", "text/html; charset=utf-8")])
        if mode == "redirect":
            return self.reply(302, headers=[("Location", "../fine/" + m[3])])
        if mode == "circle":
            return self.reply(302, headers=[("Location", self.path)])
        if mode == "plain":
            return self.reply(302, headers=[("Location", "http://127.0.0.1:1/x")])
        if not m or not os.path.isfile(path):
            return self.reply(404, b"<p>not here")
        with open(path, "rb") as f:
            self.send_file(mode, arg, f.read(), seen[self.path])

    def send_file(self, mode, arg, data, n):
        if mode.startswith("changed") and n >= 3:
            data = bytes([data[0] ^ 1]) + data[1:]
        headers = [("ETag", '"%s"' % hashlib.sha256(data).hexdigest())]
        if mode in ("nothing-said", "changed-quietly"):
            headers = []
        if mode == "weak":
            headers = [("ETag", 'W/"1"')]
        if mode == "dated":
            headers = [("Last-Modified", OLD)]
        start, status = self.find_range(mode, len(data), headers)
        if status == 416:
            return self.reply(416)
        if status == 206:
            start += 10 if mode == "other-range" else 0
            headers.append(("Content-Range", "bytes %d-%d/%d" % (start, len(data) - 1, len(data))))
        body = data[start:]
        if mode == "no-length":
            self.close_connection = True
            return self.reply(200, body, headers, length=False)
        if mode.startswith("chunked"):
            return self.send_chunks(body, mode == "chunked-cut" and n == 2)
        self.reply(status, body, headers, self.find_cut(mode, arg, len(data), start, n))

    def find_range(self, mode, size, headers):
        m = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not m or mode in ("no-range", "nothing-said"):
            return 0, 200
        if self.headers.get("If-Range") not in [None] + [v for _, v in headers]:
            return 0, 200
        return int(m[1]), 416 if mode == "refused-range" or int(m[1]) >= size else 206

    def find_cut(self, mode, arg, size, start, n):
        if mode == "cut-each" and n > 1:
            return size // 10 + 1
        if mode == "cut-always" and n > 1:
            return 0
        if mode == "truncated":
            return size // 2 - start
        cut_once = ("cut-at", "no-range", "nothing-said", "weak", "dated", "other-range",
                    "refused-range", "changed", "changed-quietly")
        return size * (arg or 5) // 10 if mode in cut_once and n == 2 else None

    def send_chunks(self, body, cut):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for i in range(0, len(body), 50000):
            if cut and i > len(body) // 2:
                return self.cut()
            piece = body[i:i + 50000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        pass


server = Server(("127.0.0.1", 0), Handler)
if "cert" in more:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(more["cert"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(port_file + ".tmp", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(port_file + ".tmp", port_file)
server.serve_forever()
