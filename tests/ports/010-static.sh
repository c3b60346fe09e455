#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The single files: static, small, whole, and the same bytes wherever they are made. They
# run where there is nothing but the kernel.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/sources.sh"
need_root
need_tools readelf cmp tar make
files=$(dirname "$VS2VZ_BUILD")/static
most=2300000	# bytes

# ---- apt's sources, read from both formats

etc=$scratch/apt
mkdir -p "$etc/sources.list.d"
printf '%s\n' 'ID=debian' 'VERSION_CODENAME=bookworm' 'PRETTY_NAME="Debian 12"' >"$scratch/os-release"
put "$etc/sources.list" <<'END'
# a remark
deb [ arch=amd64 signed-by=/k.gpg ] http://mirror.test/debian bookworm main contrib
deb http://mirror.test/debian bookworm-backports main
deb http://mirror.test/debian-security bookworm-security main
deb-src http://mirror.test/debian bookworm main
deb cdrom:[Debian 12]/ bookworm main
deb http://mirror.test/other bookworm-pgdg main
deb http://mirror.test/other bookworm stable
END
put "$etc/sources.list.d/a.sources" <<'END'
# Types: deb
Types: deb deb-src
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
 bookworm-backports
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://mirror.test/off
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://mirror.test/other
Suites: nodistro
Components: main
END
cat >"$scratch/wanted" <<'END'
deb-src [ arch=amd64 signed-by=/k.gpg ] http://mirror.test/debian bookworm main contrib
deb-src http://mirror.test/debian-security bookworm-security main
Types: deb-src
Suites: bookworm bookworm-updates
URIs: http://mirror.test/debian
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

END
run "$top/.ci/static.sh" --sources "$etc" "$scratch/os-release"
same_files "$scratch/wanted" "$scratch/out" "apt's sources: this release's own archive, and nothing else"
run_mustfail "another machine" "$top/.ci/static.sh" "$scratch/none" sparc64
said "says for which it can be" 'x86_64 or i686'
mkdir "$scratch/bin"
for t in sh dirname basename cat nproc mkdir; do ln -s "$(command -v $t)" "$scratch/bin/"; done
run_mustfail "a system without Debian's tools" env PATH="$scratch/bin" "$top/.ci/static.sh" "$scratch/none" x86_64
said "is told what is needed" 'needs apt-get: make it on Debian or Ubuntu'

# ---- the files

bare_host() {
	R=$scratch/$1/host
	mkdir -p "$R" "$scratch/$1/proc"
	mkhost "$R" && add_v345 "$R" && cp "$2" "$scratch/$1/vs2vz"
	mount -t proc proc "$scratch/$1/proc"
}
in_bare() { chroot "$scratch/$1" /vs2vz "${@:2}"; }

for arch in x86_64 i686; do
	file=$files/$arch/vs2vz
	ok "$arch: make static made it" test -x "$file" || continue
	case $arch in x86_64) class=ELF64 ;; *) class=ELF32 ;; esac
	run readelf -hlSn "$file"
	said "$arch: of its width" "Class: +$class"
	said_not "$arch: no interpreter" INTERP
	said_not "$arch: nothing dynamic" DYNAMIC
	said_not "$arch: stripped" '\.symtab|\.debug'
	said_not "$arch: no number of its build" 'NT_GNU_BUILD_ID'
	said "$arch: threads have room for what they call" '0x0*200000 +RW'
	size=$(stat -c %s "$file")
	diag "$arch: $size bytes"
	ok "$arch: at most $most bytes" test "$size" -le "$most"
	is "$(grep -acF "$top" "$file")" 0 "$arch: no path of where it was made"
	is "$(cut -d ' ' -f 1 "$files/$arch/libraries" | tr '\n' ' ')" \
		"musl util-linux e2fsprogs libcap2 libconfuse jansson xxhash " "$arch: its libraries are named"

	# Below a root that holds the file, the host and /proc.
	bare_host "bare-$arch" "$file"
	host_tree "$scratch/before" "$R"
	tree "$scratch/guest" "$R/vservers/v345"
	run_check "$arch: --version" in_bare "bare-$arch" --version
	run_check "$arch: help" in_bare "bare-$arch" help
	run_check "$arch: scan" in_bare "bare-$arch" --root /host scan
	said "$arch: the guest is seen" '^v345 '
	run_check "$arch: convert" in_bare "bare-$arch" --root /host convert --all --yes --fixups none
	same_tree "$scratch/guest" 345 "$arch: the container's tree is the guest's"
	run_check "$arch: verify" in_bare "bare-$arch" --root /host verify
	run_check "$arch: undo" in_bare "bare-$arch" --root /host undo --all
	unchanged "$arch: undo brought everything back"
done

# ---- made elsewhere

# Libraries take minutes; in full width they are made anew as well.
libraries=("STATIC_DIR=$(readlink -f "$files")")
[ -z "${VS2VZ_TEST_LONG:-}" ] || libraries=()
copy_sources "$scratch/elsewhere/deeper/src"
for arch in x86_64 i686; do
	run_check "$arch: made in another directory" sub_make -C "$scratch/elsewhere/deeper/src" \
		static JOBS=2 ARCH=$arch "${libraries[@]}"
	ok "$arch: the same bytes" cmp "$files/$arch/vs2vz" \
		"$scratch/elsewhere/deeper/src/build/static/$arch/vs2vz"
done
done_testing
