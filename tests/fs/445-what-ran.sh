#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What ran under VServer (before.json) and has no boot link: proposed, and done where it
# is asked for.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"

# CentOS 5: httpd is there and off.
web_tree() {
	local t=$1 i
	fedora_tree "$t"
	rm "$t/etc/fedora-release" "$t/etc/redhat-release"
	echo 'CentOS release 5.11 (Final)' | put "$t/etc/redhat-release"
	mkdir -p "$t"/etc/rc.d/rc{0,1,2,3,4,5,6}.d
	ln -s rc.d/init.d "$t/etc/init.d"
	for i in 0 1 2 3 4 5 6; do ln -s "rc.d/rc$i.d" "$t/etc/rc$i.d"; done
	printf '#!/bin/bash\n# chkconfig: 2345 85 15\n' | put "$t/etc/rc.d/init.d/httpd" 755
	for i in 0 1 2 3 4 5 6; do ln -s ../init.d/httpd "$t/etc/rc.d/rc$i.d/K15httpd"; done
}

R=$scratch/r
mkhost "$R"
add_guest "$R" web 345 web.example.org 192.0.2.5 web_tree
run vs plan web --fixups all
said_not "nothing is known: nothing is proposed" 'all-was-running'
put "$R/var/lib/vs2vz/before.json" <<'END'
{ "format_version": "1.0", "running": [
  { "guest": "web", "ports": [], "programs": [ { "program": "httpd", "count": 8 } ] },
  { "guest": "other", "ports": [], "programs": [ { "program": "named", "count": 1 } ] } ] }
END
run vs plan web --fixups all
said "httpd ran: it is proposed" 'all-was-running: .*rc3\.d/S85httpd'
said_not "and not done" '\+ link .*S85httpd'
run vs plan web --fixups all,+all-was-running
said "asked for: it gets its start links" '\+ link .*rc3\.d/S85httpd'
said_not "another guest's program is not this one's" 'named'
done_testing
