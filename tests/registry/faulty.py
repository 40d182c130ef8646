#!/usr/bin/env python3
"""A registry that reads an OCI layout and misbehaves on purpose:

    faulty.py PORT-FILE LAYOUT [KEY=VALUE...]

The first word of a repository's name says how, with a number behind a dot: "cut-at.3/x"; below is
what there is. A tag is a name in index.json, or the end of one. `log=FILE` gets a line of JSON a request,
`login=USER:PASSWORD` is who may see "login", `to=URL` is where its blobs are redirected to, `realm=URL`
where tokens for "tokens" are (default: here, for a second), `looks=N` how often a blob is asked for before
what happens to it once."""
import base64, http.server, json, os, re, socket, struct, sys

port_file, layout = sys.argv[1:3]
more = dict(a.split("=", 1) for a in sys.argv[3:])
INDEX = "application/vnd.oci.image.index.v1+json"
seen = {}  # how often each path was asked for


def times(path):
    seen[path] = seen.get(path, 0) + 1
    return seen[path]


def read_blob(digest):
    path = "%s/blobs/sha256/%s" % (layout, digest)
    return open(path, "rb").read() if os.path.exists(path) else None


def find_manifest(reference):
    """Bytes and type of what a tag or digest stands for."""
    if reference.startswith("sha256:"):
        data = read_blob(reference[7:])
        return data, data and json.loads(data).get("mediaType", INDEX)
    for m in json.load(open(layout + "/index.json"))["manifests"]:
        name = m["annotations"]["org.opencontainers.image.ref.name"]
        if name == reference or name.endswith(":" + reference):
            return read_blob(m["digest"][7:]), m["mediaType"]
    return None, None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self):
        if "log" in more:
            with open(more["log"], "a") as f:
                json.dump({"path": self.path, "headers": dict(self.headers.items())}, f)
                f.write("\n")

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut(self):
        """A reset, not an orderly end."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def is_let_in(self):
        want = "Basic " + base64.b64encode(more["login"].encode()).decode()
        if self.headers.get("Authorization") == want:
            return True
        self.reply(401, WWW_Authenticate='Basic realm="faulty, but polite"')
        return False

    def do_GET(self):
        self.note()
        path = self.path.split("?")[0]
        if path == "/token":  # good for a second
            return self.reply(200, b'{"token":"t%d","expires_in":1}' % times(path))
        if path.startswith("/files/"):  # where a redirect leads to
            return self.send_blob(path.rsplit("/", 1)[1])
        as_mode = re.match(r"/as/([^/]+)/", path)  # a mirror that is worse than what it mirrors
        if as_mode:
            path = re.sub(r"^/as/[^/]+/v2/[^/]+/", "/v2/%s/" % as_mode[1], path)
        m = re.fullmatch(r"/v2/([^/.]+)[.]?([0-9]*)/(.+)/(manifests|blobs|referrers)/([^/]+)", path)
        if not m:
            return self.reply(200 if path == "/v2/" else 404)
        mode, arg = m[1], int(m[2] or 0)
        if mode == "login" and not self.is_let_in():
            return
        if mode == "tokens" and "Authorization" not in self.headers:
            return self.reply(401, WWW_Authenticate='Bearer realm="%s"' % (
                more.get("realm") or "http://%s/token" % self.headers["Host"]))
        if mode == "tokens" and times(mode) <= arg:
            return self.reply(429, Retry_After="2")
        if mode == "busy" and times(mode) <= arg:
            return self.reply(429, Retry_After="1")
        if mode == "later":
            return self.reply(429, Retry_After="1000")
        if mode == "long-header":
            return self.reply(200, X_Long="x" * 200000)
        if mode == "broken" and times(mode) <= arg:
            return self.reply(503)
        if m[4] == "referrers" and mode in ("paged", "paged-badly"):
            return self.send_page(mode, m[3], m[5])
        if m[4] == "manifests":
            return self.send_manifest(mode, m[5])
        if m[4] == "blobs":
            return self.fault_blob(mode, arg, m[5][7:])
        return self.reply(404, b"404 page not found")

    def send_page(self, mode, repo, digest):
        """Of what refers to something: first none, then one at a time."""
        doc = json.loads(find_manifest(digest.replace(":", "-"))[0] or '{"manifests": []}')
        page = int(re.sub(".*last=", "", self.path)) if "last=" in self.path else 0
        link = {}
        if page < len(doc["manifests"]) or mode == "paged-badly":
            link["Link"] = '</x>; rel="prev", </v2/%s/%s/referrers/%s?n=1&last=%d>; rel="next"' % (
                mode, repo, digest, page + 1)
        doc["manifests"] = doc["manifests"][page - 1:page] if page else []
        self.reply(200, json.dumps(doc).encode(), Content_Type=INDEX, **link)

    def send_manifest(self, mode, reference):
        data, kind = find_manifest(reference)
        if mode == "none-json":
            return self.reply(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such tag",'
                              b'"detail":{"Tag":"1"}}]}', Content_Type="application/json")
        if data is None or mode == "none":
            return self.reply(404)
        if mode == "type":
            kind = "application/vnd.docker.distribution.manifest.v2+json"
        if mode == "schema1":
            return self.reply(200, b'{"schemaVersion":1,"name":"x","fsLayers":[],"history":[]}',
                              Content_Type="application/vnd.docker.distribution.manifest.v1+prettyjws")
        if mode == "both":
            doc = json.loads(data)
            doc["layers"] = []
            doc.pop("mediaType", None)
            data = json.dumps(doc).encode()
        if mode == "page":
            return self.reply(200, b"<html>log in to this network</html>", Content_Type="text/html")
        if mode == "large":
            data += b" " * (5 << 20)
        if mode == "child" and reference.startswith("sha256:"):
            data += b" "
        self.reply(200, data, Content_Type=kind)

    def send_blob(self, digest, ranged=True, data=None, stop=None):
        """The blob, or the range of it that is asked for; cut off where `stop` says."""
        data = read_blob(digest) if data is None else data
        if data is None:
            return self.reply(404)
        start, status, headers = 0, 200, {}
        m = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if m and ranged:
            start = int(m[1])
            if start >= len(data):
                return self.reply(416)
            status = 206
            headers["Content_Range"] = "bytes %d-%d/%d" % (start, len(data) - 1, len(data))
        body = data[start:]
        if stop is not None and stop - start < len(body):
            self.reply(status, body[:max(stop - start, 0)], Content_Length=str(len(body)), **headers)
            return self.cut()
        self.reply(status, body, **headers)

    def fault_blob(self, mode, arg, digest):
        data = read_blob(digest)
        if data is None or len(data) < 5000:  # configs are let through
            return self.send_blob(digest)
        first = times(self.path) == 1 + int(more.get("looks", 0))
        half = len(data) // 2
        if mode == "cut-each":  # at every tenth, again and again
            m = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(m[1]) if m else 0
            return self.send_blob(digest, stop=start + len(data) // 10 + 1)
        if mode == "cut-at":  # once, at that tenth
            return self.send_blob(digest, stop=len(data) * arg // 10 if first else None)
        if mode == "cut-always":  # never a byte
            return self.send_blob(digest, stop=0)
        if mode == "no-range":
            return self.send_blob(digest, ranged=False, stop=half if first else None)
        if mode == "416":
            if "Range" in self.headers:
                return self.reply(416)
            return self.send_blob(digest, stop=half if first else None)
        if mode == "other-range":
            if "Range" in self.headers:
                return self.reply(206, data[10:], Content_Range="bytes 10-%d/%d" % (
                    len(data) - 1, len(data)))
            return self.send_blob(digest, stop=half if first else None)
        if mode == "bad-rest":
            bad = data[:-1] + bytes([data[-1] ^ 1]) if "Range" in self.headers else data
            return self.send_blob(digest, data=bad, stop=half if first else None)
        if mode == "wrong-digest":
            return self.send_blob(digest, data=data[:-1] + bytes([data[-1] ^ 1]))
        if mode == "short":
            return self.send_blob(digest, data=data[:half])
        if mode == "long":
            return self.send_blob(digest, data=data + b"more")
        if mode == "endless":
            return self.endless(data)
        if mode == "blob-404":
            return self.reply(404)
        if mode == "login":
            return self.reply(307, Location=more["to"] + "/" + digest)
        if mode == "circle":
            return self.reply(302, Location=self.path)
        if mode == "signed":  # as redirects to object stores are: who has the URL is let in
            return self.reply(307, Location="http://127.0.0.1:1/gone?X-Signature=open-sesame")
        if mode == "signed-wrong":
            return self.reply(307, Location="ftp://127.0.0.1/x?X-Signature=open-sesame")
        if mode == "nowhere":
            return self.reply(307, Location="ftp://127.0.0.1/x")
        self.send_blob(digest)

    def endless(self, data):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        except OSError:
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        pass


server = Server(("127.0.0.1", 0), Handler)
with open(port_file + ".tmp", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(port_file + ".tmp", port_file)
server.serve_forever()
