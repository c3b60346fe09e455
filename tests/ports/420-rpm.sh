#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rpm in a system with a database of its own: required there is nothing but a shell,
# which a stand-in provides. Installed, used on the seed's host, erased.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/chroots.sh"
. "$top/tests/lib/release.sh"
need_root
need_tools rpm rpmbuild debootstrap

# The package that provides /bin/sh on a host of the RPM family.
cat >"$scratch/shell.spec" <<'END'
Name: shell-stand-in
Version: 1
Release: 1
Summary: stand-in for the shell of a host
License: GPLv2+
BuildArch: noarch
Provides: /bin/sh
%description
Stand-in.
%files
END
run_check "the stand-in is built" rpmbuild -bb --quiet --define "_topdir $scratch/rpmbuild" "$scratch/shell.spec"
shell=$scratch/rpmbuild/RPMS/noarch/shell-stand-in-1-1.noarch.rpm

r() { rpm --root "$C" --dbpath /var/lib/rpm-test --force-debian "$@"; }

for arch in x86_64 i686; do
	rpm=$release/vs2vz-$version-1.$arch.rpm
	C=$scratch/system
	wipe "$C"
	need_chroot "$C" bookworm "$([ "$arch" = i686 ] && echo i386 || echo amd64)"
	rm -rf "$C/etc/logrotate.d" "$C/etc/bash_completion.d" "$C/usr/share/bash-completion"
	system_objects "$C" >"$scratch/before"
	diag "$arch"

	run_mustfail "$arch: a host without a shell" r -i "$rpm"
	said "$arch: lacks that and nothing else" '/bin/sh is needed'
	is "$(grep -c 'is needed' "$scratch/both")" 1 "$arch: one requirement fails"
	run_check "$arch: the shell" r -i "$shell"
	run_check "$arch: rpm -i" r -i "$rpm"
	said_not "$arch: without a word" .
	run_check "$arch: rpm -V" r -V vs2vz
	said_not "$arch: no file differs" .
	is "$(in_chroot "$C" vs2vz --version)" "vs2vz $version" "$arch: it runs"
	run_check "$arch: help" in_chroot "$C" vs2vz help
	converts_there "$C" "$arch"

	leave_state "$C"
	echo '# edited' >>"$C/etc/logrotate.d/vs2vz"
	run_check "$arch: the same version again" r -U --replacepkgs "$rpm"
	said_not "$arch: an upgrade says nothing of what stays" 'stays'
	ok "$arch: an edited file stays" grep -qx '# edited' "$C/etc/logrotate.d/vs2vz"
	run_check "$arch: rpm -e" r -e vs2vz
	said "$arch: says that the state stays, and why" '/var/lib/vs2vz stays: .*undo'
	said "$arch: and the logs" '/var/log/vs2vz stays: '
	state_is_there "$C" "$arch: state, logs and settings after it"
	ok "$arch: what was edited is kept aside" grep -qx '# edited' "$C/etc/logrotate.d/vs2vz.rpmsave"
	rm -r "$C/etc/logrotate.d" "$C/var/lib/vs2vz" "$C/var/log/vs2vz" "$C/etc/vs2vz.conf"
	system_objects "$C" >"$scratch/after"
	same_files "$scratch/before" "$scratch/after" "$arch: the system is what it was before"
	run_check "$arch: and in again" r -i "$rpm"
	run_check "$arch: erased at once" r -e vs2vz
	said_not "$arch: with nothing to say" 'stays'
done
done_testing
