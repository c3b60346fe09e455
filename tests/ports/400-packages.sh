#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a release consists of, read by a reader of our own: that dpkg 1.14 (Debian 5) and
# rpm 4.4 (CentOS 5) take the packages is held member by member and tag by tag.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/release.sh"
need_tools perl gzip sha256sum
cd "$top" || exit 1
epoch=$(.ci/epoch.sh)

is "$(cd "$release" && find . -type f -printf '%f\n' | sort)" "$(sort <<-END
	sha256sums
	vs2vz-$version.tar.gz
	vs2vz-$version-x86_64
	vs2vz-$version-i686
	vs2vz_${version}_amd64.deb
	vs2vz_${version}_i386.deb
	vs2vz-$version-1.x86_64.rpm
	vs2vz-$version-1.i686.rpm
END
)" "the files of a release"
ok "sha256sums are right" bash -c "cd '$release' && sha256sum --strict -c sha256sums"
is "$(wc -l <"$release/sha256sums")" 7 "and name each of the others"

facts() {
	run perl tests/ports/read-package.pl "$@"
	[ "$status" = 0 ] || { result 1 "${1##*/} can be read"; show_last; }
	cp "$scratch/out" "$scratch/facts"
}
# only TEXT SELECT-REGEX ALLOWED-REGEX: of the lines selected all are allowed, and some are there
only() {
	local lines
	lines=$(grep -E -- "$2" "$scratch/facts")
	is "$(grep -Ev -- "$3" <<<"$lines" | head -n 5)" "" "$1"
	[ -n "$lines" ] || result 1 "$1: there are some"
}
fact() { has_line "$scratch/facts" "$1"; }

# The files of a tree with their modes, manuals unpacked
content() { (cd "$1" && find . -type f -printf '%m %p\n' | sort -k 2 && find . -type f | sort | xargs md5sum); }

for arch in x86_64 i686; do
	one=$release/vs2vz-$version-$arch
	case $arch in
	x86_64) deb=amd64 elf="elf 64 62 2" isa=x86-64 ;;
	i686) deb=i386 elf="elf 32 3 2" isa=x86-32 ;;
	esac

	diag "the single file of $arch"
	facts "$one"
	is "$(cat "$scratch/facts")" "$elf" "$arch: a program of that machine that loads nothing"
	ok "$arch: executable" test -x "$one"
	ok "$arch: less than 4 MiB" test "$(stat -c %s "$one")" -lt 4194304

	diag "the deb of $deb"
	facts "$release/vs2vz_${version}_$deb.deb" "$scratch/deb-$arch"
	is "$(sed -n 's/^ar \([^ ]*\) .*/\1/p' "$scratch/facts" | tr '\n' ' ')" \
		"debian-binary control.tar.gz data.tar.gz " "$deb: three members, in dpkg's order"
	is "$(sed -n 's/^ar .* //p' "$scratch/facts" | sort -u)" "$epoch" "$deb: all of the time of the source"
	is "$(sed -n 's/^text debian-binary //p' "$scratch/facts")" "2.0" "$deb: format 2.0"
	is "$(sed -n 's/^gzip //p' "$scratch/facts")" "control.tar.gz flags=0 time=0
data.tar.gz flags=0 time=0" "$deb: both archives are gzip, without name and time"
	only "$deb: archives of GNU tar without extended headers" '^tar ' '^tar [a-z.]* gnu [0-9]* [^ ]* [0-9]* [05] \./'
	only "$deb: root owns everything" '^tar ' ' 0/0:root/root '
	only "$deb: every time is that of the source" '^tar ' "root $epoch "
	is "$(sed -n 's/^tar control.* \(\.[^ ]*\) [0-9]*$/\1/p' "$scratch/facts" | sort | tr '\n' ' ')" \
		"./ ./conffiles ./control ./md5sums ./postrm " "$deb: members of control"
	is "$(sed -n 's/^text \.\/control \([A-Z][A-Za-z-]*\): .*/\1/p' "$scratch/facts" | tr '\n' ' ')" \
		"Package Version Section Priority Architecture Maintainer Installed-Size Description " \
		"$deb: fields that dpkg has always known, no dependency of any kind"
	fact "text ./control Architecture: $deb"
	fact "text ./control Version: $version"
	is "$(sed -n 's/^text \.\/conffiles //p' "$scratch/facts" | tr '\n' ' ')" \
		"/etc/bash_completion.d/vs2vz /etc/logrotate.d/vs2vz " "$deb: what is below /etc is the host's"
	sed -n 's/^text \.\/md5sums //p' "$scratch/facts" >"$scratch/md5sums"
	ok "$deb: md5sums are right" bash -c "cd '$scratch/deb-$arch' && md5sum --strict -c '$scratch/md5sums'"
	is "$(cut -c 35- "$scratch/md5sums" | sort)" "$(cd "$scratch/deb-$arch" && find usr -type f | sort)" \
		"$deb: and name every file but conffiles"
	ok "$deb: the program is the single file" cmp "$one" "$scratch/deb-$arch/usr/sbin/vs2vz"

	diag "the rpm of $arch"
	facts "$release/vs2vz-$version-1.$arch.rpm" "$scratch/rpm-$arch"
	fact "lead 3.0 type=0 arch=1 os=1 signature=5 name=vs2vz-$version-1"
	is "$(grep '^bad' "$scratch/facts")" "" "$arch: both headers are within what rpm 4.4 takes"
	for sum in size md5 sha1; do
		fact "sum $sum right"
	done
	fact "value 1124 cpio"
	fact "value 1125 gzip"
	fact "value 1126 9"
	is "$(grep '^payload' "$scratch/facts")" "payload 1f8b08 no time" "$arch: the payload is gzip"
	only "$arch: requires nothing newer than rpm 4.4 has" '^requires' \
		'^requires (/bin/sh|rpmlib\(CompressedFileNames\) <= 3\.0\.4-1|rpmlib\(PayloadFilesHavePrefix\) <= 4\.0-1)$'
	only "$arch: provides itself alone" '^provides' "^provides vs2vz(\\($isa\\))? = $version-1\$"
	is "$(grep -E '^header (270|271|5008|5009|5011|5090|5091) ' "$scratch/facts")" "" \
		"$arch: no sizes of 64 bits, no other sums of files, no signatures of files"
	fact "value 1022 $arch"
	fact "value 1021 linux"
	fact "value 1006 $epoch"
	fact "value 1007 localhost"
	only "$arch: sums of files are MD5" '^file .* mode=100' 'md5=[0-9a-f]{32}$'
	is "$(sed -n 's/^file \([^ ]*\) mode=100.* md5=\(.*\)/.\1 \2/p' "$scratch/facts" | sort)" \
		"$(sed -n 's/^cpio 100[0-9]* [0-9]* \([^ ]*\) [0-9]* \(.*\)/\1 \2/p' "$scratch/facts" | sort)" \
		"$arch: and right"
	only "$arch: root owns everything, at the time of the source" '^file ' " owner=root/root time=$epoch "
	only "$arch: what is below /etc stays when it was edited" '^file /etc/[^ ]* mode=100' ' flags=17 '
	only "$arch: documents are marked as such" '^file /usr/share/(doc/vs2vz/|man/)[^ ]*\.[^ ]* mode=100' ' flags=2 '
	is "$(sed -n 's/^file \([^ ]*\) mode=04.*/\1/p' "$scratch/facts" | grep -v '/vs2vz\(/\|$\)' | sort | tr '\n' ' ')" \
		"/etc/bash_completion.d /etc/logrotate.d /usr/share/bash-completion /usr/share/bash-completion/completions " \
		"$arch: of folders of others only those that a host may lack"
	content "$scratch/deb-$arch" >"$scratch/content-deb"
	content "$scratch/rpm-$arch" >"$scratch/content-rpm"
	same_files "$scratch/content-deb" "$scratch/content-rpm" "$arch: deb and rpm carry the same files"
	for f in usr/sbin/vs2vz usr/share/man/man8/vs2vz.8.gz usr/share/man/man5/vs2vz.conf.5.gz \
			usr/share/bash-completion/completions/vs2vz etc/bash_completion.d/vs2vz \
			etc/logrotate.d/vs2vz usr/share/vs2vz/conf-samples/vs2vz.conf \
			usr/share/vs2vz/schema/report-1.0.json usr/share/vs2vz/templates/ct.mount.in \
			usr/share/doc/vs2vz/README.md usr/share/doc/vs2vz/docs/NEWS.md \
			usr/share/doc/vs2vz/LICENSE usr/share/doc/vs2vz/copyright; do
		ok "$arch: /$f" test -s "$scratch/deb-$arch/$f"
	done
	is "$(cd "$scratch/deb-$arch" && find . -type f -size 0)" "" "$arch: no file is empty"
	ok "$arch: the manual is the source's" \
		cmp <(gzip -dc "$scratch/deb-$arch/usr/share/man/man8/vs2vz.8.gz") docs/vs2vz.8
done

# The tarball has no history and makes the same release, in another folder and with other
# rights, at another time of day.
diag "again from the tarball"
mkdir "$scratch/again"
(umask 077 && tar -C "$scratch/again" -xzf "$release/vs2vz-$version.tar.gz")
src=$scratch/again/vs2vz-$version
is "$(ls "$scratch/again")" "vs2vz-$version" "the tarball has one folder"
is "$(tar -tvzf "$release/vs2vz-$version.tar.gz" | awk '{ print $2 }' | sort -u)" "0/0" "owned by nobody in particular"
is "$(cd "$src" && find . -name .git)" "" "without history"
is "$("$src/.ci/epoch.sh")" "$(git -C "$top" log -1 --format=%ct 2>/dev/null || echo "$epoch")" "it knows its time"
if [ -n "$(git -C "$top" status --porcelain --untracked-files=no 2>/dev/null)" ]; then
	skip "the same bytes" "changes are not committed, so the tarball is another source"
else
	for arch in x86_64 i686; do
		mkdir -p "$scratch/again/out/static/$arch"
		cp "$VS2VZ_BUILD/../static/$arch/vs2vz" "${STATIC_DIR:-$VS2VZ_BUILD/../static}/$arch/libraries" \
			"$scratch/again/out/static/$arch/"
	done
	run_check "release.sh in the tarball's tree" env -u SOURCE_DATE_EPOCH -u STATIC_DIR TZ=Asia/Tokyo \
		"$src/.ci/release.sh" "$version" "$scratch/again/out" x86_64 i686
	for f in $(cd "$release" && ls); do
		ok "the same bytes: $f" cmp "$release/$f" "$scratch/again/out/release/$f"
	done
fi
done_testing
