#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bad input: a clear answer that names the object, the documented status, nothing changed.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop

host() {
	R=$scratch/$1
	mkhost "$R"
	add_v345 "$R"
}

remember() { host_tree "$scratch/before" "$R"; }

# blocked TEXT STATUS ID COMMAND...: refused, the finding is named, nothing changed
blocked() {
	local text=$1 want=$2 id=$3
	shift 3
	remember
	run_status "$want" "$text" "$@"
	said "$text: $id" "$id"
	unchanged "$text: nothing changed"
}

diag "host configuration"
host no-vz-conf
rm "$R/etc/vz/vz.conf"
blocked "no vz.conf" 2 VS105 vs convert --all --yes

host no-sample
rm "$R"/etc/vz/conf/ve-*.conf-sample
sed -i /CONFIGFILE/d "$R/etc/vz/vz.conf"
remember
run_check "no sample: our own" vs convert --all --yes
said "a finding says so" VS106
has_line "$(conf_of 345)" 'HOSTNAME="test345.my.org"'
ok "limits are there" grep -q '^KMEMSIZE="' "$(conf_of 345)"
run_check "undo" vs undo --all
unchanged "undo"

host wanted-sample
remember
run_mustfail "--sample that does not exist" vs convert --all --yes --sample nosuch
said "it is named" nosuch
unchanged "nothing changed"

host odd-vz-conf
sed -i 's,^VE_PRIVATE=.*,VE_PRIVATE=/vz/private/all,' "$R/etc/vz/vz.conf"
run vs check
said "VE_PRIVATE without \$VEID" VS107

host not-a-host
rm -rf "$R/etc/vservers"
remember
run vs check
said "no VServer here" VS108
unchanged "nothing changed"

diag "guest configuration"
host crlf
printf 'test345.my.org\r\n' >"$R/etc/vservers/v345/uts/nodename"
printf '192.168.0.145\r\n' >"$R/etc/vservers/v345/interfaces/0/ip"
remember
run vs convert --all --yes
ok "CRLF: done or refused" test "$status" = 0 -o "$status" = 2
said "CRLF: a finding" 'VS30[245]'
ok "CRLF: none in the result" bash -c "! grep -q \$'\\r' '$(conf_of 345)' 2>/dev/null"
run vs undo --all
unchanged "CRLF: undone"

host empty-values
: >"$R/etc/vservers/v345/uts/nodename"
rm -r "$R/etc/vservers/v345/interfaces"
remember
run vs plan --all
said "no host name" VS303
said "no address" VS307
printf 'a"b$(touch %s)`id`\\\n' "$scratch/pwned" >"$R/etc/vservers/v345/uts/nodename"
run vs convert --all --yes
[ ! -f "$(conf_of 345)" ] || ok "a hostile host name runs nothing" bash -c ". '$(conf_of 345)'; test ! -e '$scratch/pwned'"
ok "nothing ran" test ! -e "$scratch/pwned"

host no-tree
add_guest "$R" other 5000 other.example.org 192.0.2.9
rm -rf "$R/vservers/other"
blocked "a guest without its tree" 2 VS112 vs convert other --yes
run_status "0|4" "the others are converted" vs convert --all --yes
ok "v345 is" test -d "$R/vz/private/345"

host one-tree
add_guest "$R" twin 5001 twin.example.org 192.0.2.10
rm -rf "$R/vservers/twin"
ln -sfn /etc/vservers/.defaults/vdirbase/v345 "$R/etc/vservers/twin/vdir"
run vs check
said "two configurations, one tree" VS113

host unknown-item
echo x >"$R/etc/vservers/v345/nobody-knows-me"
run vs plan --all
said "an unknown item is named" 'nobody-knows-me'

diag "numbers"
host one-number
add_guest "$R" web 5002 web.example.org 192.0.2.11
blocked "two guests, one CTID" 2 VS205 vs convert --all --yes --ctid v345=500 --ctid web=500
blocked "CTID 100" "2|64" '100' vs convert v345 --yes --ctid 100
blocked "CTID zero" "2|64" '0' vs convert v345 --yes --ctid v345=0
mkdir "$R/vz/private/600"
blocked "a CTID that is taken" 2 VS204 vs convert v345 --yes --ctid 600

diag "options"
host options
remember
run_status 64 "unknown command" vs konvert
run_status 64 "unknown option" vs convert --al
run_status 64 "no guest" vs convert --yes
run_status "64|2|1" "a guest that does not exist" vs convert nosuch --yes
said "it is named" nosuch
run_status 2 "no terminal and no --yes" vs convert --all
run_mustfail "no such root" "$VS2VZ" --root "$scratch/nosuch" scan
stamp=$(stat -c %y "$R/etc")
echo 'ctid_base = = 7' >"$R/etc/vs2vz.conf"
run_mustfail "bad configuration file" vs scan
said "with its line" 'vs2vz\.conf.*1'
rm "$R/etc/vs2vz.conf"
touch -d "$stamp" "$R/etc"
unchanged "none of these changed anything"
if command -v setpriv >/dev/null; then
	cp "$VS2VZ" "$scratch/vs2vz-for-all"
	chmod 755 "$scratch/vs2vz-for-all"
	remember
	run_status 8 "not root" setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$scratch/vs2vz-for-all" --root "$R" convert --all --yes
	unchanged "not root: nothing changed"
else
	skip "not root" "no setpriv"
fi

diag "file systems"
host full
mount_new ext4 24M "$R/vz/private"
chmod 700 "$R/vz/private"
head -c 60M /dev/urandom >"$R/vservers/v345/var/big"
blocked "target too small" 2 VS201 vs convert --all --yes
umount "$R/vz/private"

host few-inodes
mount_new ext4 64M "$R/vz/private" -N 32
chmod 700 "$R/vz/private"
blocked "too few inodes" 2 VS202 vs convert --all --yes
umount "$R/vz/private"

host read-only
mount_new ext4 64M "$R/vz/private"
mount -o remount,ro "$R/vz/private"
blocked "read-only target" 2 VS203 vs convert --all --yes
umount "$R/vz/private"

diag "plans"
host plans
remember
run_check "save a plan" vs plan --all -o "$scratch/plan"
cp "$scratch/plan" "$scratch/edited"
sed -i 's,/vz/private/345,/vz/private/346,' "$scratch/edited"
run_status "1|6" "an edited plan" vs convert --plan "$scratch/edited" --yes
head -n 5 "$scratch/plan" >"$scratch/cut"
run_status "1|6" "a plan that was cut" vs convert --plan "$scratch/cut" --yes
head -c 4096 /dev/urandom >"$scratch/noise"
run_status "1|6|64" "noise instead of a plan" vs convert --plan "$scratch/noise" --yes
unchanged "bad plans change nothing"
echo 192.168.0.146 >"$R/etc/vservers/v345/interfaces/0/ip"
remember
run_status 6 "a stale plan" vs convert --plan "$scratch/plan"
said "what changed is named" 'interfaces/0/ip'
unchanged "a stale plan changes nothing"
run_status 5 "plan --detailed-exitcode" vs plan --all --detailed-exitcode
run_check "save it again" vs plan --all -o "$scratch/plan"
run_check "a fresh plan needs no question" vs convert --plan "$scratch/plan"
has_line "$(conf_of 345)" 'IP_ADDRESS="192.168.0.146"'
run_check "nothing pending any more" vs plan --all --detailed-exitcode
run_check "undo" vs undo --all
unchanged "undo"

diag "the journal"
host journal
remember
run_check "convert" vs convert --all --yes
log=$R/var/lib/vs2vz/guests/v345/log
cp "$log" "$scratch/log"
host_tree "$scratch/converted" "$R"
sed -i '2s/.$/~/' "$log"
run_mustfail "a damaged line in the middle" vs undo --all
said "the journal is named" 'VS701|journal|log'
host_tree "$scratch/now" "$R"
same_files "$scratch/converted" "$scratch/now" "it stops everything"
cp "$scratch/log" "$log"
sed -i '$d' "$log"
run_mustfail "a last line that went after it was written" vs undo --all
said "it is said what is missing" 'it has been cut'
run vs status
said "and the state" '^v345 .* damaged'
cp "$scratch/log" "$log"
truncate -s -3 "$log"	# a power cut in the middle of it
rm "${log%log}seal"
run vs status
ok "a torn last line is no damage" test "$status" -lt 5
run_check "it can be resumed" vs resume --yes
run vs status
said "and is converted then" 'converted'
truncate -s -3 "$log"
rm "${log%log}seal"
run_check "or taken back" vs undo --all
unchanged "undo after a lost last line"

diag "two at once"
host lock
many_files "$R/vservers/v345/var" 4000
sync
remember
"$VS2VZ" --root "$R" convert --all --yes --method copy >/dev/null 2>&1 &
first=$!
for _ in $(seq 400); do
	[ -z "$(find "$R/vz/private" -maxdepth 1 -name ".345.vs2vz-*-part")" ] || break
	sleep 0.01
done
kill -STOP $first
run_status 7 "a second one" vs convert --all --yes
run_status 7 "undo meanwhile" vs undo --all
kill -CONT $first
wait $first
is $? 0 "the first one ends well"
run_check "undo" vs undo --all
unchanged "undo"
done_testing
