#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# doctor on this machine, on hosts that are mounted, without root, and on kernels of old:
# its answers are what the kernel answers, nothing is written and no program is run.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/host.sh"
need_root
need_tools strace setpriv

# answer NAME: what the last document says of it
answer() { perl -MJSON::PP -e 'local $/; for (@{decode_json(<STDIN>)->{lines}}) {
	print $_->{answer} if $_->{name} eq $ARGV[0] }' "$1" <"$scratch/out"; }

# This machine, whatever it is.
run_status '0|2' "on this machine" "$VS2VZ" doctor
said "tells the kernel" "^  yes +release +Linux $(uname -r | sed 's/[.+]/\\&/g')"
is "$(awk 'length($0) > 79' "$scratch/out")" "" "no line is over 79 columns"
wanted=$status
run_status "$wanted" "as JSON, with the same status" "$VS2VZ" --json doctor
ok "one document" perl -MJSON::PP -e 'local $/; decode_json(<STDIN>)' <"$scratch/out"
is "$(answer root)" yes "root is root"
# What the kernel answers to a call that cannot work: ENOSYS, or another word.
asked() { perl -e '$! = 0; syscall($ARGV[0] + 0, -1, 0, 0, 0, 0); print $!{ENOSYS} ? "no" : "yes"' "$1"; }
is "$(answer openat2)" "$(asked 437)" "openat2 is what the kernel answers"
is "$(answer fchmodat2)" "$(asked 452)" "so is fchmodat2"
is "$(answer name-spaces)" "$([ -e /proc/self/ns/pid ] && echo yes || echo no)" "so are name spaces"
run_status '0|2' "without root rights" setpriv --reuid=65534 --regid=65534 --clear-groups \
	"$VS2VZ" --json doctor
is "$(answer root)" no "nobody is not"
is "$(answer state-directory)" unknown "who may not write cannot tell who may"

# Nothing is changed, nothing is run.
R=$scratch/host
mkhost "$R"
add_guest "$R" web1 1101 web1.example.org 192.0.2.21
find "$R" -printf '%p %y %m %s %T@ %C@\n' | sort >"$scratch/before"
run_check "a host in good order" strace -f -o "$scratch/trace" "$VS2VZ" --root "$R" doctor
find "$R" -printf '%p %y %m %s %T@ %C@\n' | sort >"$scratch/after"
same_files "$scratch/before" "$scratch/after" "is as it was"
calls=$(grep -cE ' open(at2?)?\(.*O_(WRONLY|RDWR|CREAT)| (mkdir|unlink|rename|link|symlink|mknod|chmod|chown)(at)?\([^)]*\) = 0' "$scratch/trace")
is "$calls" 0 "nothing is opened for writing, made, renamed or removed"
is "$(grep -c 'execve(' "$scratch/trace")" 1 "no program is run"

run_check "the document of a mounted host" vs --json doctor
is "$(answer vz-at-boot)" yes "the vz service is started at boot"
is "$(answer openvz)" unknown "its running kernel is not known"
is "$(answer modules)" yes "the modules of the kernel that is installed are"
is "$(answer vzquota)" yes "vzquota is there"
is "$(answer vzctl)" no "vzctl is not"
rm "$R/etc/vz/vz.conf"
run_status 2 "a host without vz.conf" vs doctor
said "convert would be refused" '^convert would be refused here: vz\.conf'

# File systems that cannot be written to.
mkhost "$scratch/ro"
mount --bind "$scratch/ro" "$scratch/ro" && mount -o remount,bind,ro "$scratch/ro"
R=$scratch/ro
run_status 2 "a host that is mounted read-only" vs doctor
said "is said" 'state-directory .*'
said "with the cure" 'refused here: state-directory, log-directory, private-areas'
umount "$scratch/ro"

run_status 64 "it takes no operand" "$VS2VZ" doctor web1

# Kernels of old. A program that is linked with the system's libraries does not start on
# each of them; check-ports runs this with the static one.
old=$VS2VZ_BUILD/tests/old-kernel
R=$scratch/host
mkhost "$scratch/second"
cp "$scratch/second/etc/vz/vz.conf" "$R/etc/vz/vz.conf"
ok "there is the tracer" test -x "$old"
for kernel in 042stab141 2.6.32 2.6.18; do
	run "$old" -k "$kernel" "$VS2VZ" --json --root "$R" doctor
	if [ "$status" = 127 ] && grep -q 'shared' "$scratch/err"; then
		skip "doctor on $kernel" "the loader of this system does not work there"
		continue
	fi
	is "$status" 0 "doctor on $kernel"
	for lacked in openat2 statx renameat2 loop-control; do
		is "$(answer $lacked)" no "$kernel: $lacked"
	done
	case $kernel in
	2.6.18) wanted=no ;;
	*) wanted=yes ;;
	esac
	is "$(answer precise-times)" "$wanted" "$kernel: precise times"
	is "$(answer fallocate)" "$wanted" "$kernel: fallocate"
done
done_testing
