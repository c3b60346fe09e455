#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes what a fully static vs2vz is linked from, once:
#
#	.ci/static.sh DIR ARCH		ARCH: x86_64 or i686
#	.ci/static.sh --sources DIR OS-RELEASE
#					print where the packages would come from, had apt
#					DIR for its /etc/apt
#
#	DIR/source/		apt lists of source packages, and the packages
#	DIR/ARCH/usr/		musl's and the libraries' headers and archives
#	DIR/ARCH/cc, ar		a compiler and an archiver that use these and nothing else
#	DIR/ARCH/libraries	name and version of each package that is in it
#
# Everything is built from the source packages of the Debian (or Ubuntu) release that
# this machine runs, fetched from the mirror that its apt uses and verified by apt with
# the keys that apt has. Apt works on lists, caches and settings below DIR alone: the
# machine's own are read, never written. Kernel headers are the machine's.
#
# The programs run on every Linux since 2.6: no shared library, no interpreter, no NSS,
# no locale files. They do not depend on DIR: equal packages give equal bytes.
set -eu

packages="musl util-linux e2fsprogs libcap2 libconfuse jansson xxhash"
# Taken as upstream released it, without Debian's changes, as mirrors may lack these:
# they mend cfg_tilde_expand() alone, which the program does not call.
upstream="libconfuse"

die() { echo "static: $*" >&2; exit 1; }

etc=/etc/apt
release=/etc/os-release
if [ "${1:-}" = --sources ] && [ $# = 3 ]; then
	etc=$2 release=$3
	set -- --sources x86_64
fi
[ $# = 2 ] || die "call it as .ci/static.sh DIR ARCH"
arch=$2
case $arch in
x86_64|i686) ;;
*) die "cannot build for '$arch': ARCH is x86_64 or i686" ;;
esac
for t in apt-get dpkg-source; do
	[ "$1" = --sources ] || command -v $t >/dev/null ||
		die "the static file is made of Debian's source packages and" \
			"needs $t: make it on Debian or Ubuntu (a container will do)"
done

# ---- where the source packages come from

os_release() { sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" "$release"; }

# Both formats of apt, and of each only the suites of this very release (no backports,
# nobody else's archive): "deb" becomes "deb-src", options and keys stay.
suites='function ours(n) {
	sub(/(-updates|-security|\/updates)$/, "", n)
	return n == code || (id == "debian" && n ~ /^(stable|testing|unstable|sid)$/)
}'

list_entries() {
	cat "$etc/sources.list" "$etc/sources.list.d/"*.list 2>/dev/null |
		sources_awk '$1 == "deb" {
			at = 2
			if ($2 ~ /^\[/) while ($at !~ /\]$/ && at < NF) at++
			if ($2 ~ /^\[/) at++
			if ($at !~ /^cdrom:/ && ours($(at + 1)) && / main( |$)/) {
				sub(/^deb/, "deb-src"); print
			}
		}'
}

stanza_entries() {
	for f in "$etc/sources.list.d/"*.sources; do
		[ -f "$f" ] || continue
		sources_awk '
			function flush() {
				if (deb && main && named != "" && !off)
					print "Types: deb-src\nSuites:" named "\n" text
				text = named = ""; deb = main = off = 0
			}
			/^#/ { next }
			/^[[:blank:]]*$/ { flush(); next }
			{ first = /^[[:blank:]]/ ? 1 : 2 }
			first == 2 { field = tolower($1) }
			field == "types:" { for (i = first; i <= NF; i++) deb += $i == "deb"; next }
			field == "suites:" {
				for (i = first; i <= NF; i++) if (ours($i)) named = named " " $i
				next
			}
			field == "enabled:" { off = tolower($2) == "no" }
			field == "components:" { for (i = first; i <= NF; i++) main += $i == "main" }
			{ text = text $0 "\n" }
			END { flush() }' "$f"
	done
}

sources_awk() {
	program=$1
	shift
	awk -v code="$(os_release VERSION_CODENAME)" -v id="$(os_release ID)" \
		"$suites $program" "$@"
}

if [ "$1" = --sources ]; then
	list_entries
	stanza_entries
	exit
fi

# ---- where everything goes

mkdir -p "$1/$arch"
base=$(cd "$1" && pwd)
to=$base/$arch
source=$base/source
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}

# ---- which compiler

native=$(gcc -print-multiarch 2>/dev/null || gcc -dumpmachine)
case $native in
"$arch"-*|i386-linux-gnu) host_arch=$arch ;;
*) host_arch= ;;
esac
[ "$native" = i386-linux-gnu ] && [ "$arch" != i686 ] && host_arch=
if [ -n "$host_arch" ]; then
	tool=
else
	tool=$(echo "$arch" | tr _ -)-linux-gnu-
fi
# Debian names the cross compiler's parts with '-' and the files with '_'.
[ -z "$tool" ] || command -v "${tool}gcc" >/dev/null || tool=$arch-linux-gnu-
command -v "${tool}gcc" >/dev/null || die "no ${tool}gcc here: run '.ci/deps.sh static $arch'"
machine=$arch-linux-musl

# Whatever decides on the result. When it changes, everything is made anew.
recipe() {
	echo "$packages, $upstream"
	sed -n '/^# ---- which compiler/,$p' "$0"
	"${tool}gcc" --version
	cat "$base/source/sources.list" "$base/source/sources.list.d/"* 2>/dev/null || :
}

# ---- source packages

apt() {
	APT_CONFIG='' apt-get -q -c "$source/apt.conf" "$@" >>"$source/log" 2>&1 || {
		tail -n 5 "$source/log" >&2
		die "apt-get $1 failed (see $source/log)"
	}
}

prepare_apt() {
	rm -rf "$source/sources.list" "$source/sources.list.d" "$source/log"
	mkdir -p "$source/sources.list.d" "$source/state/lists/partial" \
		"$source/cache/archives/partial" "$source/none"
	list_entries >"$source/sources.list"
	stanza_entries >"$source/sources.list.d/host.sources"
	[ -s "$source/sources.list" ] || [ -s "$source/sources.list.d/host.sources" ] ||
		die "no apt source of this release ($(os_release PRETTY_NAME)) in /etc/apt"
	: >"$source/status"
	cat >"$source/apt.conf" <<-EOF
		Dir::State "$source/state";
		Dir::State::status "$source/status";
		Dir::Cache "$source/cache";
		Dir::Etc::SourceList "$source/sources.list";
		Dir::Etc::SourceParts "$source/sources.list.d";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "$source/none";
		Dir::Log "$source";
		Acquire::Languages "none";
		APT::Get::AllowUnauthenticated "false";
		APT::Sandbox::User "root";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	EOF
}

fetch() {
	[ -f "$source/complete" ] && return
	echo "  FETCH source packages: $packages"
	prepare_apt
	apt update
	for p in $packages; do
		# shellcheck disable=SC2046
		(cd "$source" && apt source --download-only \
			$(is_upstream "$p" && echo --tar-only) "$p")
	done
	: >"$source/complete"
}

is_upstream() { case " $upstream " in *" $1 "*) ;; *) return 1 ;; esac; }

newest() { printf '%s\n' "$@" | sort -V | tail -n 1; }

version_of() {
	if is_upstream "$1"; then
		newest "$source/$1"_*.orig.tar.* | sed 's/.*_\(.*\)\.orig\.tar\..*/\1/'
	else
		sed -n 's/^Version: //p' "$(newest "$source/$1"_*.dsc)" | head -n 1
	fi
}

unpack() {
	if is_upstream "$1"; then
		mkdir "$work/$1"
		tar -C "$work/$1" --strip-components=1 -xf "$(newest "$source/$1"_*.orig.tar.*)"
	else
		dpkg-source --no-check -x "$(newest "$source/$1"_*.dsc)" "$work/$1"
	fi
}

# ---- the compiler that uses nothing of this machine but its kernel headers

common="-O2 -ffunction-sections -fdata-sections -ffile-prefix-map=$base=."

write_tools() {
	sh "$work/musl/tools/musl-gcc.specs.sh" "$to/usr/include" "$to/usr/lib" \
		/lib/ld-musl.so.1 >"$to/musl.specs"
	# Threads of musl have 128 KiB of stack unless the program asks for more.
	cat >"$to/cc" <<-EOF
		#!/bin/sh
		exec ${tool}gcc -specs=$to/musl.specs -static -no-pie -fno-pie \\
			-Wl,--build-id=none,--gc-sections,-z,stack-size=0x200000,-z,noexecstack "\$@"
	EOF
	printf '#!/bin/sh\nexec %sar "$@"\n' "$tool" >"$to/ar"
	printf '#!/bin/sh\nexec %sstrip "$@"\n' "$tool" >"$to/strip"
	chmod 755 "$to/cc" "$to/ar" "$to/strip"
}

# asm is where the machine's own compiler finds it: the two widths of x86 share it.
link_kernel_headers() {
	for d in linux asm-generic; do
		ln -sfn "/usr/include/$d" "$to/usr/include/$d"
	done
	for d in "/usr/include/$native/asm" /usr/include/asm; do
		[ -d "$d" ] && { ln -sfn "$d" "$to/usr/include/asm"; return; }
	done
	die "no kernel headers (linux-libc-dev) here: run '.ci/deps.sh static $arch'"
}

# ---- each library, in its unpacked source

configured() {
	./configure --host="$machine" --prefix=/usr --libdir=/usr/lib --sysconfdir=/etc \
		--localstatedir=/var --disable-dependency-tracking "$@"
}

installed() {
	make -j"$jobs"
	make install DESTDIR="$to"
}

build_musl() {
	CC="${tool}gcc" AR="${tool}ar" RANLIB="${tool}ranlib" CFLAGS="$common -fno-pie" ./configure \
		--target="$machine" --prefix=/usr --libdir=/usr/lib --disable-shared --disable-gcc-wrapper
	installed
	link_kernel_headers
	write_tools
}

build_util_linux() {
	configured --disable-all-programs --enable-libuuid --enable-libblkid --enable-libmount \
		--disable-nls --disable-shared --enable-static --without-python --without-systemd \
		--without-selinux --without-udev --without-cryptsetup --without-econf \
		--disable-asciidoc --disable-poman
	installed
}

build_e2fsprogs() {
	configured --disable-nls --disable-elf-shlibs --disable-libblkid --disable-libuuid \
		--disable-uuidd --disable-fsck --disable-e2initrd-helper --disable-defrag \
		--disable-debugfs --disable-imager --disable-resizer --disable-fuse2fs \
		--without-libarchive --with-crond-dir=no --with-systemd-unit-dir=no --with-udev-rules-dir=no
	make -j"$jobs" libs
	for d in et ext2fs; do
		make -C lib/$d install DESTDIR="$to"
	done
}

build_libcap2() {
	make -C libcap CC="$to/cc" BUILD_CC=gcc AR="$to/ar" RANLIB="${tool}ranlib" \
		COPTS="$common" SHARED=no USE_GPERF=no PTHREADS=no libcap.a libcap.pc
	install -m 644 libcap/libcap.a "$to/usr/lib/"
	install -m 644 libcap/libcap.pc "$to/usr/lib/pkgconfig/"
	install -d "$to/usr/include/sys"
	install -m 644 libcap/include/sys/capability.h "$to/usr/include/sys/"
}

build_libconfuse() {
	autoreconf -fi
	configured --disable-nls --disable-shared --enable-static --disable-examples
	installed
}

build_jansson() {
	autoreconf -fi
	configured --disable-shared --enable-static
	installed
}

build_xxhash() {
	make CC="$to/cc" AR="$to/ar" CFLAGS="$common" DISPATCH=0 libxxhash.a libxxhash.pc \
		prefix=/usr libdir=/usr/lib includedir=/usr/include
	install -m 644 libxxhash.a "$to/usr/lib/"
	install -m 644 libxxhash.pc "$to/usr/lib/pkgconfig/"
	install -m 644 xxhash.h xxh3.h "$to/usr/include/" 2>/dev/null ||
		install -m 644 xxhash.h "$to/usr/include/"
}

build() {
	echo "  LIB  $1 $(version_of "$1") ($arch)"
	rm -rf "${work:?}/$1"
	unpack "$1" >"$to/log/$1" 2>&1 ||
		die "cannot unpack $1 (see $to/log/$1)"
	set +e		# the shell ignores -e on the left of ||
	(
		set -ex
		cd "$work/$1"
		[ "$1" = musl ] || export CC="$to/cc" AR="$to/ar" CFLAGS="$common" RANLIB="${tool}ranlib"
		"build_$(echo "$1" | tr - _)"
	) >>"$to/log/$1" 2>&1 </dev/null
	status=$?
	set -e
	[ $status = 0 ] || {
		tail -n 12 "$to/log/$1" >&2
		die "cannot build $1 for $arch (see $to/log/$1)"
	}
	# Libtool's files name paths of the build.
	rm -f "$to"/usr/lib/*.la
}

# ----

mkdir -p "$source"
exec 9>"$base/.lock"
flock 9
fetch
made=$({ recipe; for p in $packages; do version_of "$p"; done; } | cksum)
[ -f "$to/complete" ] && [ "$(cat "$to/complete")" = "$made" ] && exit 0

work=$to/work
rm -rf "${to:?}/usr" "$work" "$to/log" "$to/complete"
mkdir -p "$to/usr/lib/pkgconfig" "$work" "$to/log"
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}"
export PKG_CONFIG_LIBDIR="$to/usr/lib/pkgconfig"
unset CPPFLAGS LDFLAGS MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR CPATH LIBRARY_PATH \
	C_INCLUDE_PATH CONFIG_SITE 2>/dev/null || :
for p in $packages; do build "$p"; done
for p in $packages; do echo "$p $(version_of "$p")"; done >"$to/libraries"
rm -rf "$work"
echo "$made" >"$to/complete"
