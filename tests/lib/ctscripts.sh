# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs CTID.mount and CTID.umount of the host $R as vzctl does: as root in that host,
# with exactly its environment. Mounts are real, in a mount namespace of their own.

# tidy_host: takes away what in_host made in $R, not what the host has itself
tidy_host() {
	local d
	for d in bin sbin lib lib32 lib64 libx32; do
		[ -L "/$d" ] && [ -L "$R/$d" ] && rm "$R/$d"
	done
	rm -rf "$R"/{stub,proc,sys,dev,tmp}
	(cd "$R" && rmdir bin sbin lib lib32 lib64 libx32 usr 2>/dev/null)
	return 0
}

# The commands that run in there, each by a line: in_host COMMAND-FILE [SHELL]
# Sees $scratch/stub first in PATH where it exists. VE_ROOT is prepared as simfs would;
# not with BARE=yes: there the commands play vzctl themselves (vzctl_verbs).
in_host() {
	local file=$1 shell=${2:-dash} d
	cat >"$scratch/inside.sh" <<-'END'
	set -e
	R=$1 stub=$2 file=$3 shell=$4 ctid=$5 bare=$6
	mount --make-rprivate /
	mount -o bind "$R" "$R"
	for d in bin sbin lib lib32 lib64 libx32; do
		if [ -L "/$d" ] && [ ! -e "$R/$d" ]; then
			cp -P "/$d" "$R/$d"
		elif [ -d "/$d" ] && [ ! -L "$R/$d" ]; then
			mkdir -p "$R/$d"
			mount -o bind "/$d" "$R/$d"
		fi
	done
	mkdir -p "$R/usr" "$R/proc" "$R/dev" "$R/tmp" "$R/stub"
	mount -o bind /usr "$R/usr"
	mount -t proc proc "$R/proc"
	mount -o rbind /dev "$R/dev"
	[ -z "$bare" ] || { mkdir -p "$R/sys"; mount -o bind /sys "$R/sys"; }
	[ ! -d "$stub" ] || mount -o bind "$stub" "$R/stub"
	[ -n "$bare" ] || mount -o bind "$R/vz/private/$ctid" "$R/vz/root/$ctid"
	cp "$file" "$R/tmp/commands"
	exec env -i HOME=/ TERM=linux PATH=/stub:/bin:/sbin:/usr/bin:/usr/sbin \
		VEID="$ctid" VE_CONFFILE="/etc/vz/conf/$ctid.conf" SHELL_USED="$shell" \
		chroot "$R" /bin/bash /tmp/commands
	END
	unshare -m bash "$scratch/inside.sh" "$R" "$scratch/stub" "$file" "$shell" \
		"${CTID:-345}" "${BARE:-}" </dev/null
}

# What every command file starts with: the scripts by the shell under test, in the
# environment that vzctl gives them, nothing else.
inside_verbs() {
	cat <<-'END'
	root=/vz/root/$VEID
	hook() {
		env -i HOME=/ TERM=linux PATH="$PATH" VEID="$VEID" VE_CONFFILE="$VE_CONFFILE" \
			"/bin/$SHELL_USED" "/etc/vz/conf/$VEID.$1" </dev/null 2>&1
		echo "$1: $?"
	}
	direct() {
		env -i HOME=/ TERM=linux PATH="$PATH" VEID="$VEID" VE_CONFFILE="$VE_CONFFILE" \
			"/etc/vz/conf/$VEID.$1" </dev/null 2>&1
		echo "$1: $?"
	}
	table() { sed -n "s,^[^ ]* $root/\([^ ]*\) \([^ ]*\) \([^ ]*\) .*,\1 \2 \3,p" /proc/mounts; }
	count() { table | grep -c .; }
	END
}

# What vzctl does around mounting and unmounting a container, in its order: each script is
# given exactly its environment, and one that fails ends the operation as it does there.
vzctl_verbs() {
	cat <<-'END'
	conf=/etc/vz/conf private=/vz/private/$VEID root=/vz/root/$VEID
	hook() {
		[ -e "$conf/$1" ] || return 0
		env -i HOME=/ TERM=linux PATH="$PATH" VEID="$VEID" VE_CONFFILE="$VE_CONFFILE" \
			/bin/$SHELL_USED "$conf/$1" </dev/null 2>&1
		set -- "$1" $?
		echo "$1: $2"
		return "$2"
	}
	vz_mount() {
		[ -d "$private" ] || { echo "vzctl: 43"; return 43; }
		hook vps.premount && hook "$VEID.premount" || { echo "vzctl: 79"; return 79; }
		mount -o bind "$private" "$root"
		hook vps.mount && hook "$VEID.mount" || { vz_umount; echo "vzctl: 79"; return 79; }
		echo "vzctl: 0"
	}
	vz_umount() {
		hook "$VEID.umount" && hook vps.umount || { echo "vzctl: 79"; return 79; }
		umount "$root"
		hook "$VEID.postumount" && hook vps.postumount || { echo "vzctl: 79"; return 79; }
		echo "vzctl: 0"
	}
	on() { cut -d' ' -f5 /proc/self/mountinfo | grep -cFx "$1"; }
	attached() { losetup -j "$1" | grep -c .; }
	END
}
