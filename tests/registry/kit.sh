# Sourced behind tests/lib.sh by tests of registries: servers on loopback, which end with the test.
#
#	registry PORT-VARIABLE [line of the configuration...]    a real one; QUIET=false: its log has requests
#	serve PORT-VARIABLE LAYOUT [ARGS...]                      faulty.py, or $SERVER
PIDS=
KIT=$TOP/tests/registry
# Nothing of the machine's own logins and proxies.
unset REGISTRY_AUTH_FILE DOCKER_CONFIG XDG_CONFIG_HOME XDG_RUNTIME_DIR
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY
mkdir -p "$T/home"
HOME=$T/home
export HOME

cleanup() {
	for pid in $PIDS; do kill "$pid" 2> /dev/null; done
	rm -rf "$T"
}

stop() { # pid
	kill "$1" && wait "$1" 2> /dev/null
}

free_port() {
	python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

answers() { # URL: within ten seconds
	n=0
	until curl -s -o /dev/null -k "$1"; do
		n=$((n + 1))
		[ $n -lt 100 ] || { echo "# no answer from $1"; return 1; }
		sleep 0.1
	done
}

registry() { # variable [line...]
	port=$(free_port)
	variable=$1
	shift
	{
		printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: %s}}\n' "${QUIET:-true}"
		printf 'storage: {filesystem: {rootdirectory: %s}}\n' "$T/data"
		printf 'http: {addr: 127.0.0.1:%s%s}\n' "$port" "${HTTP_MORE:-}"
		for line in "$@"; do echo "$line"; done
	} > "$T/registry-$port.yml"
	docker-registry serve "$T/registry-$port.yml" > "$T/registry-$port.log" 2>&1 &
	pid=$!
	PIDS="$PIDS $pid"
	eval "$variable=$port"
	answers "http${HTTP_MORE:+s}://127.0.0.1:$port/v2/"
}

serve() { # variable layout [args...]
	variable=$1
	shift
	rm -f "$T/port"
	python3 "$KIT/${SERVER:-faulty.py}" "$T/port" "$@" 2> "$T/serve.log" &
	pid=$!
	PIDS="$PIDS $pid"
	n=0
	until [ -s "$T/port" ]; do
		n=$((n + 1))
		[ $n -lt 100 ] || { echo "# no server: $(cat "$T/serve.log")"; return 1; }
		sleep 0.05
	done
	eval "$variable=$(cat "$T/port")"
}

lk() { "$LKBOARD" --progress none "$@"; }

# run COMMAND...; leaves $T/out, $T/err, $code
run() {
	"$@" > "$T/out" 2> "$T/err" < /dev/null
	code=$?
}

# says NAME CODE "stderr" command...
says() {
	what=$1 want=$2 text=$3
	shift 3
	run "$@"
	same "$what: message" "$text" "$(cat "$T/err")"
	same "$what: exit code" "$want" "$code"
}

# Every blob is what its name says, and what has a name is whole.
valid() { # NAME STORE...
	what=$1
	shift
	check "$what: the store is valid" python3 "$KIT/check_store.py" "$@"
}
