#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The deb on bare Debian systems: installed, used on the seed's host, removed, purged. What
# was there before is there after, and what conversions wrote as well.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/chroots.sh"
. "$top/tests/lib/release.sh"
need_root
need_tools debootstrap

# by_apt DIR FILE, by_dpkg DIR FILE
by_apt() { in_chroot "$1" apt-get -q -y install "$2"; }
by_dpkg() { in_chroot "$1" dpkg -i "$2"; }

packages() { in_chroot "$1" dpkg-query -W -f '${Package}\n' | sort; }

while read -r suite arch how; do
	on="$suite $arch"
	C=$scratch/system
	wipe "$C"
	need_chroot "$C" "$suite" "$arch"
	deb=vs2vz_${version}_$arch.deb
	cp "$release/$deb" "$C/tmp/"
	system_objects "$C" >"$scratch/before"
	packages "$C" >"$scratch/packages"
	diag "$on"

	run_check "$on: $how" "by_$how" "$C" "/tmp/$deb"
	is "$(comm -13 "$scratch/packages" <(packages "$C"))" vs2vz "$on: nothing else is installed"
	is "$(in_chroot "$C" vs2vz --version)" "vs2vz $version" "$on: it runs"
	run_check "$on: help" in_chroot "$C" vs2vz help
	run_check "$on: the package is whole" in_chroot "$C" dpkg -V vs2vz
	said_not "$on: no file differs" .
	is "$(in_chroot "$C" dpkg-query -W -f '${Status} ${Version} ${Architecture}' vs2vz)" \
		"install ok installed $version $arch" "$on: dpkg knows it"
	converts_there "$C" "$on"

	leave_state "$C"
	echo '# edited' >>"$C/etc/logrotate.d/vs2vz"
	run_check "$on: installed again" in_chroot "$C" dpkg -i "/tmp/$deb"
	ok "$on: an edited conffile stays" grep -qx '# edited' "$C/etc/logrotate.d/vs2vz"

	run_check "$on: remove" in_chroot "$C" apt-get -q -y remove vs2vz
	said "$on: says that the state stays, and why" '/var/lib/vs2vz stays: .*undo'
	said "$on: and the logs" '/var/log/vs2vz stays: '
	ok "$on: the program is gone" test ! -e "$C/usr/sbin/vs2vz"
	ok "$on: the edited conffile is not" grep -qx '# edited' "$C/etc/logrotate.d/vs2vz"
	state_is_there "$C" "$on: state, logs and settings after remove"
	is "$(find "$C/usr" -name '*vs2vz*')" "" "$on: nothing below /usr stays"
	is "$(in_chroot "$C" bash -c 'shopt -u progcomp; . /etc/bash_completion.d/vs2vz; complete -p vs2vz' 2>&1)" \
		"bash: line 1: complete: vs2vz: no completion specification" "$on: what stays for bash is harmless"

	run_check "$on: purge" in_chroot "$C" apt-get -q -y purge vs2vz
	said "$on: says that the state stays" '/var/lib/vs2vz stays: '
	said "$on: and settings" '/etc/vs2vz.conf stays: '
	state_is_there "$C" "$on: state, logs and settings after purge"
	run in_chroot "$C" dpkg-query -W -f '${db:Status-Status}' vs2vz
	said_not "$on: dpkg has forgotten it" 'installed|config-files'
	rm -r "$C/var/lib/vs2vz" "$C/var/log/vs2vz" "$C/etc/vs2vz.conf"
	system_objects "$C" >"$scratch/after"
	same_files "$scratch/before" "$scratch/after" "$on: the system is what it was before"

	run_check "$on: and in again" "by_$how" "$C" "/tmp/$deb"
	run_check "$on: purged at once" in_chroot "$C" dpkg -P vs2vz
	said_not "$on: with nothing to say" 'stays'
done <<'END'
sid amd64 apt
bookworm amd64 apt
bullseye amd64 apt
bookworm i386 dpkg
END
done_testing
