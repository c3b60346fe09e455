#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The status tells where the guests stand: when the output fails, when the question is
# answered with no or a signal, when files may not grow, when no journal can be made, when
# vzctl holds a container, when somebody without rights looks.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root
need_tools script prlimit setpriv perl

new_host() {
	R=$scratch/$1
	mkhost "$R"
	add_guest "$R" web 1042 web.example.org 192.0.2.1
	add_guest "$R" mail 1043 mail.example.org 192.0.2.2
	host_tree "$scratch/before" "$R"
}

# states "mail STATE web STATE" TEXT
states() {
	is "$("$VS2VZ" --root "$R" status 2>/dev/null | awk 'NR > 1 && !/^ / { printf "%s%s %s", sep, $1, $3; sep = " " }')" \
		"$1" "$2"
}

documents() { perl -MJSON::PP -0777 -ne '$j = JSON::PP->new->utf8; $j->incr_parse($_); $n++ while $j->incr_parse; print $n' "$1"; }
member() { perl -MJSON::PP -0777 -ne 'print JSON::PP->new->utf8->decode($_)->{'"$1"'}' "$2"; }

diag "output that fails"
# to_where WHERE COMMAND...: stdout fails, the status stands in $status
to_where() {
	local where=$1
	shift
	case $where in
	full) vs "$@" >/dev/full 2>"$scratch/err" </dev/null; status=$? ;;
	closed) vs "$@" >&- 2>"$scratch/err" </dev/null; status=$? ;;
	none) vs "$@" <&- >&- 2>&-; status=$? ;;
	pipe)	perl -e 'pipe(R, W); close R; open(STDOUT, ">&W"); exec @ARGV' "$VS2VZ" --root "$R" "$@" \
			2>"$scratch/err" </dev/null
		status=$? ;;
	esac
	[ "$where" != none ] || : >"$scratch/err"
	last="$* with stdout $where"
	cp "$scratch/err" "$scratch/both"
}
new_host output
for where in full closed pipe none; do
	to_where $where convert --all --yes
	is "$status" 0 "$where: convert ends with the status of its work"
	[ $where = none ] || said "$where: and says that its output is lost" 'cannot write .*exit status 0 \(done\) is that of the work'
	states "mail converted web converted" "$where: both are converted"
	for c in scan check "plan --all" status doctor "explain VS113" rules; do
		# shellcheck disable=SC2086
		to_where $where $c
		is "$status" 1 "$where: $c ends with 1"
	done
	to_where $where undo --all
	is "$status" 0 "$where: undo as well"
	states "mail undone web undone" "$where: both are undone"
	host_tree "$scratch/now" "$R"
	same_files "$scratch/before" "$scratch/now" "$where: no byte of the result is in a file"
done
run_check "convert" vs convert --all --yes
echo x >"$R/vservers/web"
to_where full undo --all
is "$status" 4 "a status of the work that is not 0 stays"
said "and is told" 'exit status 4 \(partial\) is that of the work'
states "mail undone web converted" "as it says"
rm "$R/vservers/web"
run_check "undo" vs undo --all

diag "the question"
# answer KEYS COMMAND: typed at the question, on a terminal
answer() {
	local keys=$1 pid
	shift
	rm -f "$scratch/keys" "$scratch/typed"
	mkfifo "$scratch/keys"
	script -qefc "exec $VS2VZ --root $R $*" "$scratch/typed" <"$scratch/keys" >/dev/null 2>&1 &
	pid=$!
	exec 7>"$scratch/keys"
	for _ in $(seq 600); do
		grep -Fq '[y/N]' "$scratch/typed" 2>/dev/null && break
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	# shellcheck disable=SC2059
	printf "$keys" >&7
	wait "$pid"
	status=$?
	exec 7>&-
	last="$* with the answer $keys"
	cp "$scratch/typed" "$scratch/both"
	: >"$scratch/out"
	: >"$scratch/err"
}
new_host question
for keys in 'n\n' '\n' '\004'; do
	answer "$keys" convert --all
	is "$status" 0 "'$keys' is 0"
	said "'$keys': and nothing was changed" 'note: not confirmed; nothing was changed'
done
answer '\003' convert --all
is "$status" 130 "Ctrl-C is 130"
said "Ctrl-C: nothing was changed" 'nothing was changed'
unchanged "nothing was changed"
answer 'y\n' convert web
is "$status" 0 "yes converts"
states "mail found web converted" "it did"
answer 'n\n' commit web
is "$status" 0 "no to commit is 0"
answer '\003' commit web
is "$status" 130 "Ctrl-C at commit is 130"
states "mail found web converted" "and it can still be undone"
run_check "undo" vs undo --all
unchanged "undone"

diag "files that may not grow"
new_host size
mkdir "$R/srv"
age "$R/srv"
head -c 300000 /dev/urandom >"$R/vservers/web/var/log/long"
age "$R/vservers/web"
host_tree "$scratch/before" "$R"
for limit in 200000 20000 4096 1024 300; do
	for how in "--method copy" "--method rename" "--insulate image:/srv:50M"; do
		find "$R/var/lib/vs2vz" "$R/var/log/vs2vz" -mindepth 1 -delete
		# shellcheck disable=SC2086
		run prlimit --fsize=$limit "$VS2VZ" --root "$R" convert --all --yes $how
		[ "$status" -lt 128 ]
		result $? "$limit, $how: no death by a signal" || show_last
		[ "$status" = 0 ] || said "$limit, $how: it is said" 'File too large'
		[ "$status" != 1 ] || unchanged "$limit, $how: 1 is everything as before"
		run_check "$limit, $how: undo without the limit" vs undo --all
		unchanged "$limit, $how: undone"
	done
done

diag "no journal"
# What check counts beforehand is not asked of a plan that was made when there was room.
new_host journal
run_check "a saved plan" vs plan --all -o "$scratch/journal.plan"
for inodes in 10 12 14 16 18 20 22; do
	mount -t tmpfs -o nr_inodes=$inodes,size=1M none "$R/var/lib/vs2vz"
	run vs convert --plan "$scratch/journal.plan" --yes
	if [ "$status" != 0 ]; then
		is "$status" 1 "$inodes inodes: 1"
		said "$inodes inodes: why, and that nothing was changed" 'No space left'
		unchanged "$inodes inodes: nothing was changed"
		refused=$((${refused:-0} + 1))
	fi
	run_check "$inodes inodes: undo" vs undo --all
	unchanged "$inodes inodes: as before"
	umount "$R/var/lib/vs2vz"
done
ok "some of them had no room for the journals" test "${refused:-0}" -gt 2

diag "locks"
new_host locks
mkdir -p "$R/vz/lock"
echo $$ >"$R/vz/lock/1042.lck"
run_status 7 "all that was asked is locked" vs convert web --yes
said "it is named" VS217
run_status 4 "one is, the other is converted" vs convert --all --yes
states "mail converted web blocked" "as it says"
rm "$R/vz/lock/1042.lck"
run_check "without the lock" vs convert web --yes
echo $$ >"$R/vz/lock/1042.lck"
run_status 7 "undo of the locked one" vs undo web
run_status 4 "undo of both" vs undo --all
states "mail undone web converted" "the other one is back"
run_status 7 "commit of the locked one" vs commit web --yes
rm "$R/vz/lock/1042.lck"
run_check "undo" vs undo --all
age "$R/vz/lock"
unchanged "undone"

diag "boot links"
new_host links
printf '#!/bin/sh\n# util-vserver\n' | put "$R/etc/init.d/vservers-default" 755
mkdir -p "$R/etc/rc3.d"
ln -s ../init.d/vservers-default "$R/etc/rc3.d/S98vservers-default"
run_check "convert" vs convert --all --yes
ok "the link is gone" test ! -L "$R/etc/rc3.d/S98vservers-default"
run_check "commit one" vs commit mail --yes
ok "the other is converted: it stays away" test ! -L "$R/etc/rc3.d/S98vservers-default"
run_check "undo the other" vs undo web
is "$(readlink "$R/etc/rc3.d/S98vservers-default")" ../init.d/vservers-default \
	"a committed guest does not hold it: it is back"
run_check "convert it again" vs convert web --yes
ok "the link is gone again" test ! -L "$R/etc/rc3.d/S98vservers-default"
run_check "commit it" vs commit web --yes
ok "nothing brings it back" test ! -L "$R/etc/rc3.d/S98vservers-default"

diag "one document"
new_host json
rm -rf "$R/vservers/web"
run vs plan --all --json -o "$scratch/plan"
is "$(documents "$scratch/out")" 1 "plan --json -o"
run vs plan web --json -o "$scratch/plan"
is "$(documents "$scratch/out")" 1 "where nothing can be done"
is "$(member host "$scratch/out")" vs.example.org "the host's own name"
is "$(member root "$scratch/out")" "$R" "and where it is"
run vs plan mail --json -o "$scratch/nowhere/plan"
is "$(documents "$scratch/out")" 1 "where the file cannot be written"
run vs status
said "the next commands name the root" "vs2vz --root $R convert mail"

diag "without root rights"
cp "$VS2VZ" "$scratch/for-all"
chmod 755 "$scratch/for-all"
new_host rights
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$scratch/for-all" --root "$R" "$@"; }
rm -rf "$R/var/lib/vs2vz"
chmod 755 "$R/vz/private" "$R/vz/root" "$R/vservers"
chmod 700 "$R/vservers/web/etc"
for c in scan check "plan --all"; do
	# shellcheck disable=SC2086
	run_status 8 "$c" as_nobody $c
	said "$c: what was refused" 'Permission denied'
	said "$c: and what to do" 'try sudo'
	said_not "$c: no file system is to be repaired" fsck
done
run as_nobody check
said "the finding says what it is" 'VS213 not-root'
chmod 700 "$R/vz/private"
for c in scan check "plan --all" status; do
	# shellcheck disable=SC2086
	run_status 8 "$c, where the host cannot be read" as_nobody $c
	said "$c: what to do" 'needs root rights to see it: try sudo'
done
chmod -R a+rX "$R"
run_check "what may be read is looked at by anybody" as_nobody check
done_testing
