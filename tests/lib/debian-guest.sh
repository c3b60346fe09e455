#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes a real Debian guest tree once and prints the path of its tarball.
#
# The packages come from the mirror that this machine's own apt uses. The tarball
# stays in $VS2VZ_TEST_CACHE (default /var/cache/vs2vz-tests); a second caller waits
# for the first. Needs root, debootstrap and a reachable mirror; exit 1 with the
# reason otherwise.
set -eu

suite=bookworm
include=sysvinit-core,sysv-rc,openssh-server,cron,rsyslog
cache=${VS2VZ_TEST_CACHE:-/var/cache/vs2vz-tests}
arch=$(dpkg --print-architecture)
tarball=$cache/debian-$suite-$arch.tar

say() { echo "debian-guest: $*" >&2; }

# Every "URI suite" pair of the one-line and the deb822 format.
apt_sources() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -n 's/^deb[[:blank:]]*\(\[[^]]*\]\)\{0,1\}[[:blank:]]*\([^[:blank:]]*\)[[:blank:]]*\([^[:blank:]]*\).*/\2 \3/p'
	cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '
		function flush(  i, j, u, s) {
			split(uris, u); split(suites, s)
			for (i in u) for (j in s) print u[i], s[j]
			uris = suites = ""
		}
		tolower($1) == "uris:"   { $1 = ""; uris = $0 }
		tolower($1) == "suites:" { $1 = ""; suites = $0 }
		/^[[:blank:]]*$/ { flush() }
		END { flush() }'
}

mirror() {
	apt_sources | awk -v s="$suite" '$2 == s && $1 ~ /debian\/?$/ { print $1; exit }'
}

[ "$(id -u)" = 0 ] || { say "needs root"; exit 1; }
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
[ -f "$tarball" ] && { echo "$tarball"; exit 0; }
command -v debootstrap >/dev/null || { say "debootstrap is not installed"; exit 1; }
from=$(mirror)
[ -n "$from" ] || { say "no apt source for $suite on this machine"; exit 1; }

work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
if ! debootstrap --variant=minbase --include="$include" "$suite" "$work/tree" "$from" \
	>"$cache/debootstrap.log" 2>&1; then
	say "debootstrap failed:"
	tail -n 5 "$cache/debootstrap.log" >&2
	exit 1
fi
rm -rf "$work/tree/var/cache/apt/archives/"*.deb "$work/tree/var/lib/apt/lists/"*
tar -C "$work/tree" --numeric-owner --xattrs --xattrs-include='*' --acls \
	-cf "$tarball.new" .
mv "$tarball.new" "$tarball"
echo "$tarball"
