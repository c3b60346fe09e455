#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The host that histories begin with: host.sh ROOT SCRATCH [marks]. Two guests, another
# container, files of the administrator; lines "PATH TEXT" of stdin become files.
set -eu
R=$1 scratch=$2 marks=${3:-}
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/lib/host.sh"
. "$top/tests/lib/marks.sh"

guest_tree() {
	small_tree "$1"
	mkdir -p "$1/srv/deep/er" "$1/usr/share"
	printf '1:2345:respawn:/sbin/getty 38400 tty1\nid:2:initdefault:\n' >"$1/etc/inittab"
	echo '/dev/hdv1 / ufs defaults 0 0' >"$1/etc/fstab"
	: >"$1/halt"
	elf "$1/bin/su"
	chmod 4755 "$1/bin/su"
	for i in 1 2 3 4 5 6; do
		printf 'file %s of a package\n' "$i" >"$1/usr/share/f$i"
	done
	echo listed >"$1/srv/listed"
	setfacl -m u:500:rw "$1/srv/listed"
	setfattr -n user.note -v kept "$1/srv/listed"
}

mkhost "$R"
mkdir -p "$R/srv" "$R/root" "$R/home" "$R/vz/private/777/etc" "$R/vservers/lost"
add_guest "$R" web 345 web.example.org 192.0.2.5 guest_tree
add_guest "$R" db 346 db.example.org 192.0.2.6 guest_tree
printf 'ONBOOT="no"\nVE_ROOT="/vz/root/$VEID"\nVE_PRIVATE="/vz/private/$VEID"\n' >"$R/etc/vz/conf/777.conf"
while read -r path text; do
	mkdir -p "$(dirname "$R$path")"
	echo "$text" >"$R$path"
done
age "$R/vservers"
if [ -n "$marks" ]; then
	UNIFY="usr" unify "$R/vservers/.hash" "$R/vservers/web" "$R/vservers/db"
	tag_tree id24 345 "$R/vservers/web" ! -path './usr/*'
	put_line "$R/etc/vs2vz.d/map.conf" 'guest "web" { tagging = "id24" tag = {345} }'
fi
chmod 755 "$R/vservers"
