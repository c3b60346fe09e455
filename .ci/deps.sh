#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs the packages that building and testing need and this machine lacks.
# Does nothing, and needs no network and no rights, when all are there.
#
#	.ci/deps.sh			to build and to test
#	.ci/deps.sh static ARCH		to make the static file for x86_64 or i686
#	.ci/deps.sh release		to make packages of it
set -eu

# Debian name, RPM name, one a line; "-" where that family needs none.
table='
gcc             gcc
make            make
pkg-config      pkgconf-pkg-config
libc6-dev       glibc-devel
libblkid-dev    libblkid-devel
libext2fs-dev   e2fsprogs-devel
comerr-dev      libcom_err-devel
libmount-dev    libmount-devel
libcap-dev      libcap-devel
libconfuse-dev  libconfuse-devel
libjansson-dev  jansson-devel
libxxhash-dev   xxhash-devel
libcmocka-dev   libcmocka-devel
libfuse3-dev    fuse3-devel
fuse3           fuse3
perl            perl-Test-Harness
dpkg-dev        dpkg
rpm             rpm-build
debootstrap     debootstrap
e2fsprogs       e2fsprogs
xfsprogs        xfsprogs
btrfs-progs     -
acl             acl
attr            attr
libcap2-bin     libcap
lvm2            lvm2
strace          strace
valgrind        valgrind
rsync           rsync
mandoc          mandoc
mount           util-linux
bsdutils        util-linux
procps          procps-ng
shellcheck      ShellCheck
'

# The static file is made of Debian's source packages: nothing for RPM families.
static_table='
gcc             -
make            -
linux-libc-dev  -
libc6-dev       -
dpkg-dev        -
patch           -
xz-utils        -
pkg-config      -
autoconf        -
automake        -
libtool         -
gettext         -
autopoint       -
bison           -
flex            -
'

release_table='
dpkg            -
rpm             -
gzip            -
'

# A machine of the other width needs a cross compiler. It cannot be installed beside
# gcc-multilib: --no-remove below ends there with apt's own words.
cross() {
	case $1.$(dpkg --print-architecture 2>/dev/null) in
	x86_64.amd64|i686.i386) ;;
	*) echo "gcc-$(echo "$1" | tr _ -)-linux-gnu -" ;;
	esac
}

case ${1:-} in
'') ;;
static)
	table=$static_table$(cross "${2:-x86_64}") ;;
release)
	table=$release_table ;;
*)
	echo "deps: no such set of packages: '$1'" >&2
	exit 64 ;;
esac

column() { printf '%s\n' "$table" | awk -v c="$1" 'NF == 2 && $c != "-" { print $c }'; }

have_deb() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }
have_rpm() { rpm -q "$1" >/dev/null 2>&1; }

missing() {
	for p in $(column "$1"); do
		"$2" "$p" || printf ' %s' "$p"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "deps: not root and no sudo: as root, run: $*" >&2
		return 1
	fi
}

deb_install() {
	ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || as_root apt-get -q update || :
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends --no-remove install "$@" && return
	# Lists that are out of date name files which are gone.
	as_root apt-get -q update || :
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends --no-remove install "$@"
}

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
	need=$(missing 1 have_deb)
	[ -z "$need" ] && exit 0
	echo "deps: installing$need"
	# shellcheck disable=SC2086
	deb_install $need
elif command -v rpm >/dev/null; then
	need=$(missing 2 have_rpm)
	[ -z "$need" ] && exit 0
	echo "deps: installing$need"
	tool=$(command -v dnf || command -v yum)
	# shellcheck disable=SC2086
	as_root "$tool" -y install $need
else
	# shellcheck disable=SC2046
	echo "deps: neither apt-get nor rpm here; needed are:" $(column 1) >&2
	exit 1
fi
