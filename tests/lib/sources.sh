# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program's source, built elsewhere: in another directory, in another system. Sourced
# after tap.sh.

# What a build needs besides the compiler, by Debian's names.
build_packages="make pkg-config libc6-dev libblkid-dev libext2fs-dev comerr-dev libmount-dev
	libcap-dev libconfuse-dev libjansson-dev libxxhash-dev"
# What the tests of check-fast need besides.
test_packages="libcmocka-dev perl acl attr e2fsprogs xfsprogs btrfs-progs libcap2-bin mandoc
	mount procps shellcheck strace"

# The tree as it is, changes that are not committed included, but nothing that was made.
copy_sources() {
	mkdir -p "$1"
	tar -C "$top" --exclude=./.git --exclude=./build --exclude=./demo -cf - . | tar -C "$1" -xf -
	[ ! -e "$top/.git" ] || (cd "$top" && .ci/epoch.sh) >"$1/.ci/epoch"
}

# make without what the make around this test says: sub_make ARGUMENT...
sub_make() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u VS2VZ -u VS2VZ_BUILD -u MANIFEST \
		make "$@"
}
