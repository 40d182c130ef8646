# Our packages under the names that the founding specs have for LinuxKit's. Sourced after tests/lib.sh.

# name in the spec, package of ours; the kernel is the board's.
stand_ins() {
	cat << EOS
linuxkit/init:d899eee3560a40aa3b4bdd67b3bb82703714b2b9 init
linuxkit/runc:7c39a68490a12cde830e1922f171c451fb08e731 runc
linuxkit/containerd:37e397ebfc6bd5d8e18695b121166ffd0cbfd9f0 containerd
linuxkit/ca-certificates:v0.2 ca-certificates
linuxkit/sysctl:v0.2 sysctl
linuxkit/dhcpcd:v0.2 dhcpcd
busybox:latest busybox
linuxkit/getty:v0.2 getty
linuxkit/rngd:v0.2 rngd
nginx:1.13.8-alpine nginx
linuxkit/init:cbd7ae748f0a082516501a3e914fa0c924ee941e init
linuxkit/runc:24dfe632ed3ff53a026ee3fac046fd544434e2d6 runc
linuxkit/containerd:1c71f95fa36040ea7e987deb98a7a2a363853f01 containerd
linuxkit/ca-certificates:4e9a83e890e6477dcd25029fc4f1ced61d0642f4 ca-certificates
linuxkit/sysctl:2cf2f9d5b4d314ba1bfc22b2fe931924af666d8c sysctl
linuxkit/binfmt:548f7f044f5411a8938913527c5ce55d9876bb07 binfmt
linuxkit/dhcpcd:cb96c09a33c166eca6530f166f0f79927c3e83b0 dhcpcd
linuxkit/rngd:c97ef16be340884a985d8b025983505a9bcc51f0 rngd
nginx:alpine nginx
linuxkit/kernel:4.14.22 $1
linuxkit/kernel:4.9.x $1
EOS
	# what the board itself needs
	[ "$1" != kernel-rpi3 ] || for package in init firmware-rpi u-boot-rpi; do
		echo "localhost/$package:bookworm $package"
	done
}

fill_store() { # store kernel arch
	stand_ins "$2" | while read -r name package; do
		[ -e "$T/built-$3-$package" ] || {
			"$LKBOARD" --progress none --store "$STORE" pkg build --arch "$3" "$package" &&
				: > "$T/built-$3-$package"
		} || exit 1
		"$LKBOARD" --progress none --store "$1" cache import --name "$name" "$STORE" \
			"localhost/$package:bookworm" || exit 1
	done
}

# Each image for amd64 and arm64 under its name in a registry; needs tests/registry/kit.sh. The Pi's kernel is
# any arm64 machine's.
push_stand_ins() { # registry
	packages=$(stand_ins kernel | awk '$2 != "kernel" { print $2 }' | sort -u)
	for arch in amd64 arm64; do
		# shellcheck disable=SC2086
		lk --store "$STORE" pkg build --arch $arch $packages || return 1
	done
	for kernel in amd64:kernel-amd64 arm64:kernel-rpi3; do
		arch=${kernel%:*}
		lk --store "$STORE" pkg build --arch "$arch" "${kernel#*:}" &&
			lk --store "$STORE" cache export --arch "$arch" -o "$T/kernel-$arch.tar" \
				"localhost/${kernel#*:}:bookworm" &&
			lk --store "$T/kernels" cache import --name localhost/kernel:bookworm "$T/kernel-$arch.tar" || return 1
	done
	stand_ins kernel | while read -r name package; do
		case $name in */*) ;; *) name=library/$name ;; esac
		store=$STORE
		[ "$package" != kernel ] || store=$T/kernels
		lk --store "$store" push "localhost/$package:bookworm" "$1/$name" || exit 1
	done
}
