#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a start of the container leaves behind is neither ours nor the guest's: vzctl's
# directory for checkpoints in the tree, vzquota's file on the host. verify does not count
# them, undo takes them away (vzquota by the program, on the running host only), and what
# cannot go is named and does not block the next conversion.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root
need_tools chroot mount losetup

links=.cpt_hardlink_dir_a920e4ddc233afddc9fb53d26c392319
quota=/var/vzquota/quota.345

new_host() {
	unmount_below "$R"
	wipe "$R"
	mkhost "$R"
	add_guest "$R" web 345 web.example.org 192.0.2.30 small_tree
	mkdir -p "$R/var/vzquota"
	age "$R/var"
	host_tree "$scratch/before" "$R"
	tree "$scratch/guest" "$R/vservers/web"
}

# started [NAME...]: what vzctl and vzquota leave, and files in vzctl's directory
started() {
	local name
	mkdir -m 700 "$R/vz/private/345/$links"
	for name; do echo 'deleted, but open' >"$R/vz/private/345/$links/$name"; done
	[ -f "$R$quota" ] || echo 'limits and use' >"$R$quota"
}
quota_gone() { rm -f "$R$quota"; age "$R/var/vzquota"; }

# ---- another root: nothing is run, the file is named

R=$scratch/r
for method in rename copy; do
	new_host
	run_check "$method: convert" vs convert web --yes --ctid 345 --method "$method"
	run_check "$method: verify" vs verify web
	started
	run_check "$method: vzctl's directory is no change" vs verify web
	said_not "$method: nor is it a finding" "VS70"
	said "$method: it is named as vzctl's" "$links: new .vzctl's"
	run_check "$method: undo is not refused" vs undo web
	said "$method: one object is one" 'of 1, .* not by the time of its last change'
	said "$method: the quota file is named" "$quota"
	said "$method: with what to type" 'on that host, vzquota drop 345'
	said_not "$method: the directory is not" "$links"
	ok "$method: it is gone" test ! -e "$R/vservers/web/$links"
	ok "$method: the quota file is there" test -f "$R$quota"
	quota_gone
	unchanged "$method: undo, apart from it"
done

# ---- a directory that is in use, and a change beside it

new_host
run_check "convert" vs convert web --yes --ctid 345
started .cpt_hardlink.00000001
run_mustfail "files in the directory are a change" vs verify web
run_check "undo" vs undo web
said "the directory is named" "$links: vzctl's directory for checkpoints is not empty"
ok "and kept" test -f "$R/vservers/web/$links/.cpt_hardlink.00000001"

new_host
run_check "convert" vs convert web --yes --ctid 345
started
: >"$R/vz/private/345/root/new"
run_mustfail "a change of the container's is one, with the directory as well" vs verify web
run_check "undo" vs undo web
ok "it is kept" test -f "$R/vservers/web/root/new"
ok "the directory is gone nevertheless" test ! -e "$R/vservers/web/$links"

# ---- changes are brought back: not the directory

new_host
run_check "convert by copying" vs convert web --yes --ctid 345 --method copy
started
echo new >"$R/vz/private/345/root/new"
run_mustfail "a changed copy" vs undo web
run_check "changes come back" vs undo web --bring-back
is "$(cat "$R/vservers/web/root/new")" new "the file came back"
ok "the directory did not" test ! -e "$R/vservers/web/$links"

# ---- in a file system of the container's own

# on_own COMMAND...: with the container's file system on $scratch/m
on_own() {
	mount -o loop "$R/srv/345.img" "$scratch/m" || exit 1
	"$@"
	umount "$scratch/m"
}
change() {
	mkdir -m 700 "$scratch/m/$links"
	[ $# = 0 ] || echo new >"$scratch/m/root/new"
}
if have_fs ext4 && losetup -f >/dev/null 2>&1; then
	mkdir -p "$scratch/m" && new_host
	mkdir -p "$R/srv"
	age "$R/srv"
	host_tree "$scratch/before" "$R"
	run_check "insulate" vs convert web --yes --ctid 345 --insulate image:/srv
	on_own change
	run_check "vzctl's directory is no change there" vs verify web
	run_check "undo is not refused" vs undo web
	unchanged "undo of an insulated container"
	run_check "insulate" vs convert web --yes --ctid 345 --insulate image:/srv
	on_own change too
	run_mustfail "a change is one" vs undo web
	run_check "changes come back" vs undo web --bring-back
	is "$(cat "$R/vservers/web/root/new")" new "the file came back"
	ok "the directory did not" test ! -e "$R/vservers/web/$links"

	# Between file systems of containers: the trees are where no step has a path.
	inside() { on_own "$MANIFEST" -F "$scratch/m" >"$1"; }
	new_host
	mkdir -p "$R/srv"
	run_check "insulate" vs convert web --yes --ctid 345 --insulate image:/srv
	run_check "committed" vs commit web --yes
	inside "$scratch/image"
	run_check "own to shared" vs uninsulate 345 --yes
	mkdir -m 700 "$R/vz/private/345/$links"
	run_check "undo of what was just started is not refused" vs undo 345
	inside "$scratch/now"
	same_files "$scratch/image" "$scratch/now" "the image is as it was"
	run_check "own to shared again" vs uninsulate 345 --yes
	mkdir -m 700 "$R/vz/private/345/$links"
	echo new >>"$R/vz/private/345/etc/debian_version"
	run_check "changes come back" vs undo 345 --bring-back
	inside "$scratch/now"
	is "$(diff "$scratch/image" "$scratch/now" | sed -n 's/^> \([^ ]*\) .*/\1/p' | tr '\n' ' ')" \
		"/etc/debian_version " "but for what the container changed, the image is as it was"
	inside "$scratch/image"
	run_check "own to own" vs insulate 345 --image /srv/new.img --yes
	mount -o loop "$R/srv/new.img" "$scratch/m" || exit 1
	mkdir -m 700 "$scratch/m/$links"
	echo newer >>"$scratch/m/etc/debian_version"
	umount "$scratch/m"
	run_check "changes come back" vs undo 345 --bring-back
	inside "$scratch/now"
	is "$(diff "$scratch/image" "$scratch/now" | sed -n 's/^> \([^ ]*\) .*/\1/p' | tr '\n' ' ')" \
		"/etc/debian_version " "and from another file system of its own"
else
	skip "insulated containers" "no loop device or no ext4"
fi

# ---- a guest that had such a directory before keeps it

new_host
mkdir -m 700 "$R/vservers/web/$links"
echo own >"$R/vservers/web/$links/own"
age "$R/vservers/web"
host_tree "$scratch/before" "$R"
run_check "convert" vs convert web --yes --ctid 345
run_check "verify" vs verify web
run_check "undo" vs undo web
unchanged "the guest's own directory is back"

# ---- commit: all of it is the container's

new_host
run_check "convert" vs convert web --yes --ctid 345
started
run_check "commit" vs commit web --yes
ok "the directory stays" test -d "$R/vz/private/345/$links"
ok "and the quota file" test -f "$R$quota"

# ---- our own trace does not block, somebody else's does

new_host
run_check "convert" vs convert web --yes --ctid 345
started
run_check "undo" vs undo web
host_tree "$scratch/before" "$R"
run vs check web
said_not "a trace of ours does not block" VS210
said "it is said what to do" VS220
run_check "convert again" vs convert web --yes --ctid 345
started
run_check "undo again" vs undo web
said "it is named again" "$quota"
unchanged "and left as it is"
new_host
echo 'limits and use' >"$R$quota"
run_status 2 "a quota file that was there before" vs convert web --yes --ctid 345
said "blocks" VS210

# ---- the running host: vzquota drops it

# This root as "/", with programs of ours, and a vzquota that does what it is told to
as_root() {
	local d
	mkdir -p "$R/usr" "$R/proc" "$R/b" "$R/bin" "$R/lib" "$R/lib64"
	for d in usr bin lib lib64; do
		[ ! -d "/$d" ] || mount --bind "$(readlink -f "/$d")" "$R/$d" || exit 1
	done
	mount --bind "$scratch/sbin" "$R/usr/sbin" && mount --rbind /proc "$R/proc" &&
		mount --bind "$VS2VZ_BUILD" "$R/b" || exit 1
}
not_root() { unmount_below "$R"; }
live() { chroot "$R" /b/vs2vz "$@"; }
vzquota() {
	cat >"$scratch/sbin/vzquota"
	chmod 755 "$scratch/sbin/vzquota"
}
calls() { cat "$R/var/calls" 2>/dev/null; }
mkdir -p "$scratch/sbin"

new_host
run_check "convert" vs convert web --yes --ctid 345
started
as_root
vzquota <<-'END'
	#!/bin/sh
	echo "$@" >>/var/calls
	rm "/var/vzquota/quota.$2"
END
run_check "undo" live undo web
said_not "nothing is left to be said" "$quota"
is "$(calls)" "drop 345" "vzquota was asked once"
ok "the file is gone" test ! -e "$R$quota"
ok "and the directory" test ! -e "$R/vservers/web/$links"
rm "$R/var/calls"
run_check "undo of what is undone" live undo web
is "$(calls)" "" "vzquota is not asked again"
not_root
run vs check web
said_not "the next conversion is free" 'VS210|VS220'

run_check "convert" vs convert web --yes --ctid 345
started
as_root
vzquota <<-'END'
	#!/bin/sh
	printf 'vzquota : (error) Quota is running for id %s\n' "$2" >&2
	exit 5
END
run_check "a vzquota that refuses does not stop undo" live undo web
said "its words" 'vzquota drop 345 did not work \(status 5\): vzquota : .error. Quota is running for id 345'
ok "the file is there" test -f "$R$quota"
not_root

run_check "convert with our own trace" vs convert web --yes --ctid 345
as_root
vzquota <<-'END'
	#!/bin/sh
	echo hangs >>/var/calls
	sleep 1000
END
run_check "one that hangs is killed" live undo web
said "after its time" 'did not end within 10 seconds and was killed; by hand: vzquota drop 345'
is "$(calls)" hangs "it ran"
not_root

run_check "convert with our own trace" vs convert web --yes --ctid 345
rm "$scratch/sbin/vzquota"
as_root
run_check "no vzquota" live undo web
said "what to type instead" "there is no /usr/sbin/vzquota to drop it: rm $quota"
not_root
done_testing
