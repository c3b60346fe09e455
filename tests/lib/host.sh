# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds hosts below a folder: an installed OpenVZ, VServer configurations as the
# real tool writes them (tests/fixtures/vserver), guest trees. Works without root,
# then without device nodes and foreign owners.

fixtures=$top/tests/fixtures

# File content from stdin, folders made as needed: put FILE [MODE]
put() {
	mkdir -p "$(dirname "$1")"
	cat >"$1"
	[ -z "${2:-}" ] || chmod "$2" "$1"
}

put_line() { printf '%s\n' "$2" | put "$1"; }

# Where a conversion put a tree or an image aside; nothing where it did not: aside DIR NAME
aside() { find "$1" -mindepth 1 -maxdepth 1 -regex ".*/\.$2\.vs2vz-[0-9a-f]*"; }

node() { [ "$(id -u)" != 0 ] || mknod "$@"; }

# chown that does not matter without root
own() { [ "$(id -u)" != 0 ] || chown -h "$@"; }

# mkhost R [LAYOUT]: debian (/etc/vz/conf) or rpm (/etc/sysconfig/vz-scripts)
mkhost() {
	local r=$1 layout=${2:-debian} conf=$1/etc/vz/conf
	mkdir -p "$r"/etc/vz/names "$r"/etc/vservers/.defaults/apps/vunify/hash \
		"$r"/etc/vservers/.defaults/files "$r"/vservers/.pkg \
		"$r"/var/cache/vservers "$r"/var/run/vservers "$r"/var/run/vservers.rev \
		"$r"/var/lib/vs2vz "$r"/var/log/vs2vz \
		"$r"/vz/private "$r"/vz/root "$r"/vz/lock "$r"/vz/dump "$r"/vz/template/cache
	chmod 700 "$r"/vz/private "$r"/vz/root "$r"/var/cache/vservers
	if [ "$layout" = rpm ]; then
		conf=$r/etc/sysconfig/vz-scripts
		mkdir -p "$conf"
		ln -s ../sysconfig/vz-scripts "$r/etc/vz/conf"
		ln -s ../vz/vz.conf "$r/etc/sysconfig/vz"
	else
		mkdir -p "$conf"
	fi
	put "$r/etc/vz/vz.conf" <"$fixtures/openvz/vz.conf"
	put "$conf/ve-vps.basic.conf-sample" <"$fixtures/openvz/ve-vps.basic.conf-sample"
	put_line "$conf/0.conf" 'ONBOOT="no"'
	add_node "$r" "$layout"
	ln -s /var/cache/vservers "$r/etc/vservers/.defaults/cachebase"
	ln -s /var/run/vservers.rev "$r/etc/vservers/.defaults/run.rev"
	ln -s /vservers "$r/etc/vservers/.defaults/vdirbase"
	put_line "$r/etc/vservers/.defaults/context.next" 40002
	put_line "$r/etc/hostname" vs.example.org
	# Trees are compared byte for byte; tests of recipes say --fixups all.
	put_line "$r/etc/vs2vz.d/tests.conf" 'fixups = "none"'
	echo 'LABEL=/ / ext3 defaults 1 1' | put "$r/etc/fstab"
	chmod 000 "$r/vservers"
	[ "$(id -u)" = 0 ] || chmod 755 "$r/vservers"
	age "$r"
}

# What an OpenVZ node has besides vzctl and its configuration: add_node R LAYOUT
add_node() {
	local r=$1 init=etc/init.d rc=etc kernel=lib/modules/2.6.32-042stab141.3 m
	if [ "$2" = rpm ]; then
		init=etc/rc.d/init.d rc=etc/rc.d
		[ -e "$r/etc/init.d" ] || ln -s rc.d/init.d "$r/etc/init.d"
	fi
	printf '#!/bin/sh\n# chkconfig: 2345 96 88\n' | put "$r/$init/vz" 755
	for m in 2 3 4 5; do
		mkdir -p "$r/$rc/rc$m.d"
		ln -s ../init.d/vz "$r/$rc/rc$m.d/S96vz"
	done
	printf '#!/bin/sh\n' | put "$r/usr/sbin/vzquota" 755
	for m in fs/simfs kernel/ve/vzdev kernel/ve/vzmon fs/quota/vzdquota/vzdquota \
			drivers/net/vznetdev kernel/cpt/vzcpt kernel/cpt/vzrst drivers/net/vzethdev; do
		echo "kernel/$m.ko:"
	done | put "$r/$kernel/modules.dep"
}

# Old times everywhere, so that a changed one is seen; any depth, so -execdir.
age() {
	find "$1" -depth -execdir touch -h -d '2008-04-28 10:46:13.123456789' {} +
}

# One object of a MANIFEST.tsv: type mode path rest
sample_object() {
	local r=$1 from=$2 type=$3 mode=$4 path=$5 rest=$6
	mkdir -p "$(dirname "$r$path")"
	case $type in
	dir) mkdir -p "$r$path" ;;
	file)
		if [ -f "$from$path" ]; then cp "$from$path" "$r$path"
		else head -c "$rest" /dev/zero | tr '\0' '#' >"$r$path"; fi ;;
	link) ln -sfn "$rest" "$r$path"; return ;;
	char) node "$r$path" c "${rest%,*}" "${rest#*,}" || return ;;
	esac
	[ ! -e "$r$path" ] || chmod "$mode" "$r$path"
}

# add_sample_guest R NAME [TREE-FUNCTION]: configuration and tree of a shared sample
add_sample_guest() {
	local r=$1 name=$2 from=$fixtures/vserver/$2 type mode path rest
	if [ -f "$from/MANIFEST.tsv" ]; then
		while IFS=$'\t' read -r type mode path rest; do
			sample_object "$r" "$from" "$type" "$mode" "$path" "$rest"
		done <"$from/MANIFEST.tsv"
		age "$r/etc/vservers/$name"
	else
		cp "$from/etc/vservers/$name.conf" "$r/etc/vservers/$name.conf"
		mkdir -p "$r/vservers/$name"
		touch -d '2008-04-28 10:46:14' "$r/etc/vservers/$name.conf"
	fi
	"${3:-small_tree}" "$r/vservers/$name"
	age "$r/vservers/$name"
}

# add_guest R NAME CONTEXT HOSTNAME ADDRESS [TREE-FUNCTION]: in the shape of the samples
add_guest() {
	local r=$1 name=$2 g=$1/etc/vservers/$2
	mkdir -p "$g/apps/init" "$g/cpuset" "$g/uts"
	put_line "$g/name" "$name"
	put_line "$g/context" "$3"
	put_line "$g/uts/nodename" "$4"
	put_line "$g/interfaces/0/dev" eth0
	put_line "$g/interfaces/0/ip" "$5"
	put_line "$g/interfaces/0/prefix" 24
	put "$g/fstab" <"$fixtures/vserver/v345/etc/vservers/v345/fstab"
	ln -s "/etc/vservers/.defaults/vdirbase/$name" "$g/vdir"
	ln -s "/etc/vservers/.defaults/cachebase/$name" "$g/cache"
	ln -s "/var/run/vservers/$name" "$g/run"
	mkdir -p "$r/vservers/$name"
	"${6:-small_tree}" "$r/vservers/$name"
	age "$g"
	age "$r/vservers/$name"
}

# A guest of the old style: add_legacy_guest R NAME CONTEXT HOSTNAME ADDRESS
add_legacy_guest() {
	local r=$1 name=$2
	put "$r/etc/vservers/$name.conf" <<-END
	if [ "\$PROFILE" = "" ] ; then
	PROFILE=prod
	fi
	case \$PROFILE in
	prod)
	IPROOT="eth0:$5/255.255.255.0"
	S_HOSTNAME=$4
	;;
	esac
	ONBOOT=yes
	S_CONTEXT=$3
	S_FLAGS="lock nproc"
	ULIMIT="-HS -u 1000"
	S_CAPS=""
	END
	mkdir -p "$r/vservers/$name"
	small_tree "$r/vservers/$name"
	age "$r/vservers/$name"
	touch -d '2008-04-28 10:46:14' "$r/etc/vservers/$name.conf"
}

# The host of the written experience: v345, Fedora Core 4, marked to start at boot.
add_v345() {
	local r=$1
	add_sample_guest "$r" v345 fedora_tree
	put_line "$r/etc/vservers/v345/apps/init/mark" default
	age "$r/etc/vservers/v345"
}

# ---- trees

tree_nodes() {
	local d=$1/dev
	mkdir -p "$d/pts" "$d/shm"
	chmod 1777 "$d/shm"
	[ -e "$d/null" ] || node -m 666 "$d/null" c 1 3
	[ -e "$d/zero" ] || node -m 666 "$d/zero" c 1 5
	[ -e "$d/tty" ] || node -m 666 "$d/tty" c 5 0
	[ -e "$d/ptmx" ] || node -m 666 "$d/ptmx" c 5 2
	[ -e "$d/urandom" ] || node -m 644 "$d/urandom" c 1 9
	[ -L "$d/fd" ] || ln -s /proc/self/fd "$d/fd"
}

# The head of a 64-bit ELF program: enough to be recognised, never run.
elf() { printf '\177ELF\002\001\001\0\0\0\0\0\0\0\0\0\002\0\076\0\001\0\0\0' | put "$1" 755; }
elf32() { printf '\177ELF\001\001\001\0\0\0\0\0\0\0\0\0\002\0\003\0\001\0\0\0' | put "$1" 755; }

small_tree() {
	local t=$1
	tree_nodes "$t"
	mkdir -p "$t"/{bin,etc/init.d,lib,proc,root,sbin,sys,tmp,usr/bin,var/log}
	chmod 1777 "$t/tmp"
	chmod 700 "$t/root"
	elf "$t/sbin/init"
	elf "$t/bin/sh"
	put_line "$t/etc/debian_version" 4.0
	echo 'id:2:initdefault:' | put "$t/etc/inittab"
	echo 'root:x:0:0:root:/root:/bin/sh' | put "$t/etc/passwd"
	put_line "$t/var/log/messages" 'guest log'
	ln -f "$t/etc/passwd" "$t/etc/passwd-link"
	chmod 755 "$t"
}

# Small, but of everything that a Fedora Core 4 guest holds one piece.
fedora_tree() {
	local t=$1 i
	tree_nodes "$t"
	mkdir -p "$t"/{bin,boot,etc/rc.d/init.d,home/user,lib/modules,mnt,opt,proc,root,sbin,selinux,sys,tmp,usr/bin,usr/lib,usr/share/doc,var/log,var/run,var/spool/cron,var/empty}
	elf32 "$t/sbin/init"
	elf32 "$t/bin/bash"
	ln -sfn bash "$t/bin/sh"
	put_line "$t/etc/fedora-release" 'Fedora Core release 4 (Stentz)'
	ln -sfn fedora-release "$t/etc/redhat-release"
	echo 'id:3:initdefault:' | put "$t/etc/inittab"
	echo 'root:x:0:0:root:/root:/bin/bash' | put "$t/etc/passwd"
	echo 'root:$1$secret:0:0:99999:7:::' | put "$t/etc/shadow" 400
	for i in crond atd syslog random sshd; do
		printf '#!/bin/bash\n# chkconfig: 2345 90 60\n' | put "$t/etc/rc.d/init.d/$i" 755
	done
	: >"$t/halt"
	: >"$t/poweroff"
	elf32 "$t/bin/su"
	chmod 4755 "$t/bin/su"
	elf32 "$t/usr/bin/wall"
	own 0:5 "$t/usr/bin/wall"
	chmod 2755 "$t/usr/bin/wall"
	elf32 "$t/usr/bin/gcc"
	ln -f "$t/usr/bin/gcc" "$t/usr/bin/i386-redhat-linux-gcc"
	ln -f "$t/usr/bin/gcc" "$t/usr/bin/cc"
	own 500:500 "$t/home/user"
	put_line "$t/home/user/notes" 'remember'
	own 500:500 "$t/home/user/notes"
	odd_names "$t/home/user"
	[ -p "$t/dev/initctl" ] || mkfifo -m 600 "$t/dev/initctl"
	unix_socket "$t/dev/log"
	truncate -s 1M "$t/var/log/lastlog"
	printf 'end' >>"$t/var/log/lastlog"
	setfattr -n user.comment -v 'kept' "$t/etc/passwd" 2>/dev/null
	[ "$(id -u)" != 0 ] || setfattr -n security.capability \
		-v 0x0100000200200000000000000000000000000000 "$t/usr/bin/gcc" 2>/dev/null
	setfacl -m u:500:rw "$t/etc/inittab" 2>/dev/null
	chmod 1777 "$t/tmp"
	chmod 750 "$t/root"
	chmod 755 "$t"
}

unix_socket() {
	[ -S "$1" ] || perl -e '
		use Socket;
		chdir $ARGV[0] or die; socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die;
		bind($s, pack_sockaddr_un($ARGV[1])) or die' "$(dirname "$1")" "$(basename "$1")"
}

# Names that a careless program loses, splits or prints to the terminal.
odd_names() {
	local d=$1 n
	for n in ' ' '-rf' $'new\nline' $'tab\there' $'esc\033[2Jape' 'quo"te' "apos'trophe" \
		'back\slash' '$HOME' '*' 'a=b' '%41' $'\xff\xfe' $'\xc3\xa4' '.hidden' '#' ; do
		echo "content of an odd name" >"$d/$n"
	done
	printf 'x%.0s' {1..255} | xargs -I{} touch "$d/{}"
}

# N files of 1 to 8 KB: enough work to be interrupted in.
many_files() {
	perl -e '
		my ($dir, $n) = @ARGV;
		for my $i (0 .. $n - 1) {
			my $d = sprintf "%s/%02d", $dir, $i % 50;
			mkdir $d;
			open my $f, ">", "$d/f$i" or die;
			print $f chr(65 + $i % 26) x (1024 + $i * 37 % 7168);
		}' "$1" "$2"
}

# ---- the tool

# vs COMMAND...: on the host $R
vs() { "$VS2VZ" --root "$R" "$@"; }

# Where this host keeps CTID.conf
conf_of() {
	if [ -d "$R/etc/sysconfig/vz-scripts" ]; then echo "$R/etc/sysconfig/vz-scripts/$1.conf"
	else echo "$R/etc/vz/conf/$1.conf"; fi
}

# The tree that the container has now is the one that the guest had:
# same_tree BEFORE CTID TEXT [MANIFEST-OPTION...]
same_tree() {
	local before=$1 ctid=$2 text=$3
	shift 3
	tree "$scratch/after" "$R/vz/private/$ctid" "$@"
	same_files "$before" "$scratch/after" "$text"
}
