#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Nothing is stuck for ever: locked directories, directories that became something else,
# names that were taken, a home that was removed or lies behind a link by now.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
need_tools chattr lsattr

flags() { lsattr -d "$1" 2>/dev/null | cut -d ' ' -f 1 | tr -d -- '-e'; }

# The host, without the directory where vzctl's lock comes and goes.
still() { tree "$1" "$R" -x var/lib/vs2vz -x var/log/vs2vz -x vz/lock; }

# A guest whose inittab recipes edit.
a_tree() { small_tree "$1"; printf 'id:2:initdefault:\n1:2345:respawn:/sbin/getty 38400 tty1\n' >"$1/etc/inittab"; }
a_guest() { add_guest "$R" web 5000 web.example.org 192.0.2.66 a_tree; }

# new_host: a host with one guest that recipes edit
new_host() {
	R=$scratch/h
	[ -z "$(mounts_at "$R")" ] || { chattr -R -f -ia "$R"; unmount_below "$R"; }
	mount_new "$1" "${2:-64M}" "$R" || return 1
	mkhost "$R"
	put_line "$R/etc/vs2vz.d/tests.conf" 'fixups = "all"'
	a_guest
	G=$R/vservers/web
	C=$R/vz/private/5000
}

# ---- the tree's own: opened for a moment

for fs in ext4 xfs btrfs; do
	have_fs $fs || { skip "$fs" "no $fs here"; continue; }
	size=64M
	[ $fs = ext4 ] || size=400M
	new_host $fs $size
	for method in rename copy; do
		diag "$fs, $method"
		chattr +i "$G/etc"
		chattr +a "$G"
		host_tree "$scratch/before" "$R"
		run_check "check" vs check
		said "tells of the directories" 'VS417'
		run_check "convert" vs convert web --yes --method $method
		is "$(flags "$C") $(flags "$C/etc")" "a i" "the container has the flags"
		run_check "verify" vs verify web
		run_check "undo" vs undo web
		unchanged "undo is exact, flags and all"
		run_check "convert again" vs convert web --yes --method $method
		run_check "commit" vs commit web --yes
		is "$(flags "$C") $(flags "$C/etc")" "a i" "the container keeps the flags"
		ok "nothing of ours is left in it" test -z "$(find "$C" -name '*.vs2vz-*')"
		ok "the source is gone" test -z "$(aside "$R/vservers" web)"
		chattr -R -f -ia "$C"
		rm -rf "$C" "$R"/etc/vz/conf/5000.conf "$R"/etc/vz/names/web "$R"/etc/vservers/web "$R"/var/lib/vs2vz/*
		a_guest
	done
done

# ---- the host's: the plan stops at them, and so does undo before it begins

new_host ext4
for dir in vservers vz/private vz/root etc/vz/conf etc/vz/names etc/vservers/web; do
	for flag in i a; do
		chattr +$flag "$R/$dir"
		host_tree "$scratch/before" "$R"
		run_status 2 "+$flag /$dir: convert is refused" vs convert web --yes
		said "+$flag /$dir: named, with the cure" "/$dir: it is .*: chattr -$flag /$dir"
		unchanged "+$flag /$dir: nothing changed"
		chattr -$flag "$R/$dir"
	done
done
host_tree "$scratch/before" "$R"
run_check "convert" vs convert web --yes
for dir in vservers vz/private etc/vz/names; do
	chattr +i "$R/$dir"
	still "$scratch/converted"
	run_status 2 "+i /$dir: undo -n" vs undo web -n
	said "+i /$dir: says what stands in the way" "'/$dir' is immutable"
	run_status 2 "+i /$dir: undo is refused" vs undo web
	said "+i /$dir: in the same words" "'/$dir' is immutable.*chattr -i"
	still "$scratch/now"
	same_files "$scratch/converted" "$scratch/now" "+i /$dir: nothing changed"
	chattr -i "$R/$dir"
done
run_check "undo" vs undo web
unchanged "everything is back"

# ---- what the container made of names and directories

to_link() { mv "$1" "$1.real"; ln -s ../../../../root/victim "$1"; }
to_fifo() { mv "$1" "$1.real"; mkfifo "$1"; }
to_file() { mv "$1" "$1.real"; echo file >"$1"; }
to_nothing() { mv "$1" "$1.real"; }

mkdir -p "$R/root/victim/init.d"
echo precious | tee "$R/root/victim/inittab" >"$R/root/victim/fstab"
for change in to_link to_fifo to_file to_nothing; do
	for method in rename copy; do
		host_tree "$scratch/before" "$R"
		run_check "$change, $method: convert" vs convert web --yes --method $method
		$change "$C/etc"
		how=
		[ $method = rename ] || how=--bring-back
		run_check "$change, $method: undo goes on" vs undo web $how
		[ $method = copy ] || said "$change: says what stands there" "etc' is (a |not there)"
		run vs status
		said "$change, $method: it is VServer's again" 'web.*(undone|found|convertible)'
		rm -rf "$G/etc"
		mv "$G/etc.real" "$G/etc"
		ok "$change, $method: what the container moved is all there" test -s "$G/etc/passwd"
		find "$R/root/victim" -type f -exec cat {} + | sort -u >"$scratch/victim"
		is "$(cat "$scratch/victim")" precious "$change, $method: the outside is untouched"
		chattr -R -f -ia "$G"
		rm -rf "$G" "$R/etc/vservers/web" "$R"/var/lib/vs2vz/*
		a_guest
	done
done

# ---- names of ours that are taken

run_check "convert" vs convert web --yes
token=$(find "$C" -name '.*.vs2vz-*-old' | head -n 1 | sed 's/.*vs2vz-\([0-9a-f]*\)-old$/\1/')
ok "its names have a token ($token)" test ${#token} = 16
for f in inittab fstab passwd; do
	for word in new kept part; do mkdir -p "$C/etc/.$f.vs2vz-$token-$word/mine"; done
done
rm -f "$C/etc/inittab"
mkdir -p "$C/etc/inittab/full"
run_check "undo passes the taken names by" vs undo web
ok "they are the guest's, untouched" test -d "$G/etc/.inittab.vs2vz-$token-kept/mine"
ok "what stood in the way has the next name" test -d "$G/etc/.inittab.vs2vz-$token-kept-2/full"
ok "the old file is back" test -f "$G/etc/inittab"
rm -rf "$G" "$R/etc/vservers/web" "$R"/var/lib/vs2vz/*
a_guest

# ---- the home of the tree

host_tree "$scratch/before" "$R"
tree "$scratch/guest" "$G"
echo mine >"$scratch/.plan.vs2vz-new"
run_check "a saved plan" vs plan web -o "$scratch/plan"
is "$(cat "$scratch/.plan.vs2vz-new")" mine "a file of somebody else's beside it is as it was"
mv "$R/vservers" "$R/srv-vservers"
ln -s srv-vservers "$R/vservers"
run_status 6 "its places lie behind a link now: stale" vs convert --plan "$scratch/plan"
said "the link is named" "'/vservers' is a symbolic link"
rm "$R/vservers"
mv "$R/srv-vservers" "$R/vservers"
run_check "convert" vs convert --plan "$scratch/plan"
mv "$R/vservers" "$R/srv-vservers"
ln -s srv-vservers "$R/vservers"
run_status 2 "undo is refused at the link" vs undo web
said "named, with the way on" "'/vservers' is a symbolic link.*then undo again"
rm "$R/vservers"
run_check "removed altogether: undo makes it again" vs undo web
said "what undo changed back is no witness" 'of [0-9]+, .* not by the time of their last change'
said "and says so" "'/vservers' had been removed"
tree "$scratch/now" "$G"
same_files "$scratch/guest" "$scratch/now" "the tree is back"

# ---- the dry run of the way back

run_check "convert" vs convert web --yes --method copy
run_check "undo -n" vs undo web -n
said "what was made goes" '- remove +/etc/vz/conf/5000.conf'
said "what was set aside comes back" '~ put back +/vservers/.web.vs2vz-[0-9a-f]+ -> /vservers/web'
said_not "nothing waits for a commit" 'until commit'
run_check "commit" vs commit web --yes
run_status 2 "undo -n of what is committed" vs undo web -n
said "in the words of undo" 'no way back'
chattr -R -f -ia "$R"
done_testing
