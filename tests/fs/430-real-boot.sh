#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real Debian guests with three inits, as VServer left them: without recipes they do not
# start as containers do; converted they come up, serve what their administrator switched
# on, go down when told, and undo brings every byte back.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/build-edits.sh"
need_loop
need_tools nsenter
grep -qw overlay /proc/filesystems || modprobe -q overlay 2>/dev/null
grep -qw overlay /proc/filesystems || skip_unless_required "no overlayfs"
declare -A tarball
for init in sysvinit openrc systemd; do
	tarball[$init]=$("$top/tests/lib/debian-guest.sh" "$init" 2>"$scratch/why") ||
		skip_unless_required "$(tail -n 1 "$scratch/why")"
done

unpack() {
	tar -C "$2" --numeric-owner --xattrs --xattrs-include='*' --acls -xpf "${tarball[$1]}"
	printf '#!/bin/sh\necho "rc.local speaks" >/dev/console\n' | put "$2/etc/rc.local" 755
}
sysvinit_tree() { unpack sysvinit "$1" && vserver_debian "$1" ssh cron lighttpd; }
openrc_tree() { unpack openrc "$1" && vserver_openrc "$1"; }
systemd_tree() { unpack systemd "$1" && vserver_systemd "$1"; }

R=$scratch/r
mount_new ext4 3G "$R"
mkhost "$R"
number=200
for init in sysvinit openrc systemd; do
	number=$((number + 1))
	add_guest "$R" "deb$number" "40$number" "deb$number.example.org" "192.0.2.$number" "${init}_tree"
	[ "$init" = sysvinit ] || put_line "$R/etc/vservers/deb$number/apps/init/style" plain
done
host_tree "$scratch/before" "$R"

# ---- asking the container while it runs

# The child of PID: child_of PID
child_of() {
	cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^\([0-9]*\) (.*) . \([0-9]*\) .*/\2 \1/' |
		awk -v p="$1" '$1 == p { print $2; exit }'
}

# ask PID ADDRESS PORT WORDS: the first line of the answer, from inside its network
ask() {
	nsenter -t "$1" -n timeout 3 bash -c '
		exec 3<>"/dev/tcp/$1/$2" || exit 1
		printf "$3" >&3
		head -n 1 <&3' - "$2" "$3" "$4" 2>/dev/null | tr -d '\r'
}

# Until both have answered, or the rehearsal is over: ask_services VS2VZ-PID ADDRESS
ask_services() {
	local init http="" ssh=""
	while [ -e "/proc/$1/root" ] && { [ -z "$http" ] || [ -z "$ssh" ]; }; do
		# vs2vz, keeper, guard, init
		init=$(child_of "$(child_of "$(child_of "$1")")")
		if [ -n "$init" ]; then
			[ -n "$http" ] || http=$(ask "$init" "$2" 80 'HEAD / HTTP/1.0\r\n\r\n')
			[ -n "$ssh" ] || ssh=$(ask "$init" "$2" 22 '')
		fi
		sleep 0.1
	done
	printf 'http: %s\nssh: %s\n' "$http" "$ssh" >"$scratch/answers"
}

# rehearse CTID [OPTION...]: leaves $status, out, err, both and answers
rehearse() {
	local ctid=$1 pid
	shift
	last="verify deb$ctid --start $*"
	"$VS2VZ" --root "$R" verify "deb$ctid" --start "$@" >"$scratch/out" 2>"$scratch/err" </dev/null &
	pid=$!
	ask_services "$pid" "192.0.2.$ctid"
	wait "$pid"
	status=$?
	cat "$scratch/out" "$scratch/err" "$scratch/answers" >"$scratch/both"
}

# Its text without colours and carriage returns.
console() {
	sed -e 's/\x1b\[[0-9;?]*[A-Za-z]//g' -e 's/\x1b[^[]//g' \
		"$(ls -t "$R"/var/log/vs2vz/*-"$1".console | head -n 1)" | tr -d '\r\000'
}

# ---- without recipes

run_check "convert without recipes" vs convert deb201 deb202 --yes --fixups none
rehearse 201 --start-timeout 6
is "$status" 1 "sysvinit without recipes fails"
said "nothing ends it" 'VS545'
rehearse 202 --start-timeout 10
said "OpenRC without recipes: gettys without terminals" 'VS549'
run_check "undo" vs undo deb201 deb202
unchanged "everything is back"

# ---- converted

# boots CTID INIT LEVEL
boots() {
	local ctid=$1 init=$2 word t=$R/vz/private/$1
	diag "$init"
	run_check "convert the guest with $init" vs convert "deb$ctid" --yes --fixups all
	run_check "verify" vs verify "deb$ctid"
	tree "$scratch/tree-before" "$t"
	rehearse "$ctid"
	is "$status" 0 "$init: the start test is content" || show_last
	said "$init: it comes up" "rehearsal: up, $3"
	said "$init: it goes down by itself" 'went down in'
	for word in cron rsyslogd; do
		said "$init: $word runs" "programs: .*$word"
	done
	said "$init: sshd listens" 'tcp 0.0.0.0:22 \(sshd\)'
	said "$init: the HTTP server listens" 'tcp 0.0.0.0:80 \(lighttpd\)'
	said "$init: HTTP answers at the container's address" '^http: HTTP/1\.[01] 200'
	said "$init: so does ssh" '^ssh: SSH-2.0'
	said_not "$init: no finding of the start" 'VS5(4[0-9]|50|51|52)'
	console "$ctid" >"$scratch/both"
	said "$init: rc.local ran" '^(.* )?rc.local speaks'
	said_not "$init: nothing is started again and again" 'respawning|Login incorrect'
	said_not "$init: nothing failed" 'FAILED|[Ff]ailed([.! ]*$| to )'
	tree "$scratch/tree-after" "$t"
	same_files "$scratch/tree-before" "$scratch/tree-after" "$init: the rehearsal left the tree alone"
	run_check "$init: a second convert has nothing to do" vs convert "deb$ctid" --yes --fixups all
	tree "$scratch/tree-after" "$t"
	same_files "$scratch/tree-before" "$scratch/tree-after" "$init: and does nothing"
	run_check "$init: undo" vs undo "deb$ctid"
	unchanged "$init: undo brought everything back"
}

boots 201 sysvinit 'runlevel 2'
boots 202 openrc 'runlevel 2'
boots 203 systemd 'runlevel 5'
done_testing
