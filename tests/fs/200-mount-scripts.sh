#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The action scripts made from a guest's fstab files, run by real shells with real bind,
# tmpfs and disk mounts in the environment that vzctl gives them: what they mount, that
# twice is once, that a failure names its object and leaves nothing behind, and that
# neither names nor links of a guest lead anywhere.
# shellcheck disable=SC2016
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
evil='we'"'"'ird"$(>pwned1)`>pwned2`;>pwned3;\x'

# fstab LINE...: after what every guest is built with
fstab() {
	put "$g/fstab" <"$fixtures/vserver/v345/etc/vservers/v345/fstab"
	printf '%s\n' "$@" >>"$g/fstab"
}

new_host() {
	wipe "$R"
	mkhost "$R"
	add_v345 "$R"
	mkdir -p "$R/srv/data/sub" "$R/srv/ro" "$R/srv/nested" "$R/srv/$evil"
	echo data >"$R/srv/data/file"
	echo nested >"$R/srv/nested/file"
	echo ro >"$R/srv/ro/file"
	echo motd >"$R/srv/motd"
	mkdir -p "$t/data" "$t/data-ro" "$t/var/cache" "$t/mnt" "$t/opt" "$t/data2" "$t/srv/own" \
		"$t/a b\\c" "$t/var/$evil"
	echo hidden >"$t/data/hidden"
	echo own >"$t/srv/own/file"
	: >"$t/etc/motd"
	ln -s /data2 "$t/var/www"
	ln -s '../a b\c' "$t/var/spaced"
	ln -s "$(printf '/bad\nname')" "$t/var/broken"
	mkdir "$t/$(printf 'bad\nname')"
}

convert() { run_check "$1" vs convert v345 --yes "${@:2}"; }

# commands TEXT: stdin is run in the host; what it printed is in $scratch/said
commands() {
	{ inside_verbs; cat; } >"$scratch/commands"
	in_host "$scratch/commands" "${shell:-dash}" >"$scratch/said" 2>&1
	cp "$scratch/said" "$scratch/both"
	last="commands in the host by ${shell:-dash}" status=$?
	: >"$scratch/out"
	cp "$scratch/said" "$scratch/err"
}

# ---- everything that a script mounts

new_host
disk=
if losetup -f >/dev/null 2>&1 && have_fs ext4; then
	truncate -s 8M "$R/srv/disk.img"
	mkfs.ext4 -q -F "$R/srv/disk.img"
	disk='/srv/disk.img /opt ext4 loop,ro 0 0'
fi
fstab '/srv/data /data none bind 0 0' \
	'/srv/ro data-ro none bind,ro,noexec 0 0' \
	'/srv/motd /etc/motd none ro,bind 0 0' \
	'none /var/cache tmpfs size=1m,mode=0700,nosuid 0 0' \
	'/srv/nested //data/sub/ none bind 0 0' \
	'/vservers/v345/srv/own /mnt none bind 0 0' \
	'/srv/data /var/www none bind 0 0' \
	'/srv/data /var/spaced none bind 0 0' \
	"/srv/$evil /var/$evil none bind,ro 0 0" \
	'/nowhere /off none noauto,bind 0 0' \
	"$disk"
age "$g"
host_tree "$scratch/before" "$R"
tree "$scratch/guest" "$t"
run vs plan v345
said "the plan has both scripts" '345\.umount'
convert "convert"
run_check "verify at once" vs verify v345
for s in mount umount; do
	is "$(stat -c '%a %u:%g' "$conf/345.$s")" "755 0:0" "mode and owner of 345.$s"
	for sh in dash bash; do
		ok "$sh -n 345.$s" "$sh" -n "$conf/345.$s"
	done
	if command -v shellcheck >/dev/null; then
		ok "shellcheck 345.$s" shellcheck -s sh -e SC2016 "$conf/345.$s"
	else
		skip "shellcheck 345.$s" "shellcheck is not installed"
	fi
done
ok "proc, devpts and the default /tmp are not in it" bash -c "! grep -E \"^(mount_on|bind_).*'/(proc|tmp|dev/pts)'\" '$conf/345.mount'"
is "$(grep -cE '^(mount_on|bind_on|bind_own) ' "$conf/345.mount")" \
	"$(grep -c '^drop ' "$conf/345.umount")" "as many calls in both"
is "$(sed -n "s/^drop //p" "$conf/345.umount" | tac)" \
	"$(grep -E '^(mount_on|bind_on|bind_own) ' "$conf/345.mount" |
		sed -E "s/^mount_on '[^']*' '[^']*' ('.*') '[^']*'$/\1/; s/^bind_on '.*[^\\\\]' ('\/.*') '[^']*'$/\1/; s/^bind_own '.*' ('\/.*') '[^']*'$/\1/")" \
	"umount goes backwards"

n=$(grep -c '^drop ' "$conf/345.umount")
for shell in dash bash; do
	commands <<-'END'
	hook mount
	echo "first $(count)"
	table | sort
	hook mount
	echo "second $(count)"
	cat $root/data/file $root/data/sub/file $root/etc/motd $root/mnt/file $root/data2/file "$root/a b\c/file"
	(echo x >$root/data-ro/x) 2>/dev/null || echo "data-ro is read-only"
	(echo x >$root/etc/motd) 2>/dev/null || echo "motd is read-only"
	(echo x >$root/data/written) && cat /srv/data/written && rm /srv/data/written
	[ "$(stat -c %d $root/data)" = "$(stat -c %d /srv/data)" ] && echo "one device"
	[ -e $root/data/hidden ] || echo "hidden is hidden"
	hook umount
	echo "left $(count)"
	hook umount
	ls -d /pwned* /vz/root/pwned* $root/pwned* 2>/dev/null | sed 's/^/found /'
	END
	said "$shell: mount" '^mount: 0'
	said "$shell: all of them" "^first $n\$"
	said "$shell: twice is once" "^second $n\$"
	said "$shell: says so" "345.mount: '/vz/root/345/data' is mounted already"
	for word in data nested motd own; do
		said "$shell: '$word' is there" "^$word\$"
	done
	said "$shell: tmpfs with its size" '^var/cache tmpfs rw,nosuid,nodev,.*size=1024k'
	said "$shell: binds carry nodev" '^data [a-z0-9]* rw,(nosuid,)?nodev'
	said "$shell: ro and noexec" '^data-ro [a-z0-9]* ro,(nosuid,)?nodev,noexec'
	said "$shell: read-only directory" 'data-ro is read-only'
	said "$shell: read-only file" 'motd is read-only'
	said "$shell: what the container writes arrives" '^x$'
	said "$shell: a bind is of its source's device" '^one device$'
	said "$shell: the directory below is covered" '^hidden is hidden$'
	[ -z "$disk" ] || said "$shell: a disk" '^opt ext4 ro,nodev'
	said "$shell: umount" '^umount: 0'
	said "$shell: nothing is left" '^left 0$'
	said_not "$shell: nothing of a name was run" '^found'
done
is "$(find "$R" -name 'pwned[0-9]' | wc -l)" 0 "no command in a name has run"

shell=dash
commands <<-'END'
direct mount
direct umount
hook mount >/dev/null
mount -n -t tmpfs none $root/mnt
umount -n $root/var/cache
hook umount
echo "left $(count)"
END
said "runs by its first line" '^mount: 0'
said "what is not mounted is passed over" '^umount: 0'

run_check "verify" vs verify v345
times=$(stat -c %y "$R/vz/private/345")

# ---- failures

commands <<-'END'
mv /vz/private/345/data2 /vz/private/345/data3
ln -s /etc /vz/private/345/data2
hook mount
echo "left $(count)"
hook umount
grep -c ' /etc ' /proc/mounts | sed 's/^/etc /'
rm /vz/private/345/data2
mv /vz/private/345/data3 /vz/private/345/data2
END
said "a link in place of the target is refused" "'data2' is a symbolic link"
said "the object is named" "cannot mount '/srv/data' on '/vz/root/345/data2'"
said "it fails" '^mount: 1'
said "earlier mounts are undone" '^left 0$'
said "nothing happened outside" '^etc 0$'

commands <<-'END'
mv /vz/private/345/var /vz/private/345/var2
ln -s /var /vz/private/345/var
hook mount
echo "left $(count)"
rm /vz/private/345/var
mv /vz/private/345/var2 /vz/private/345/var
END
said "a link on the way is refused" "'var' is a symbolic link"
said "with status 1" '^mount: 1'
said "and undone" '^left 0$'

commands <<-'END'
mv /srv/nested /srv/nested2
hook mount
echo "left $(count)"
mv /srv/nested2 /srv/nested
mount -o bind /srv/data $root/data
mv /srv/nested /srv/nested2
hook mount | tail -n 1
echo "foreign $(count)"
umount $root/data
mv /srv/nested2 /srv/nested
END
said "a source that is gone is named" "'/srv/nested', to be mounted on '/vz/root/345/data/sub', does not exist"
said "it fails" '^mount: 1'
said "mounts before it are undone" '^left 0$'
said "what was mounted before stays" '^foreign 1$'

mkdir "$scratch/stub"
put "$scratch/stub/uname" 755 <<<'#!/bin/sh
echo 2.6.18-028stab070'
commands <<-'END'
hook mount
echo "left $(count)"
END
said "an old kernel does not give a read-only bind" "this kernel cannot give a bind mount 'nodev,ro,noexec'"
said "that is a failure" '^mount: 1'
said "undone" '^left 0$'
for v in 2.6.9-1 2.6.25.1 2.6.8 2.4.37 2.6.26 2.6.32-042stab 3.10.0 6.1.0; do
	printf '#!/bin/sh\necho %s\n' "$v" >"$scratch/stub/uname"
	commands <<-'END'
	hook mount | tail -n 1
	END
	want=0
	case $v in 2.6.9* | 2.6.25* | 2.6.8 | 2.4*) want=1 ;; esac
	said "kernel $v" "^mount: $want"
done
rm "$scratch/stub/uname"

commands <<-'END'
env -i PATH="$PATH" /etc/vz/conf/345.mount; echo "bare $?"
env -i PATH="$PATH" /etc/vz/conf/345.umount; echo "bare $?"
env -i PATH="$PATH" VEID=345 VE_CONFFILE=/nowhere /etc/vz/conf/345.mount; echo "bare $?"
(echo 'VE_ROOT=""'; echo 'X=$(>/pwned9)') >/tmp/empty.conf
env -i PATH="$PATH" VEID=345 VE_CONFFILE=/tmp/empty.conf /etc/vz/conf/345.mount; echo "empty $?"
echo 'VE_ROOT="/"' >/tmp/empty.conf
env -i PATH="$PATH" VEID=345 VE_CONFFILE=/tmp/empty.conf /etc/vz/conf/345.mount; echo "root $?"
rm /tmp/empty.conf
rm -f /pwned9
END
said "without its environment it fails" '^bare 1'
said_not "and never succeeds" '^(bare|empty|root) (0|39)'
said "VE_ROOT=/ is refused" "VE_ROOT is '/'"

touch -d "$times" "$R/vz/private/345"
tidy_host
run_check "undo" vs undo v345
tree "$scratch/after" "$t"
same_files "$scratch/guest" "$scratch/after" "the guest's tree is back"
ok "the scripts are gone" bash -c "! ls '$conf'/345.*"

# ---- a script that is there already

new_host
fstab '/srv/data /data none bind 0 0'
put "$conf/345.mount" 755 <<<'#!/bin/sh
echo "earlier mount $VEID $VE_CONFFILE"; [ ! -e /tmp/refuse ]'
put "$conf/345.umount" 755 <<<'#!/bin/sh
echo "earlier umount"'
age "$R/etc/vz"
age "$g"
times=$(stat -c %y "$R")
host_tree "$scratch/before" "$R"
run vs convert v345 --yes
said "an earlier script blocks" VS208
convert "convert over it" --override VS208
ok "it has another name" grep -q 'earlier mount' "$conf/345.mount.before-vs2vz"
commands <<-'END'
hook mount
echo "both $(count)"
hook umount
echo "left $(count)"
: >/tmp/refuse
hook mount
echo "undone $(count)"
rm /tmp/refuse
END
said "it is called" '^earlier mount 345 /etc/vz/conf/345.conf'
said "after ours" '^both 1$'
said "at the end too" '^earlier umount$'
said "nothing left" '^left 0$'
said "where it fails" "345.mount.before-vs2vz' failed"
said "ours is undone" '^undone 0$'
tidy_host
touch -d "$times" "$R"
run_check "undo" vs undo v345
unchanged "the earlier scripts are back"

# ---- what is said before

new_host
fstab '/srv/none /data none bind 0 0'
run vs convert v345 --yes
is "$status" 2 "a source that does not exist blocks"
said "VS340" VS340
said "file and line" 'fstab:4'
for line in '/srv /data none rbind 0 0' '/srv /data none move 0 0' 'none /data none shared 0 0' \
	'none /data aufs br=/a 0 0'; do
	fstab "$line"
	run vs plan v345
	is "$status" 2 "blocks: $line"
	said "VS309" VS309
done
fstab '/srv/data /var/broken none bind 0 0'
run vs plan v345
is "$status" 2 "a link to a name with a line break blocks"
said "VS349" VS349
fstab '/dev/nosuchdisk / ext3 defaults 0 0'
run vs plan v345
is "$status" 2 "a root device that is not mounted blocks"
said "VS343" VS343
fstab '/srv/data /no/such/dir none bind 0 0'
run vs plan v345
is "$status" 0 "a target that does not exist is left out"
said "VS341" VS341
said_not "no script" '345\.mount'
mkdir -p "$R/vservers/other/srv"
fstab '/vservers/other/srv /data none bind 0 0'
add_guest "$R" other 102 o.example.org 192.0.2.9
run vs plan v345
is "$status" 2 "a source in another guest's tree blocks"
said "VS348" VS348
done_testing
