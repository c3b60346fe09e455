#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Network file systems of a guest: several shares, one share twice, versions 3, 4 and
# 4.1, with and without locks. No NFS server is at hand: a stand-in for mount(8) notes
# the command line and mounts a tmpfs in place of the share, everything else is real.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
. "$top/tests/lib/ctscripts.sh"
need_root
unshare -m true 2>/dev/null || skip_unless_required "no mount namespaces"

R=$scratch/h
conf=$R/etc/vz/conf
g=$R/etc/vservers/v345
t=$R/vservers/v345

commands() {
	{ inside_verbs; cat; } >"$scratch/commands"
	in_host "$scratch/commands" "$shell" >"$scratch/out" 2>&1
	status=$?
	last="commands in the host by $shell"
	: >"$scratch/err"
	cp "$scratch/out" "$scratch/both"
}

new_host() {
	wipe "$R"
	mkhost "$R"
	add_v345 "$R"
	mkdir -p "$t"/srv/{up,down,v3,v4,v41,again,other,ro}
	printf '%s\n' "$@" >>"$g/fstab"
	age "$g"
}

mkdir "$scratch/stub"
put "$scratch/stub/mount" 755 <<'END'
#!/bin/bash
printf 'ran: %s\n' "$*"
[ "$2" = -t ] || exec /bin/mount "$@"
case $3 in
nfs*) [ ! -e /tmp/down ] || { echo "mount.nfs: no answer"; exit 32; }
	exec /bin/mount -n -t tmpfs none "$7" ;;
cifs) echo "mount.cifs: no answer"; exit 32 ;;
*) exec /bin/mount "$@" ;;
esac
END

new_host 'nfs1:/export/up /srv/up nfs rw,hard,intr,nodev,nosuid 0 0' \
	'nfs1:/export/v3 /srv/v3 nfs vers=3,tcp,nolock,rsize=32768 0 0' \
	'nfs2:/v4 /srv/v4 nfs4 proto=tcp,sec=sys 0 0' \
	'nfs2:/v41 /srv/v41 nfs vers=4.1,lock,soft,timeo=30 0 0' \
	'nfs1:/export/up/ /srv/again nfs hard,intr,nodev 0 0' \
	'nfs1:/export/up /srv/ro nfs ro,hard,intr 0 0' \
	'nfs1:/export/up /srv/other nfs rw,vers=3 0 0' \
	'//win/share /srv/down cifs credentials=/root/c,uid=500 0 0'
run vs -v plan v345
is "$status" 0 "nothing blocks"
said "version and locks are told" VS353
said "nolock" "nfs1:/export/v3.*vers=3, tcp, nolock"
said "4.1" "vers=4.1, lock, soft"
run_check "convert" vs convert v345 --yes
for s in mount umount; do
	ok "bash -n 345.$s" bash -n "$conf/345.$s"
	! command -v shellcheck >/dev/null || ok "shellcheck 345.$s" shellcheck -s sh "$conf/345.$s"
done
for shell in dash bash; do
	commands <<-'END'
	hook mount
	echo "mounted $(count)"
	END
	r=/vz/root/345/srv
	for line in "-n -t nfs -o rw,hard,intr,nodev,nosuid nfs1:/export/up $r/up" \
		"-n -t nfs -o nodev,vers=3,tcp,nolock,rsize=32768 nfs1:/export/v3 $r/v3" \
		"-n -t nfs4 -o nodev,proto=tcp,sec=sys nfs2:/v4 $r/v4" \
		"-n -t nfs -o nodev,vers=4.1,lock,soft,timeo=30 nfs2:/v41 $r/v41" \
		"-n -o bind $r/up $r/again" \
		"-n -o remount,bind,nodev $r/up $r/again" \
		"-n -o bind $r/up $r/ro" \
		"-n -o remount,bind,nodev,ro $r/up $r/ro" \
		"-n -t nfs -o nodev,rw,vers=3 nfs1:/export/up $r/other" \
		"-n -t cifs -o nodev,credentials=/root/c,uid=500 //win/share $r/down"; do
		has_line "$scratch/out" "ran: $line"
	done
	said "$shell: a share that fails is named" "'//win/share' on '/vz/root/345/srv/down'"
	said "$shell: that is a failure" '^mount: 1'
	said "$shell: and everything is undone" '^mounted 0$'
done

# The same without the share that fails.
run_check "undo" vs undo v345
tidy_host
sed -i '/cifs/d' "$g/fstab"
run_check "convert" vs convert v345 --yes
for shell in dash bash; do
	commands <<-'END'
	hook mount
	echo "mounted $(count)"
	for d in up again ro other v3; do eval "dev_$d=\$(stat -c %d $root/srv/$d)"; done
	[ "$dev_up" = "$dev_again" ] && [ "$dev_up" = "$dev_ro" ] && echo "equal shares, one device"
	[ "$dev_up" != "$dev_other" ] && [ "$dev_up" != "$dev_v3" ] && echo "others differ"
	echo x >$root/srv/up/file
	[ -f $root/srv/again/file ] && [ -f $root/srv/ro/file ] && echo "one content"
	(: >$root/srv/ro/x) 2>/dev/null || echo "ro is read-only"
	hook mount | grep -c ran: | sed 's/^/repeated /'
	hook umount
	echo "left $(count)"
	: >/tmp/down
	hook mount
	echo "down $(count)"
	rm /tmp/down
	END
	said "$shell: mount" '^mount: 0'
	said "$shell: all seven" '^mounted 7$'
	said "$shell: one share twice is one device" '^equal shares, one device$'
	said "$shell: different options are another mount" '^others differ$'
	said "$shell: one content" '^one content$'
	said "$shell: flags are each place's own" '^ro is read-only$'
	said "$shell: twice is once" '^repeated 0$'
	said "$shell: nothing is left" '^left 0$'
	said "$shell: a server that is down is named" "cannot mount 'nfs1:/export/up' on"
	said "$shell: nothing is mounted then" '^down 0$'
done
ok "no FEATURES: the container mounts nothing itself" bash -c "! grep FEATURES '$conf/345.conf'"

# ---- the guest's own address

new_host
echo 'nas:/home /srv/up nfs rw,vers=3 0 0' >"$g/fstab.remote"
age "$g"
run vs plan v345
is "$status" 2 "fstab.remote blocks while the guest's own fstab lacks the line"
said "VS344" VS344
said "the line to add" "nas:/home /srv/up nfs nodev,rw,vers=3 0 0"
echo 'nas:/home/ /srv/up nfs rw,vers=3 0 0' >>"$t/etc/fstab"
cp -p "$t/etc/fstab" "$scratch/fstab"
run vs plan v345
is "$status" 0 "with the line it does not block"
said "VS345" VS345
said_not "no script for it" '345\.mount'
run_check "convert" vs convert v345 --yes
has_line "$conf/345.conf" 'FEATURES="nfs:on"'
same_files "$scratch/fstab" "$R/vz/private/345/etc/fstab" "the guest's fstab is left"

new_host
echo 'nas:/home /srv/up nfs rw,vers=3 0 0' >>"$t/etc/fstab"
run_check "convert" vs convert v345 --yes
ok "a guest without the right to mount gets none" bash -c "! grep FEATURES '$conf/345.conf'"
run_check "undo" vs undo v345
printf 'set_utsname\nsecure_mount,binary_mount\n' >"$g/ccapabilities"
echo 'FEATURES="ppp:on"' >>"$conf/ve-vps.basic.conf-sample"
run vs convert v345 --yes
has_line "$conf/345.conf" 'FEATURES="ppp:on nfs:on"'
done_testing
