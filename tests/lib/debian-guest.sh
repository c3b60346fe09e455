#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes a real Debian guest tree once and prints the path of its tarball:
#
#	debian-guest.sh [sysvinit|openrc|systemd]
#
# Each has sshd, cron, rsyslog and an HTTP server (lighttpd on port 80) behind its own
# init. The packages come from the mirror that this machine's own apt uses. The tarballs
# stay in $VS2VZ_TEST_CACHE (default /var/cache/vs2vz-tests); a second caller waits for
# the first. Needs root, debootstrap and a reachable mirror; exit 1 with the reason
# otherwise.
set -eu

suite=bookworm
variant=${1:-sysvinit}
services="openssh-server cron rsyslog lighttpd ifupdown procps netbase"
cache=${VS2VZ_TEST_CACHE:-/var/cache/vs2vz-tests}
arch=$(dpkg --print-architecture)

. "$(dirname "$0")/mirror.sh"

say() { echo "debian-guest: $*" >&2; }

# The packages of init come before the services, so that these find the tools that make
# their boot links.
case $variant in
sysvinit) inits="sysvinit-core sysv-rc orphan-sysvinit-scripts" ;;
openrc) inits="sysvinit-core openrc orphan-sysvinit-scripts" ;;
systemd) inits="systemd-sysv" ;;
*) say "no such variant: $variant"; exit 1 ;;
esac
key=$(echo "$inits $services" | cksum | cut -d ' ' -f 1)
tarball=$cache/debian-$suite-$variant-$arch-$key.tar
base=$cache/debian-$suite-base-$arch.tar

# logged NAME COMMAND...: its words are shown only when it fails
logged() {
	local log=$cache/$1.log
	shift
	"$@" >"$log" 2>&1 </dev/null && return
	say "$1 failed:"
	tail -n 5 "$log" >&2
	exit 1
}

inside() {
	chroot "$work/tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
		DEBIAN_FRONTEND=noninteractive "$@"
}

pack() {
	tar -C "$work/tree" --numeric-owner --xattrs --xattrs-include='*' --acls -cf "$1.new" .
	mv "$1.new" "$1"
}

unpack() { tar -C "$work/tree" --numeric-owner --xattrs --xattrs-include='*' --acls -xpf "$1"; }

drop_downloads() {
	rm -rf "$work/tree/var/cache/apt/archives/"*.deb "$work/tree/var/cache/apt/"*.bin \
		"$work/tree/var/lib/apt/lists/"*
}

make_base() {
	logged debootstrap debootstrap --variant=minbase "$suite" "$work/tree" "$from"
	drop_downloads
	pack "$base"
}

# What debootstrap resolves by itself is less than apt does: openrc or sysv-rc, one init.
install_variant() {
	local apt="apt-get -y -q --no-install-recommends -o APT::Sandbox::User=root"
	cp /etc/resolv.conf "$work/tree/etc/resolv.conf"
	printf '#!/bin/sh\nexit 101\n' >"$work/tree/usr/sbin/policy-rc.d"
	chmod 755 "$work/tree/usr/sbin/policy-rc.d"
	# shellcheck disable=SC2086
	{
		logged apt-update inside $apt update
		logged apt-init inside $apt install $inits
		logged apt-services inside $apt install $services
	}
	rm "$work/tree/usr/sbin/policy-rc.d" "$work/tree/etc/resolv.conf"
	drop_downloads
	: >"$work/tree/etc/resolv.conf"
}

[ "$(id -u)" = 0 ] || { say "needs root"; exit 1; }
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
[ -f "$tarball" ] && { echo "$tarball"; exit 0; }
command -v debootstrap >/dev/null || { say "debootstrap is not installed"; exit 1; }
from=$(mirror_of "$suite")
[ -n "$from" ] || { say "no apt source for $suite on this machine"; exit 1; }

work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree"
chmod 755 "$work/tree"
if [ -f "$base" ]; then unpack "$base"; else make_base; fi
install_variant
pack "$tarball"
echo "$tarball"
