# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bare Debian systems to install and build in, each made once by debootstrap (which checks
# the archive's signature) and kept as a tarball in $VS2VZ_TEST_CHROOTS, build/chroots
# where nothing is said. Sourced after tap.sh:
#
#	need_chroot DIR bookworm amd64			a bare system in DIR, proc mounted
#	need_chroot DIR bookworm i386 gcc make		the same with packages
#	in_chroot DIR COMMAND...			as root, in a clean environment
#
# A second caller waits for the first. Where none can be made the test ends with the
# reason.

. "$top/tests/lib/mirror.sh"
: "${VS2VZ_TEST_CHROOTS:=$(dirname "$VS2VZ_BUILD")/chroots}"

# chroot_log NAME COMMAND...: its words are shown only when it fails
chroot_log() {
	local log=$VS2VZ_TEST_CHROOTS/$1.log
	shift
	"$@" >"$log" 2>&1 </dev/null && return
	tail -n 5 "$log" >&2
	echo "chroots: failed: $*, see $log" >&2
	return 1
}

chroot_pack() {
	tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' --acls -cf "$2.new" . &&
		mv "$2.new" "$2"
}

# chroot_unpack TARBALL DIR
chroot_unpack() {
	mkdir -p "$2" && chmod 755 "$2" &&
		tar -C "$2" --numeric-owner --xattrs --xattrs-include='*' --acls -xpf "$1"
}

# The personality is that of the system: uname says i686 in a 32-bit one.
in_chroot() {
	local dir=$1 change=
	shift
	[ "$(cat "$dir/.vs2vz-arch")" != i386 ] || change=linux32
	$change chroot "$dir" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C TZ=UTC \
		DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} "$@"
}

# The network as this machine has it: chroot_net DIR
chroot_net() {
	rm -f "$1/etc/resolv.conf"
	cp /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || :
}

chroot_base() {
	local suite=$1 arch=$2 dir=$3 from proxy=
	from=$(mirror_of "$suite")
	[ -n "$from" ] || { echo "chroots: no apt source of Debian on this machine" >&2; return 1; }
	command -v debootstrap >/dev/null || { echo "chroots: debootstrap is not installed" >&2; return 1; }
	proxy=$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null | sed "s/^proxy='\(.*\)'\$/\1/")
	chroot_log "debootstrap-$suite-$arch" env ${proxy:+http_proxy="$proxy"} \
		debootstrap --variant=minbase --arch="$arch" "$suite" "$dir" "$from" || return 1
	echo "$arch" >"$dir/.vs2vz-arch"
	rm -rf "$dir/var/cache/apt/archives/"*.deb "$dir/var/cache/apt/"*.bin
	: >"$dir/etc/resolv.conf"
}

chroot_packages() {
	local dir=$1 name=$2
	shift 2
	chroot_net "$dir"
	printf '#!/bin/sh\nexit 101\n' >"$dir/usr/sbin/policy-rc.d"
	chmod 755 "$dir/usr/sbin/policy-rc.d"
	chroot_log "$name-update" in_chroot "$dir" apt-get -q -o APT::Sandbox::User=root update &&
		chroot_log "$name-install" in_chroot "$dir" apt-get -q -y --no-install-recommends \
			-o APT::Sandbox::User=root install "$@" || return 1
	rm -rf "$dir/usr/sbin/policy-rc.d" "$dir/var/cache/apt/archives/"*.deb \
		"$dir/var/cache/apt/"*.bin
	: >"$dir/etc/resolv.conf"
}

# chroot_tar SUITE ARCH [PACKAGE...]: prints the path of its tarball
chroot_tar() (
	suite=$1 arch=$2
	shift 2
	name=$suite-$arch
	base=$VS2VZ_TEST_CHROOTS/$name.tar
	[ $# = 0 ] || name=$name-$(printf '%s\n' "$@" | sort | cksum | cut -d ' ' -f 1)
	tarball=$VS2VZ_TEST_CHROOTS/$name.tar
	mkdir -p "$VS2VZ_TEST_CHROOTS"
	exec 9>"$VS2VZ_TEST_CHROOTS/.lock-$name"
	flock 9
	[ -f "$tarball" ] && { echo "$tarball"; return; }
	[ $# = 0 ] || base=$(chroot_tar "$suite" "$arch") || return
	work=$(mktemp -d "$VS2VZ_TEST_CHROOTS/make.XXXXXX") || return
	trap 'rm -rf "$work"' EXIT
	trap 'exit 143' INT TERM
	mkdir "$work/t"
	if [ $# = 0 ]; then
		chroot_base "$suite" "$arch" "$work/t"
	else
		chroot_unpack "$base" "$work/t" && chroot_packages "$work/t" "$name" "$@"
	fi && chroot_pack "$work/t" "$tarball" || return
	echo "$tarball"
)

# need_chroot DIR SUITE ARCH [PACKAGE...]
need_chroot() {
	local dir=$1 tarball
	shift
	need_root
	tarball=$(chroot_tar "$@" 2>"$scratch/.why") || skip_unless_required "$1 $2: $(tail -n 1 "$scratch/.why")"
	chroot_unpack "$tarball" "$dir" && mount -t proc proc "$dir/proc" ||
		skip_unless_required "$1 $2: cannot be unpacked in $dir"
}
