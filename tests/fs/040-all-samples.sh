#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Configurations as the real tool wrote them, all at once; one of them is blocked.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root

R=$scratch/r
mkhost "$R"
add_v345 "$R"
for g in web1 web2 gen1 ext1 old1; do add_sample_guest "$R" "$g"; done
elf "$R/vservers/ext1/bin/rpm"
age "$R/vservers/ext1"
add_legacy_guest "$R" mail 77 mail.example.org 192.0.2.50
host_tree "$scratch/before" "$R"
reading_commands_write_nothing

run_status 2 "check says that one is blocked" vs check
said "external package management" 'VS360'
run_status 4 "convert --all does the others" vs convert --all --yes
ok "the blocked guest is untouched" test -d "$R/vservers/ext1"
for pair in v345=345 web1=40000 web2=40001 gen1=41001; do
	ok "$pair" test -f "$(conf_of "${pair#*=}")" -a -d "$R/vz/private/${pair#*=}"
done
has_line "$(conf_of 40000)" 'HOSTNAME="web1.example.org"'
has_line "$(conf_of 40000)" 'IP_ADDRESS="203.0.113.7 192.0.2.21 10.1.2.3 2001:db8::21"'
has_line "$(conf_of 40001)" 'IP_ADDRESS="192.0.2.22"'
has_line "$(conf_of 40000)" 'ONBOOT="no"'
has_line "$(conf_of 345)" 'ONBOOT="yes"'
mail=$(grep -l '^HOSTNAME="mail.example.org"' "$R"/etc/vz/conf/*.conf)
ok "the legacy guest has a configuration" test -n "$mail"
[ -z "$mail" ] || has_line "$mail" 'IP_ADDRESS="192.0.2.50"'
[ -z "$mail" ] || has_line "$mail" 'ONBOOT="yes"'
run vs status
said "status: converted" 'v345.*converted'
said "status: the other" 'ext1'
run vs scan --json
ok "JSON is JSON" perl -MJSON::PP -e 'local $/; decode_json(<STDIN>)' <"$scratch/out"

run_check "one of them back" vs undo web1
ok "its tree is back" test -d "$R/vservers/web1"
ok "another one stays" test -d "$R/vz/private/40001"
run_check "by number" vs undo 40001
ok "its tree is back" test -d "$R/vservers/web2"
run_check "all back" vs undo --all
unchanged "everything is as it was"

run_status 0 "the block can be lifted" vs convert ext1 --yes --override VS360
ok "converted" test -d "$R/vz/private/300"
run_check "and back" vs undo ext1
unchanged "everything is as it was again"
done_testing
