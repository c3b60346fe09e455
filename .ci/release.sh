#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
#	release.sh VERSION BUILD ARCH...	ARCH: x86_64 i686
#
# Everything that a release consists of, in BUILD/release: the tarball, for each ARCH the
# single file BUILD/static/ARCH/vs2vz, a deb and an rpm that carry it, and the sums of all.
# The packages are such that the hosts of the time of VServer install them, dpkg 1.14 and
# rpm 4.4 on; tests/ports/400-packages.sh reads them and says what that means. Equal input
# makes equal bytes: $SOURCE_DATE_EPOCH is every time in them.
#
# $packager ("Name <address>") is who answers for the packages; $STATIC_DIR is where the
# libraries of the single files are, if not in BUILD/static.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC
version=$1 build=$2
shift 2
: "${packager:=vs2vz developers <root@localhost>}"
cd "$(dirname "$0")/.."
SOURCE_DATE_EPOCH=$(.ci/epoch.sh)
export SOURCE_DATE_EPOCH
mkdir -p "$build"
build=$(cd "$build" && pwd)
: "${STATIC_DIR:=$build/static}"
deb_arch() { [ "$1" = x86_64 ] && echo amd64 || echo i386; }

need() {
	for t; do
		command -v "$t" >/dev/null ||
			{ echo "release: $t is not installed: 'make deps' installs it" >&2; exit 1; }
	done
}

fill() {
	sed "s,@version@,$version,g; s,@arch@,${2:-},g; s,@size@,${3:-},g; s,@packager@,$packager,g" "$1"
}

# The tree of both packages: what `make install prefix=/usr` makes, manuals compressed.
lay_out() {
	local arch=$1 to=$2
	DESTDIR=$to RECORD=no sbindir=/usr/sbin datadir=/usr/share mandir=/usr/share/man \
		docdir=/usr/share/doc/vs2vz sysconfdir=/etc \
		.ci/install.sh install "$build/static/$arch/vs2vz" >/dev/null
	{
		cat templates/packaging/copyright
		sed 's/^/  /' "$STATIC_DIR/$arch/libraries"
	} >"$to/usr/share/doc/vs2vz/copyright"
	gzip -9n "$to"/usr/share/man/man*/*
	find "$to" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# What a tree takes: each file in whole KiB, as dpkg's own tools count.
size_of() { find "$1" ! -path '*/DEBIAN*' -printf '%y %s\n' | awk '{ k += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print k }'; }

make_deb() {
	local arch=$1 tree=$2 deb=$work/deb-$1
	cp -a "$tree" "$deb"
	mkdir "$deb/DEBIAN"
	fill templates/packaging/control.in "$(deb_arch "$arch")" "$(size_of "$tree")" >"$deb/DEBIAN/control"
	(cd "$tree" && find etc -type f | sort | sed 's,^,/,') >"$deb/DEBIAN/conffiles"
	(cd "$tree" && find usr -type f | sort | xargs md5sum) >"$deb/DEBIAN/md5sums"
	install -m 755 templates/packaging/postrm "$deb/DEBIAN/postrm"
	find "$deb" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	dpkg-deb --root-owner-group --deb-format=2.0 --uniform-compression -Zgzip -z9 --build "$deb" \
		"$release/vs2vz_${version}_$(deb_arch "$arch").deb" >/dev/null
}

# Folders that a host may lack are the package's as well, so that they go with the last one
# that needs them. What is below /etc is the host's to edit.
rpm_list() {
	(
		cd "$1"
		find usr/share/vs2vz usr/share/doc/vs2vz usr/share/bash-completion etc -mindepth 1 -type d \
			-printf '%%dir /%p\n'
		printf '%%dir /%s\n' usr/share/vs2vz usr/share/doc/vs2vz usr/share/bash-completion
		find . -type f -printf '/%P\n' | sed '
			s,^/etc/,%config(noreplace) &,
			s,^/usr/share/doc/,%doc &,
			s,^/usr/share/man/,%doc &,'
	) | sort
}

make_rpm() {
	local arch=$1 tree=$2 top=$work/rpm-$1
	mkdir "$top"
	rpm_list "$tree" >"$top/list"
	fill templates/packaging/vs2vz.spec.in >"$top/vs2vz.spec"
	rpmbuild -bb --quiet --target "$arch-linux" --define "_topdir $top" --define "stage $tree" \
		--define "list $top/list" --define "_tmppath $top" --define "_rpmdir $top/out" \
		--define "_dbpath $top/db" "$top/vs2vz.spec" >"$top/log" 2>&1 || { cat "$top/log" >&2; exit 1; }
	mv "$top/out/$arch/vs2vz-$version-1.$arch.rpm" "$release/"
}

need dpkg-deb rpmbuild gzip md5sum sha256sum
for arch; do
	[ -x "$build/static/$arch/vs2vz" ] && [ -f "$STATIC_DIR/$arch/libraries" ] ||
		{ echo "release: $build/static/$arch/vs2vz is missing: 'make static ARCH=$arch' makes it" >&2; exit 1; }
done
work=$(mktemp -d "$build/release.XXXXXX")
trap 'rm -rf "$work"' EXIT
release=$work/release
mkdir "$release"

.ci/dist.sh "$version" "$release/vs2vz-$version.tar.gz"
for arch; do
	install -m 755 "$build/static/$arch/vs2vz" "$release/vs2vz-$version-$arch"
	lay_out "$arch" "$work/tree-$arch"
	make_deb "$arch" "$work/tree-$arch"
	make_rpm "$arch" "$work/tree-$arch"
done
(cd "$release" && sha256sum -- vs2vz*) >"$work/sums"
mv "$work/sums" "$release/sha256sums"
chmod 644 "$release"/*.tar.gz "$release"/*.deb "$release"/*.rpm "$release/sha256sums"
find "$release" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
rm -rf "$build/release"
mv "$release" "$build/release"
(cd "$build/release" && ls -l)
