#!/usr/bin/env python3
"""A registry that is pushed to and misbehaves on purpose:

    upload.py PORT-FILE [KEY=VALUE...]

The first word of a repository's name says how, with a number behind a dot: "cut.2/x"; below is what
there is. `log=FILE` gets a line of JSON a request, `login=USER:PASSWORD` is who may see "login",
`to=URL` is where uploads of "away" and "login" go, and where manifests of "moved" do."""
import base64, hashlib, http.server, json, os, re, socket, struct, sys

port_file = sys.argv[1]
more = dict(a.split("=", 1) for a in sys.argv[2:])
blobs, manifests, seen = set(), {}, {}


def times(key):
    seen[key] = seen.get(key, 0) + 1
    return seen[key]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def cut(self):
        """A reset, not an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def is_let_in(self):
        want = "Basic " + base64.b64encode(more["login"].encode()).decode()
        if self.headers.get("Authorization") == want:
            return True
        self.reply(401, WWW_Authenticate='Basic realm="faulty, but polite"')
        return False

    def answer(self):
        if "log" in more:
            with open(more["log"], "a") as f:
                json.dump({"method": self.command, "path": self.path,
                           "headers": dict(self.headers.items())}, f)
                f.write("\n")
        path, _, query = self.path.partition("?")
        m = re.fullmatch(r"/v2/([^/.]+)[.]?([0-9]*)/(.+?)/(manifests|blobs)/(.+)", path)
        if not m:
            return self.reply(404)
        self.mode, self.arg, what = m[1], int(m[2] or 0), m[4]
        if self.mode == "login" and self.command != "PUT" and not self.is_let_in():
            return
        getattr(self, self.command.lower() + "_" + what)(m[5], query)

    do_HEAD = do_POST = do_PUT = answer

    def head_blobs(self, digest, query):
        self.reply(200 if (self.mode, self.arg, digest) in blobs else 404)

    def post_blobs(self, digest, query):
        place = "/v2/%s.%d/x/blobs/uploads/1?state=a%%2Bb" % (self.mode, self.arg)
        if self.mode == "busy" and times("busy") <= self.arg:
            return self.reply(503, Retry_After="0")
        if self.mode == "readonly":
            return self.reply(405, b'{"errors":[{"code":"UNSUPPORTED","message":"not here"}]}')
        if self.mode == "silent":
            return self.reply(202)
        if self.mode == "ftp":
            return self.reply(202, Location="ftp://127.0.0.1/x")
        if self.mode in ("away", "login"):
            place = more["to"] + place
        if self.mode == "beside":
            place = "2"  # relative to .../blobs/uploads/
        self.reply(202, b"{}" if self.mode == "chatty" else b"", Location=place)

    def put_blobs(self, upload, query):
        left = int(self.headers["Content-Length"])
        if self.mode == "cut" and left > 1000 and times("cut.%d" % self.arg) <= self.arg:
            self.rfile.read(left // 2)
            return self.cut()
        if self.mode == "late" and left > 1000 and times("late") == 1:  # it was kept, nobody heard
            self.rfile.read(left)
            blobs.add((self.mode, self.arg, re.search("digest=([^&]*)", query)[1].replace("%3A", ":")))
            return self.cut()
        digest = "sha256:" + hashlib.sha256(self.rfile.read(left)).hexdigest()
        if self.mode == "gone" and times("gone") == 1:
            return self.reply(404, b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}')
        if "digest=" + digest.replace(":", "%3A") not in query.split("&"):
            return self.reply(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
        if self.mode not in ("beside", "gone", "late") and "state=a%2Bb" not in query.split("&"):
            return self.reply(404)
        blobs.add((self.mode, self.arg, digest))
        self.reply(201, b"{}" if self.mode == "chatty" else b"")

    def put_manifests(self, tag, query):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        if self.mode == "moved":
            return self.reply(307, Location=more["to"] + "/v2/took/x/manifests/" + tag)
        if self.mode == "turned":  # to something that is read
            return self.reply(303, Location=more["to"] + "/v2/took/x/manifests/" + tag)
        if self.mode == "renamed":
            digest = "sha256:" + "0" * 64
        if self.mode == "unsure" and times("unsure") <= 2:
            return self.reply(500)
        self.reply(201, b"{}" if self.mode == "chatty" else b"", Docker_Content_Digest=digest)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        pass


server = Server(("127.0.0.1", 0), Handler)
with open(port_file + ".tmp", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(port_file + ".tmp", port_file)
server.serve_forever()
