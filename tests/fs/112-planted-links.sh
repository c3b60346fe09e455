#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A container's root puts links in the place of directories, to directories of the host
# that hold the same names. No command reads, writes or removes anything there. Undo says
# what stands there and goes on: all is as it was but what the directory itself holds.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/marks.sh"
need_loop
need_tools chattr getfattr setfattr

# Recipes edit, hide and make in etc, etc/rc2.d, dev and the tree itself.
edited_tree() {
	local t=$1 i
	small_tree "$t"
	printf '1:2345:respawn:/sbin/getty 38400 tty1\nid:2:initdefault:\n' >"$t/etc/inittab"
	echo '/dev/hdv1 / ufs defaults 0 0' | tee "$t/etc/fstab" >"$t/etc/mtab"
	mkdir -p "$t/etc/rc2.d" "$t/var/lib/urandom" "$t/srv/host"
	for i in udev klogd; do
		printf '#!/bin/sh\n### BEGIN INIT INFO\n# Provides: %s\n### END INIT INFO\n' "$i" |
			put "$t/etc/init.d/$i" 755
		ln -s "../init.d/$i" "$t/etc/rc2.d/S20$i"
	done
	elf "$t/sbin/klogd"
	: >"$t/halt"
	own 1000:1000 "$t/var/log/messages"
}

# new_host [tagged]: one guest, converted with all recipes
R=$scratch/host
tree=
new_host() {
	wipe "$R"
	mount_new ext4 96M "$R"
	mount -o remount,strictatime "$R"	# each read leaves its time behind
	mkhost "$R"
	add_guest "$R" web 345 web.example.org 192.0.2.5 edited_tree
	echo '/outside/shared /srv/host none bind,ro 0 0' >>"$R/etc/vservers/web/fstab"
	mkdir -p "$R/outside/shared" "$R/srv" "$R/taken"
	[ "${1:-}" != tagged ] || tag_tree id24 345 "$R/vservers/web"
	[ "${1:-}" != tagged ] ||
		put_line "$R/etc/vs2vz.d/map.conf" 'guest "web" { tagging = "id24" tag = {345} }'
	put_line "$R/etc/vs2vz.d/tests.conf" 'fixups = "all"'
	age "$R/etc"
	age "$R/outside"
	age "$R/taken"
	tree=$R/vz/private/345
	taken=()
	host_tree "$scratch/before" "$R" -x outside -x taken
}

# unharmed TEXT [PATH]: the host is as it was; PATH, with what is below it, is not looked at
unharmed() {
	host_tree "$scratch/now" "$R" -x outside -x taken
	[ -z "${2:-}" ] || sed -i "\\,^/$2[/ ],d" "$scratch/now"
	sed "${2:+\\,^/$2[/ ],d}" "$scratch/before" >"$scratch/before.rest"
	same_files "$scratch/before.rest" "$scratch/now" "$1"
}

# plant DIRECTORY...: links to twins outside stand in their places
plant() {
	local dir n up
	for dir; do
		n=${#taken[@]}
		taken+=("$dir")
		cp -a "$tree/$dir" "$R/outside/$n"
		echo "CANARY-$n" >"$R/outside/$n/canary"
		touch -r "$(dirname "$tree/$dir")" "$scratch/time"
		mv "$tree/$dir" "$R/taken/$n"
		up=../../..$(printf '%s' "${dir//[!\/]/}" | sed 's,/,/..,g')
		ln -s "$up/outside/$n" "$tree/$dir"
		touch -r "$scratch/time" "$(dirname "$tree/$dir")"
	done
	watch_outside
}

take_back() {
	local n dir at=${1:-$tree}
	for n in "${!taken[@]}"; do
		dir=${taken[n]}
		touch -r "$(dirname "$at/$dir")" "$scratch/time"
		rm "$at/$dir"
		mv "$R/taken/$n" "$at/$dir"
		touch -r "$scratch/time" "$(dirname "$at/$dir")"
	done
	taken=()
	rm -rf "$R"/outside/[0-9]*
	age "$R/outside"
	age "$R/taken"
}

# What reading or changing leaves behind.
state_outside() { (cd "$R/outside" && xargs -0 stat -c '%n %F %.9X %.9Y %.9Z %s %a %u:%g %h' <"$scratch/names"); }
watch_outside() {
	(cd "$R/outside" && find . -print0 >"$scratch/names" &&
		xargs -0 touch -h -a -d '2008-04-28 10:46:15' <"$scratch/names")
	state_outside >"$scratch/outside.before"
}
untouched() {
	state_outside >"$scratch/outside.after" 2>&1
	same_files "$scratch/outside.before" "$scratch/outside.after" "$1: nothing outside is read or changed"
	! grep -aq CANARY "$scratch/both"
	result $? "$1: nothing of it is told"
}

# Any end will do but a crash and a hang: tried COMMAND...
tried() {
	run timeout 60 "$VS2VZ" --root "$R" "$@"
	[ "$status" -lt 124 ]
	result $? "$* ends ($status)" || show_last
	untouched "$*"
}

# ---- the test can see

differing() { diff "$scratch/outside.before" "$scratch/outside.after" | sed -n 's/^> \(.*\) [0-9.]* [0-9.]* [0-9.]* [0-9]* [0-7]* .*/\1/p'; }

new_host
run_check "convert" vs convert web --yes
plant etc
cat "$R/outside/0/init.d/klogd" >/dev/null
state_outside >"$scratch/outside.after"
is "$(differing)" "./0/init.d/klogd regular file" "a read is seen"
watch_outside
rm "$R/outside/0/canary"
state_outside >"$scratch/outside.after" 2>&1
is "$(differing)" "./0 directory" "a removal is seen"
take_back
run_check "undo" vs undo web
unharmed "undo brought everything back"

# ---- one directory after the other

for dir in etc etc/rc2.d dev sbin usr var/lib var/log srv; do
	new_host
	run_check "convert" vs convert web --yes
	plant "$dir"
	diag "$dir is a link"
	tried status
	tried verify
	tried plan --all
	tried undo web
	is "$status" 0 "$dir bars nothing but itself"
	said "$dir is named" "$dir"
	take_back "$R/vservers/web"
	unharmed "$dir: all else is as it was" "vservers/web/$dir"
done

# ---- all of them, every command; an interrupted one goes on over them

everything="bin dev etc lib root sbin srv usr var"
for c in "undo web --discard-changes" "undo web --bring-back" "commit web --yes"; do
	new_host tagged
	run_check "convert by copy" vs convert web --yes --method copy
	# shellcheck disable=SC2086
	plant $everything
	diag "all of them: $c"
	# shellcheck disable=SC2086
	tried $c
	tried verify
	tried status
	tried undo web
	tried resume
done

new_host
run_check "convert" vs convert web --yes
run_check "commit" vs commit web --yes
# shellcheck disable=SC2086
plant $everything
tried plan --all
tried insulate 345 --image /srv/345.img --yes
is "$status" 0 "links are copied as links into a file system of its own"
tried verify
tried commit 345 --yes
tried uninsulate 345 --yes
is "$status" 0 "and back"
tried undo ct/345

# in_image: links in a file system of its own
in_image() {
	mkdir -p "$scratch/m"
	mount -o loop "$R/srv/345.img" "$scratch/m"
	for dir in etc dev var; do
		cp -a "$scratch/m/$dir" "$R/outside/$dir"
		echo "CANARY-$dir" >"$R/outside/$dir/canary"
		rm -rf "$scratch/m/${dir:?}"
		ln -s "$R/outside/$dir" "$scratch/m/$dir"
	done
	umount "$scratch/m"
	watch_outside
}

new_host tagged
run_check "convert into an image" vs convert web --yes --insulate image:/srv
in_image
tried verify
tried undo web
tried undo web --bring-back
new_host
run_check "convert into an image" vs convert web --yes --insulate image:/srv
run_check "commit" vs commit web --yes
in_image
tried verify
tried uninsulate 345 --yes
is "$status" 0 "links come out of it as links"
tried undo ct/345
done_testing
