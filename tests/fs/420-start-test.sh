#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# verify --start: a converted Debian guest is rehearsed in name spaces, seen to serve and
# to halt, and its tree is what it was. Inits that hang, die, multiply, are missing or
# reach for the host are told from each other, and nothing is left behind by any of them,
# nor by vs2vz when it is ended in the middle.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
grep -qw overlay /proc/filesystems || modprobe -q overlay 2>/dev/null
grep -qw overlay /proc/filesystems || skip_unless_required "no overlayfs"
tarball=$("$top/tests/lib/debian-guest.sh" 2>"$scratch/why") || skip_unless_required "$(tail -n 1 "$scratch/why")"

debian_tree() {
	tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' --acls -xpf "$tarball"
	tree_nodes "$1"
}

R=$scratch/r
mount_new ext4 2G "$R"
mkhost "$R"
add_guest "$R" deb201 40010 deb201.example.org 192.0.2.201 debian_tree
put_line "$R/etc/vservers/deb201/interfaces/1/ip" 2001:db8::201
put_line "$R/etc/vservers/deb201/interfaces/1/dev" eth0
t=$R/vz/private/201

# ---- what rehearsals could leave behind

# Mounts below the scratch folder or made by a rehearsal, interfaces, folders of the host,
# and groups whose keeper is gone; others may be at work on this machine.
host_state() {
	local group
	awk -v s="$scratch/" 'index($5, s) == 1 || $0 ~ / - [a-z0-9]+ vs2vz / { print $5, $9 }' \
		/proc/self/mountinfo | sort
	ls /sys/class/net | grep venet
	find /sys/fs/cgroup -maxdepth 2 -name 'vs2vz-*' 2>/dev/null | while read -r group; do
		[ -e "/proc/${group##*-}" ] || echo "$group"
	done
	[ ! -d "$R/var/lib/vs2vz/guests" ] || find "$R/var/lib/vs2vz" | sort
	find "$R/vz" -maxdepth 2 | sort
	uname -n
}

# The processes below a vs2vz: family PID
family() {
	local child
	for child in $(awk -v p="$1" '$1 == p { print $2 }' "$scratch/parents"); do
		echo "$child"
		family "$child"
	done
}

list_parents() {
	cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^\([0-9]*\) (.*) . \([0-9]*\) .*/\2 \1/' >"$scratch/parents"
}

gone() {
	local p
	for p; do
		[ ! -e "/proc/$p" ] || [ "$(sed 's/.*) \(.\) .*/\1/' "/proc/$p/stat" 2>/dev/null)" = Z ] || return 1
	done
}

# wait_for COMMAND...: true at last, or false after a generous while
wait_for() {
	local i
	for i in {1..600}; do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}

no_old_groups() { ! host_state | grep -q /sys/fs/cgroup; }

clean_after() {
	wait_for no_old_groups
	host_state >"$scratch/state-after"
	same_files "$scratch/state-before" "$scratch/state-after" "nothing is left behind: $1"
}

console() { tr -d '\000' <"$(ls -t "$R"/var/log/vs2vz/*.console | head -n 1)"; }

# rehearse STATUS TEXT [OPTION...]: the tree must not change
rehearse() {
	local status=$1 text=$2
	shift 2
	host_state >"$scratch/state-before"
	tree "$scratch/tree-before" "$t"
	run_status "$status" "$text" vs verify deb201 --start "$@"
	tree "$scratch/tree-after" "$t"
	same_files "$scratch/tree-before" "$scratch/tree-after" "the tree is untouched: $text"
	clean_after "$text"
}

# init of the guest becomes this shell script
set_init() { rm -f "$t/sbin/init"; put "$t/sbin/init" 755; }

run_status 64 "--start-timeout alone" vs verify --start-timeout 5
run_status 64 "a time that is none" vs verify --start --start-timeout 0

# ---- the picture of the running guest, taken from a process with its root in the tree
chroot "$R/vservers/deb201" /usr/bin/perl -e '
	use Socket;
	socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
	bind($s, sockaddr_in(0, inet_aton("127.0.0.1"))) && listen($s, 1) or die;
	my ($port) = sockaddr_in(getsockname($s));
	open my $f, ">", "/tmp/port" or die; print $f "$port\n"; close $f;
	open my $n, ">", "/proc/self/comm" if -e "/proc/self/comm";
	sleep 1000' &
served=$!
wait_for test -s "$R/vservers/deb201/tmp/port"
port=$(cat "$R/vservers/deb201/tmp/port")
run_status '0|2' "a picture is saved" vs check --before-reboot --save
kill "$served"
wait "$served" 2>/dev/null
rm "$R/vservers/deb201/tmp/port"
json=$R/var/lib/vs2vz/before.json
ok "it names the port" grep -q "\"port\": $port" "$json"
ok "and the program" grep -q '"program": "perl"' "$json"

run_check "convert" vs convert deb201 --yes
rehearse 1 "a port that was served is missing"
said "it came up" 'rehearsal: .*up.*, runlevel 2'
said "it went down by itself" 'went down in'
said "sshd listens" 'tcp 0.0.0.0:22 \(sshd\)'
said "cron runs" 'programs: .*cron'
said "the port of before is named" "VS546 "
said "with number and program" "tcp 127.0.0.1:$port \(perl\)"
said "gettys without terminal" 'VS549 .*'
said_not "both addresses are there" 'VS548'
ok "the console was kept" test -n "$(console)"
rm "$json"
rehearse 0 "a healthy guest"
said "nothing to compare with" 'VS553'
rehearse 0 "as JSON" --json
for word in '"way": "rehearsal"' '"result": "up"' '"level": "runlevel 2"' '"stopped": true' \
	'"program": "sshd"' '"port": 22'; do
	said "$word" "$word"
done
run_check "the stored report" vs report
said "tells of the test" 'deb201, rehearsal: up, runlevel 2'
said "with its ports" 'tcp 0.0.0.0:22 \(sshd\)'

# From here on the tree is changed by hand, so that plain verify differs as well.
mkdir "$scratch/links"
mv "$t"/etc/rc2.d/S* "$scratch/links/"
rehearse 1 "a guest without start links"
said_not "nothing listens" 'tcp 0.0.0.0:22'
mv "$scratch/links"/* "$t/etc/rc2.d/"

mv "$t/sbin/init" "$scratch/init"
rehearse 1 "a guest without init"
said "is said so" 'VS541'

ln -s /proc/self/exe "$t/sbin/init"
rehearse 1 "an init that leads to vs2vz itself"
said "is none" 'VS541.*'
printf '#!/proc/self/exe\n' | set_init
rehearse 1 "an init whose interpreter is vs2vz itself"
said "is none" 'VS541.*'

printf '#!/bin/sh\nexec sleep 100000\n' | set_init
rehearse 1 "an init that sleeps" --start-timeout 4
said "hangs" 'VS544'
said "and started nothing" 'init started nothing'

printf '#!/bin/sh\necho last words >/dev/console\nexit 7\n' | set_init
rehearse 1 "an init that ends"
said "with its status" 'init ended with status 7'
said "and its last words" 'last words'

printf '#!/bin/sh\ntrap "" TERM INT\nb() { b | b & }\nb\nwhile :; do sleep 1; done\n' | set_init
rehearse 1 "an init that multiplies" --start-timeout 4
said "reaches no runlevel" 'VS54[34]'

# Whatever it reaches for, it must not get; each success prints GOT.
set_init <<'END'
#!/bin/sh
exec >/dev/console 2>&1
try() { "$@" && echo "GOT $*"; }
write() { echo 1 >"$1"; }
try write /proc/sys/vm/compact_memory
try write /proc/sys/kernel/sysrq
try write /sys/kernel/mm/ksm/run
try mount -t tmpfs none /mnt
try mount -o remount,rw /proc/sys
try umount /proc/sys
try mknod /root/disk b 254 0
try mknod /root/mem c 1 1
try dd if=/made-before bs=1 count=1 of=/dev/null
try unshare -U true
try unshare -m true
try date -s 2001-01-01
try dmesg
try chroot /proc/1/root/.. test -e /made-by-the-host
test -e /dev/made-before && echo GOT device
[ "$(ls /proc | grep -c '^[0-9]')" -gt 20 ] && echo GOT processes
grep -v -e ' / overlay' -e ' /proc' -e ' /sys' -e ' /dev' -e ' /run' /proc/mounts && echo GOT mounts
ls -l /proc/1/fd
grep Cap /proc/1/status
echo hostname is $(hostname)
echo done
exit 0
END
disk=$(stat -c '%Hr %Lr' "$(findmnt -no SOURCE "$R")")
mknod "$t/made-before" b ${disk}
mknod "$t/dev/made-before" b ${disk}
mknod "$t/dev/kmem" c 1 2
rehearse 1 "a hostile init"
console >"$scratch/both"
said "it ran to its end" '^done'
said "with the host name" 'hostname is deb201'
said_not "and got nothing" '^GOT'
said_not "no descriptor of the host" ' -> /(var|work|root|tmp|home)'

# A link in the place of a mount point leads nowhere.
mkdir "$scratch/outside"
rmdir "$t/proc" && ln -s "$scratch/outside" "$t/proc"
rehearse '1|2' "a link at /proc"
rm "$t/proc" && mkdir "$t/proc"
rm -f "$t/made-before" "$t/dev/made-before"

# ---- vs2vz is ended in the middle
begin_rehearsal() {
	"$VS2VZ" --root "$R" verify deb201 --start >"$scratch/out" 2>"$scratch/err" </dev/null &
	vs2vz=$!
	# Until the guest's own init runs: three below vs2vz, the last one with a child or not.
	wait_for has_family
}
has_family() {
	list_parents
	[ "$(family "$vs2vz" | wc -l)" -ge 4 ]
}
printf '#!/bin/sh\ntrap "" TERM INT HUP PWR\nsetsid sleep 100000 &\nwhile :; do sleep 1; done\n' | set_init
for sig in INT TERM KILL; do
	host_state >"$scratch/state-before"
	ok "a rehearsal runs" begin_rehearsal
	list_parents
	# shellcheck disable=SC2046
	set -- $(family "$vs2vz")
	if [ -e "/sys/fs/cgroup/pids/vs2vz-$1/pids.max" ]; then
		is "$(cat "/sys/fs/cgroup/pids/vs2vz-$1/pids.max")" 4096 "processes are limited"
		ok "init belongs to the group" grep -qx "$3" "/sys/fs/cgroup/pids/vs2vz-$1/cgroup.procs"
	fi
	[ ! -e "/sys/fs/cgroup/memory/vs2vz-$1/memory.limit_in_bytes" ] ||
		ok "memory is limited" test "$(cat "/sys/fs/cgroup/memory/vs2vz-$1/memory.limit_in_bytes")" \
			-lt $(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) * 1024))
	kill -s "$sig" "$vs2vz"
	wait "$vs2vz" 2>/dev/null
	status=$?
	case $sig in
	INT) is "$status" 130 "SIGINT: status" ;;
	TERM) is "$status" 143 "SIGTERM: status" ;;
	esac
	ok "SIG$sig: every process of it ended" wait_for gone "$@"
	clean_after "SIG$sig"
done
ok "a rehearsal runs" begin_rehearsal
list_parents
# shellcheck disable=SC2046
set -- $(family "$vs2vz")
kill -KILL "$1"
ok "the keeper is killed: every process of the guest ended" wait_for gone "$@"
wait "$vs2vz"
mv "$scratch/init" "$t/sbin/init"
# Only its groups are left, and the next one removes them.
host_state | grep -v /sys/fs/cgroup >"$scratch/state-before"
run_status '0|1' "after that a rehearsal works again" vs verify deb201 --start
said "and comes up" 'rehearsal: .*up.*, runlevel 2'
clean_after "not even by the keeper that was killed"
done_testing
