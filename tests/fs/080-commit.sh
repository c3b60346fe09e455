#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The point of no return.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root

R=$scratch/r
mkhost "$R"
add_v345 "$R"
add_guest "$R" web 5000 web.example.org 192.0.2.5
add_guest "$R" mail 5001 mail.example.org 192.0.2.6
tree "$scratch/guest" "$R/vservers/v345"
tree "$scratch/web" "$R/vservers/web"
host_tree "$scratch/before" "$R"
run_mustfail "nothing to commit yet" vs commit v345 --yes
unchanged "nothing changed"
run_check "convert, one by rename" vs convert v345 --yes
run_check "convert, one by copy" vs convert web --yes --method copy
host_tree "$scratch/converted" "$R"
run_status 2 "commit asks, and there is nobody to answer" vs commit --all
host_tree "$scratch/now" "$R"
same_files "$scratch/converted" "$scratch/now" "nothing changed"
ok "the source still exists" test -d "$(aside "$R/vservers" web)"
mv "$R/vz" "$R/vz-away"
mkdir -p "$R/vz/private" "$R/vz/root" "$R/vz/lock"
run_status 2 "the copy is not to be seen" vs commit web --yes
said "it is named" "/vz/private/5000' is not there"
mkdir "$R/vz/private/5000"
echo other >"$R/vz/private/5000/other"
run_status 2 "another tree is in its place" vs commit web --yes
said "it is named" "/vz/private/5000' was not made"
ok "the source still exists" test -d "$(aside "$R/vservers" web)/etc"
rm -rf "$R/vz"
mv "$R/vz-away" "$R/vz"
run_check "commit web" vs commit web --yes
ok "the source is gone" test -z "$(aside "$R/vservers" web)"
same_tree "$scratch/web" 5000 "the container is complete"
run vs status
said "status: committed" 'web.*committed'
said "status: the other can go back" 'v345.*converted'
host_tree "$scratch/committed" "$R"
run_mustfail "no way back from there" vs undo web
host_tree "$scratch/now" "$R"
same_files "$scratch/committed" "$scratch/now" "a refused undo changes nothing"
run_check "the other goes back" vs undo v345
tree "$scratch/now" "$R/vservers/v345"
same_files "$scratch/guest" "$scratch/now" "whole"
same_tree "$scratch/web" 5000 "the committed container was left alone"
run_check "commit again is nothing" vs commit web --yes
run_check "convert the rest" vs convert --all --yes
run_check "commit the rest" vs commit --all --yes
ok "configurations of all" test -f "$(conf_of 345)" -a -f "$(conf_of 5000)" -a -f "$(conf_of 5001)"
run_check "a convert afterwards has nothing to do" vs convert --all --yes
done_testing
