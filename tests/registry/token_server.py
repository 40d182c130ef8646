#!/usr/bin/env python3
"""A token server for docker-registry: token_server.py PORT-FILE DIR [KEY=VALUE...]
Makes key and certificate (DIR/token.crt) by openssl, and signs RS256. `login=USER:PASSWORD` is the
only one who gets tokens (without it everybody does); `expires=S` is what it says; `lives=S` how long
tokens are good for; `refresh=TOKEN` is accepted as an identity token. `log=FILE` has its requests."""
import base64, hashlib, http.server, json, os, subprocess, sys, time, urllib.parse

port_file, place = sys.argv[1:3]
more = dict(a.split("=", 1) for a in sys.argv[3:])
key, crt = place + "/token.key", place + "/token.crt"


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout


if not os.path.exists(crt):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", crt,
            "-subj", "/CN=token", "-days", "30")
spki = openssl("rsa", "-in", key, "-pubout", "-outform", "DER")
words = base64.b32encode(hashlib.sha256(spki).digest()[:30]).decode()
kid = ":".join(words[i:i + 4] for i in range(0, len(words), 4))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def make_token(query):
    now = int(time.time())
    access = []
    for scope in query.get("scope", []):
        kind, name, actions = scope.split(":")
        access.append({"type": kind, "name": name, "actions": actions.split(",")})
    head = b64(json.dumps({"typ": "JWT", "alg": "RS256", "kid": kid}).encode())
    body = b64(json.dumps({
        "iss": "lkb-issuer", "sub": "", "aud": query.get("service", [""])[0],
        "exp": now + int(more.get("lives", 300)), "nbf": now - 10, "iat": now, "jti": str(now),
        "access": access}).encode())
    signature = openssl("dgst", "-sha256", "-sign", key, data=head + b"." + body)
    return (head + b"." + body + b"." + b64(signature)).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def reply(self, status, doc):
        body = json.dumps(doc).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, text):
        if "log" in more:
            with open(more["log"], "a") as f:
                f.write("%s %s %s\n" % (self.command, self.headers.get("Authorization"), text))

    def do_GET(self):
        self.note(self.path)
        want = "Basic " + base64.b64encode(more.get("login", "").encode()).decode()
        if "login" in more and self.headers.get("Authorization") != want:
            return self.reply(401, {"errors": [{"code": "UNAUTHORIZED",
                                                "message": "incorrect username or password"}]})
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        answer = {"token": make_token(query)}
        if "expires" in more:
            answer["expires_in"] = int(more["expires"])
        self.reply(200, answer)

    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.note(form)
        query = urllib.parse.parse_qs(form)
        if "refresh" not in more:
            return self.reply(404, {})
        if query.get("grant_type") != ["refresh_token"] or query["refresh_token"] != [more["refresh"]]:
            return self.reply(401, {"details": "refresh token is not known"})
        self.reply(200, {"access_token": make_token(query), "expires_in": 300})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(port_file + ".tmp", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(port_file + ".tmp", port_file)
server.serve_forever()
