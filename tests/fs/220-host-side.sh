#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# VServer's boot scripts are switched off by the first conversion and on again by the
# last undo, link by link as they were; jobs, network files and firewalls are named and
# never touched; hook scripts and the ledger stand in the journal.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root

# rc R LEVEL LINK SERVICE
rc() {
	mkdir -p "$1/etc/rc$2.d"
	ln -s "../init.d/$4" "$1/etc/rc$2.d/$3"
}

add_boot_scripts() {
	local r=$1 s
	for s in util-vserver vprocunhide vservers-default vservers-legacy v_sshd; do
		printf '#!/bin/sh\n# starts part of util-vserver\n' | put "$r/etc/init.d/$s" 755
		rc "$r" 3 "S98$s" "$s"
		rc "$r" 6 "K10$s" "$s"
	done
	printf '#!/bin/sh\n' | put "$r/etc/init.d/sshd" 755
	printf '#!/bin/sh\n# updates, then reboots\n' | put "$r/etc/init.d/rebootmgr" 755
	rc "$r" 3 S55sshd sshd
	rc "$r" 3 S99rebootmgr rebootmgr
	mkdir -p "$r/etc/systemd/system/multi-user.target.wants" "$r/etc/runlevels/default"
	ln -s /lib/systemd/system/vservers@.service \
		"$r/etc/systemd/system/multi-user.target.wants/vservers@default.service"
	ln -s /etc/init.d/vservers.default "$r/etc/runlevels/default/vservers.default"
	own 3:4 "$r/etc/rc3.d/S98vservers-default"
	age "$r/etc"
}

links() { find "$R/etc" -type l \( -name '*vserver*' -o -name '*vprocunhide' -o -name '*v_sshd' \) | wc -l; }

R=$scratch/host
mkhost "$R"
add_guest "$R" web 49153 web.example.org 192.0.2.21
add_guest "$R" mail 49154 mail.example.org 192.0.2.22
add_boot_scripts "$R"
printf '#!/bin/sh\niptables -A INPUT -d 192.0.2.21 -j ACCEPT\n\tmount /dev/sdb1 "$2"\n' |
	put "$R/etc/vservers/web/scripts/pre-start" 755
printf '#!/bin/sh\nprintf \033[2J\n' | put "$R/etc/vservers/web/scripts/post-stop.d/10-clear" 755
put_line "$R/etc/crontab" '1 2 * * * root /usr/sbin/vserver web exec logrotate'
put_line "$R/etc/sysconfig/iptables" '-A INPUT -d 192.0.2.21 -j ACCEPT'
age "$R/etc"

reading_commands_write_nothing
run vs plan --all -v
said "the plan shows the links" '^  - unlink +/etc/rc3\.d/S98vservers-default -> \.\./init\.d/vservers-default'
said "and the unit" '^  - unlink +/etc/systemd/system/multi-user\.target\.wants/vservers@default\.service'
said "and the runlevel" '^  - unlink +/etc/runlevels/default/vservers\.default'
said_not "another rebootmgr stays" 'unlink.*rebootmgr'
said_not "sshd stays" 'unlink.*S55sshd'
said "the cron job is named with its line" '/etc/crontab:1: .vserver. in'
said "the firewall rule is named with its line" '/etc/sysconfig/iptables:1: 192\.0\.2\.21'
said "a hook script is shown" '\| iptables -A INPUT -d 192\.0\.2\.21'
said "control characters of scripts are escaped" '\| printf \\x1B\[2J'
said_not "and never printed" $'\033'
said "values are in the ledger" 'uts/nodename +web\.example\.org +same +HOSTNAME=web\.example\.org'

is "$(links)" 12 "all links are there before"
host_tree "$scratch/before" "$R"
tree "$scratch/guest" "$R/vservers/web"
crontab=$(stat -c '%y %i' "$R/etc/crontab")
run_check "convert web" vs convert web --yes
is "$(links)" 0 "all links of VServer are gone"
ok "sshd still starts" test -L "$R/etc/rc3.d/S55sshd"
ok "the scripts themselves stay" test -x "$R/etc/init.d/vservers-default"
is "$(stat -c '%y %i' "$R/etc/crontab")" "$crontab" "the crontab was not touched"
ledger=$R/var/lib/vs2vz/guests/web/ledger.txt
ok "the journal has the ledger" grep -q '^    uts/nodename  *web\.example\.org' "$ledger"
ok "with the scripts" grep -Fq '      | iptables -A INPUT -d 192.0.2.21 -j ACCEPT' "$ledger"
ok "and no control characters" test -z "$(tr -d '\n\40-\176' <"$ledger")"
ok "the report has values and scripts" perl -0ne 'exit !(/"value": "web\.example\.org"/ && /"scripts": \[\s*\{/)' \
	"$R/var/lib/vs2vz/guests/web/report.json"
run_check "convert mail, when nothing is left to switch off" vs convert mail --yes
run_check "undo mail" vs undo mail
is "$(links)" 0 "the links stay away while web is converted"
run_check "undo web" vs undo web
is "$(links)" 12 "the last undo brings them back"
is "$(stat -c %u:%g "$R/etc/rc3.d/S98vservers-default")" 3:4 "with their owner"
unchanged "times and all"

run_check "convert both" vs convert --all --yes
run_check "commit" vs commit --all --yes
is "$(links)" 0 "after commit they are gone for good"

# Without a plain sshd the host would be out of reach.
R=$scratch/wrapped
mkhost "$R"
add_guest "$R" web 49153 web.example.org 192.0.2.21
add_boot_scripts "$R"
rm "$R/etc/rc3.d/S55sshd"
printf 'iface eth0:1 inet static\n\taddress 192.0.2.21\n' | put "$R/etc/network/interfaces"
run_status 2 "sshd behind its wrapper blocks" vs convert --all --yes
said "says why" 'VS126.*sshd-wrapped'
said "an address of the host blocks the guest" '/etc/network/interfaces:2: 192\.0\.2\.21'
run_status 2 "one override is not enough" vs convert --all --yes --override VS126
run_check "both are" vs convert --all --yes --override VS126 --override VS129
run_check "undo" vs undo --all

# Answers for single guests, in a file that serves many hosts.
put "$R/etc/vs2vz.d/map.conf" <<-'END'
guest "web" {
	ctid = 777
	method = "copy"
	override "VS129" { reason = "eth0:1 goes tonight" }
}
guest "elsewhere" { ctid = 778 }
override "VS126" { reason = "console" }
END
run_check "answers of the map file" vs convert --all --yes
ok "the number" test -d "$R/vz/private/777"
ok "the method" test -d "$(aside "$R/vservers" web)"
ok "the reason is in the report" grep -q 'eth0:1 goes tonight' "$R"/var/log/vs2vz/*.txt
run_check "undo" vs undo --all
printf 'guest "web" {\n\tctid = 777\n\tmehtod = "copy"\n}\n' | put "$R/etc/vs2vz.d/map.conf"
run_status 64 "an unknown key is an error" vs plan --all
said "with file and line" 'map\.conf:3: '
done_testing
