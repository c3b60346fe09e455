#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest whose root prepared traps at every place that the tool reads.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root

canary=CANARY-7f3a
outside=$scratch/outside
mkdir "$outside"
echo "ID=$canary" >"$outside/secret"
mkfifo "$outside/fifo"

# The files that tell what a guest is.
probed="etc/os-release usr/lib/os-release etc/lsb-release etc/debian_version etc/redhat-release
	etc/fedora-release etc/SuSE-release etc/gentoo-release etc/alpine-release etc/slackware-version
	etc/arch-release etc/inittab sbin/init bin/init etc/init bin/sh bin/bash dev/null"

# trap_host NAME COMMAND: a guest in which COMMAND FILE made each of the files
trap_host() {
	local f t
	R=$scratch/$1
	mkhost "$R"
	echo "ID=$canary" >"$R/etc/secret"
	add_guest "$R" bad 5000 bad.example.org 192.0.2.66
	t=$R/vservers/bad
	for f in $probed; do
		mkdir -p "$(dirname "$t/$f")"
		rm -rf "${t:?}/$f"
		"$2" "$t/$f"
	done
	host_tree "$scratch/before" "$R"
	tree "$scratch/outside.before" "$outside"
}

link_absolute() { ln -s "$outside/secret" "$1"; }
link_upwards() { ln -s ../../../../../../../../../../../../../../../../etc/secret "$1"; }
link_loop() { ln -s "$(basename "$1")" "$1"; }
link_proc() { ln -s /proc/self/root/etc/passwd "$1"; }
a_fifo() { mkfifo "$1"; }
a_directory() { mkdir "$1"; }
a_device() { mknod "$1" c 5 0; }
a_socket() { unix_socket "$1"; }
a_giant() { truncate -s 6G "$1"; }
a_noise() { head -c 9000 /dev/urandom >"$1"; }
a_terminal() { printf 'ID=\033]0;owned\007\033[2J\nVERSION_ID="\302\233\342\200\256"\n' >"$1"; }

for trap in link_absolute link_upwards link_loop link_proc a_fifo a_directory a_device a_socket \
	a_giant a_noise a_terminal; do
	trap_host "$trap" "$trap"
	diag "$trap"
	for c in "scan -v" "check" "plan --all" "plan --all --json"; do
		# shellcheck disable=SC2086
		run timeout 20 "$VS2VZ" --root "$R" $c
		ok "$c ends" test "$status" -lt 3
		said_not "$c tells nothing of the outside" "$canary"
		said_not "$c prints no control bytes" $'[\001-\010\013-\037\177]|\302[\200-\237]|\342\200\256'
	done
	run timeout 60 "$VS2VZ" --root "$R" convert --all --yes --override VS501
	ok "convert ends" test "$status" -lt 3
	tree "$scratch/outside.after" "$outside"
	same_files "$scratch/outside.before" "$scratch/outside.after" "the outside is untouched"
	run timeout 60 "$VS2VZ" --root "$R" undo --all
	unchanged "everything is back"
done

diag "names"
R=$scratch/names
mkhost "$R"
evil=$'ev\033[31mil'
add_guest "$R" "$evil" 5000 $'h\033[2J' 192.0.2.66
add_guest "$R" '-rf' 5001 x.example.org 192.0.2.67
add_guest "$R" 'a b' 5002 y.example.org 192.0.2.68
for c in "scan" "check" "plan --all --diff" "status"; do
	# shellcheck disable=SC2086
	run timeout 20 "$VS2VZ" --root "$R" $c
	ok "$c ends" test "$status" -lt 3
	said_not "$c prints no control bytes" $'[\001-\010\013-\037\177]'
done

diag "the trees themselves"
R=$scratch/trees
mkhost "$R"
add_guest "$R" inside 5000 i.example.org 192.0.2.66
for d in etc usr var dev; do
	mv "$R/vservers/inside/$d" "$R/vservers/inside/$d.real"
	ln -s "$outside" "$R/vservers/inside/$d"
done
host_tree "$scratch/before" "$R"
tree "$scratch/outside.before" "$outside"
tree "$scratch/guest" "$R/vservers/inside"
run timeout 60 "$VS2VZ" --root "$R" convert --all --yes --method copy --override VS501
ok "convert ends" test "$status" -lt 3
tree "$scratch/outside.after" "$outside"
same_files "$scratch/outside.before" "$scratch/outside.after" "directories that are links lead nowhere"
[ "$status" != 0 ] || same_tree "$scratch/guest" 5000 "the copy is faithful"
run timeout 60 "$VS2VZ" --root "$R" undo --all
unchanged "everything is back"

diag "the configuration"
R=$scratch/conf
mkhost "$R"
add_v345 "$R"
g=$R/etc/vservers/v345
rm "$g/uts/nodename" "$g/interfaces/0/ip" "$g/context"
mkfifo "$g/uts/nodename" "$g/context"
ln -s /dev/zero "$g/interfaces/0/ip"
mknod "$g/apps/init/style" c 5 0
truncate -s 3G "$g/fstab"
for c in "scan" "check" "plan --all"; do
	# shellcheck disable=SC2086
	run timeout 20 "$VS2VZ" --root "$R" $c
	ok "$c ends" test "$status" -lt 3
done
done_testing
