#!/bin/sh
# `lkboard flash` from a pipe and from a web server, the quick part of flash-sources-long.sh.
. tests/lib.sh
. tests/registry/kit.sh
. tests/registry/flash_kit.sh

for packed in .gz .xz .zst; do
	fresh
	"$LKBOARD" --progress none flash - target --yes < "www/card.img$packed" > out 2> err
	same "card.img$packed as standard input" 0 "$?"
	check "card.img$packed as standard input: it is the image" is_image
done
fresh
head -c 2000000 www/card.img.zst | "$LKBOARD" --progress none flash - target --yes > out 2> err
same "cut off in a pipe" 3 "$?"
check "cut off in a pipe: there is no table" is_not_begun

writes "a web server" "$W/fine/card.img.zst"
writes "cut off in the middle" "$W/cut-at.5/card.img.zst"
check "cut off in the middle: the rest was asked for" \
	grep -q "/cut-at.5/card.img.zst.*bytes=[1-9].*If-Range" log
breaks "changed, and the ETag says so" 3 "'$W/changed/card.img.zst' has changed while it was read" \
	"$W/changed/card.img.zst"
refuses "404" 5 "'$W/fine/none.img' is not there: the server answers 404
  hint: is the address right? 'curl -I URL' says what the server says" "$W/fine/none.img"
finish
