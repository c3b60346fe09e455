#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guests that are in use: processes in the tree, mounts inside it.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root
need_tools mount

diag "a mount inside, seen with --root"
R=$scratch/r
mkhost "$R"
add_v345 "$R"
host_tree "$scratch/before" "$R"
mount -t tmpfs none "$R/vservers/v345/mnt"
run_status 2 "a mount inside blocks" vs convert --all --yes
said "the finding" 'VS121|VS404'
said "the mount point is named" 'mnt'
umount "$R/vservers/v345/mnt"
unchanged "nothing changed"
run_check "without it" vs convert --all --yes
run_check "undo" vs undo --all
unchanged "undo"

# A live host: the same folder as "/", with this machine's programs and processes.
diag "processes, seen by a live host"
mount --bind "$R" "$R"
for d in usr lib lib64 bin sbin proc sys; do
	[ -e "/$d" ] || continue
	if [ -L "/$d" ] && [ ! -d "$R/$d" ]; then
		ln -sfn "$(readlink "/$d")" "$R/$d"
	else
		mkdir -p "$R/$d"
		mount --rbind "$(readlink -f "/$d")" "$R/$d"
		mount -o remount,bind,ro "$R/$d"
	fi
done
mkdir -p "$R/tool"
mount --bind "$(dirname "$VS2VZ")" "$R/tool"
live() { chroot "$R" "/tool/${VS2VZ##*/}" "$@"; }
over="--override VS102"

# Under load a process needs a moment until it is where it shall be.
wait_cwd() {
	for _ in $(seq 200); do
		[[ "$(readlink "/proc/$1/cwd")" != "$2"* ]] || return 0
		sleep 0.02
	done
	return 1
}

# busy TEXT PID: convert must refuse and name the process
busy() {
	run_status 2 "$1" live convert --all --yes $over
	said "$1: the finding" VS120
	said "$1: the process is named" "$2"
	ok "$1: the tree is where it was" test -d "$R/vservers/v345/etc"
	kill -KILL "$2"
	wait "$2" 2>/dev/null
}

(cd "$R/vservers/v345/var" && exec sleep 300) &
pid=$!
wait_cwd $pid "$R/vservers/v345"
busy "a working directory inside" $pid
sleep 300 9>"$R/vservers/v345/var/held" &
busy "an open file inside" $!
(cd "$R/vservers" && exec sleep 300) &
pid=$!
wait_cwd $pid "$R/vservers"
run_check "a neighbour does not matter" live convert --all --yes $over
ok "converted" test -d "$R/vz/private/345"
kill -KILL $pid
wait $pid 2>/dev/null
run_check "undo" live undo --all
ok "back" test -d "$R/vservers/v345/etc"
done_testing
