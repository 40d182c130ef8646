# Sourced by the tests of `lkboard flash` from other places than files, after tests/registry/kit.sh: an
# image in www/ as it is and packed, a target, what is to come of it, and the web server web.py.
cd "$T" || exit 1
mkdir www
head -c 3000320 /dev/urandom > www/card.img
truncate -s 8M www/card.img
gzip -1 -k www/card.img
xz -0 -k www/card.img
zstd -q -1 www/card.img
cp www/card.img image

fresh() { # a target with something else on it
	head -c 16777216 /dev/zero | tr '\0' '\125' > target
}
flash() { # source [options...]
	fresh
	run timeout 120 "$LKBOARD" --progress none flash "$@" target --yes
}
is_image() { cmp -n 8388608 image target; }
# A table or a first byte that is right would make it look as if it were the image.
is_not_begun() { ! cmp -s -n 512 image target; }
is_untouched() { [ "$(tr -d '\125' < target | wc -c)" = 0 ]; }

# writes NAME SOURCE [options...]
writes() {
	what=$1
	shift
	flash "$@"
	same "$what" 0 "$code"
	[ $code = 0 ] || sed 's/^/# /' err
	check "$what: it is the image" is_image
}

# refuses NAME CODE MESSAGE SOURCE [options...]: before anything is written
refuses() {
	what=$1 want=$2 text=$3
	shift 3
	flash "$@"
	same "$what" "$want lkboard: $text" "$code $(cat err)"
	check "$what: nothing was written" is_untouched
}

# breaks NAME CODE PATTERN SOURCE [options...]: when writing has begun
breaks() {
	what=$1 want=$2 text=$3
	shift 3
	flash "$@"
	same "$what: exit code" "$want" "$code"
	check "$what: message" grep -E "$text" err
	check "$what: there is no table" is_not_begun
}

web() { # variable [args...]
	SERVER=web.py serve "$1" www log=log
}
web P
W=http://127.0.0.1:$P
ranges() { # mode: what the requests asked for
	grep "\"/$1/card" log | grep -o '"Range": "[^"]*"' | tr -d '"' | tr '\n' ' '
}

