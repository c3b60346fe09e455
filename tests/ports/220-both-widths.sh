#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One state directory, two widths: what the file of 32 bit converted, the one of 64 bit
# verifies, takes back and commits, and what one of them left half-way the other brings
# to its end; and the other way round. For guests that are renamed, copied, freed from
# marks, and put into an image.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/marks.sh"
need_loop
need_tools strace setfattr setfacl chattr e2fsck
files=$(dirname "$VS2VZ_BUILD")/static
narrow=${VS2VZ_I686:-$files/i686/vs2vz} wide=${VS2VZ_X86_64:-$files/x86_64/vs2vz}
for VS2VZ in "$narrow" "$wide"; do
	"$VS2VZ" --version >/dev/null 2>&1 || skip_unless_required "$VS2VZ does not run: make static makes it"
done
. "$top/tests/lib/roundtrip.sh"

# by WHO COMMAND...: the command by one of the two files
by() {
	VS2VZ=$1
	shift
	vs "$@"
}

# ---- the four kinds of conversion: a host at $R, and options of convert

rename_host() {
	mount_new ext4 256M "$R" && mkhost "$R" && add_v345 "$R"
	guest=v345 ctid=345 options="--method rename --fixups all"
}

copy_host() {
	mount_new ext4 256M "$R" && mkhost "$R"
	add_guest "$R" copied 3001 c.example.org 192.0.2.1 copied_tree
	guest=copied ctid=3001 options="--method copy"
}
copied_tree() {
	small_tree "$1"
	odd_names "$1/root"
	many_files "$1/var" 300
	truncate -s 5G "$1/var/sparse"
	touch -d '2040-01-01 00:00:00.5' "$1/var/later"
	touch -d '1950-01-01 00:00:00.5' "$1/var/earlier"
}

# Tags in the owners, files shared with a guest that stays, frozen ones.
marks_host() {
	local g
	mount_new ext4 512M "$R" && mkhost "$R"
	for g in uni1 uni2; do
		add_guest "$R" $g "30${g#uni}" $g.example.org "192.0.2.3${g#uni}" unified_tree
		mkdir -p "$R/etc/vservers/$g/apps/vunify"
		age "$R/etc/vservers/$g"
	done
	echo 'guest "uni1" { tagging = "id24" tag = {301} }' | put "$R/etc/vs2vz.d/tag.conf"
	tag_tree id24 301 "$R/vservers/uni1" -path ./usr -prune -o
	unify "$R/vservers/.hash" "$R/vservers/uni1" "$R/vservers/uni2"
	chattr +i "$R/vservers/uni1/etc/resolv.conf"
	guest=uni1 ctid=301 options="--method rename"
}

image_host() {
	mount_new ext4 512M "$R" && mkhost "$R" && add_v345 "$R" && mkdir "$R/srv"
	guest=v345 ctid=345 options="--insulate image:/srv/ct"
}

# ---- what each goes through

# The tree that the container has: container_tree OUTPUT
container_tree() {
	[ -f "$R/srv/ct/$ctid.img" ] || { tree "$1" "$R/vz/private/$ctid"; return; }
	mkdir -p "$scratch/m"
	mount -o loop,ro "$R/srv/ct/$ctid.img" "$scratch/m" || return
	tree "$1" "$scratch/m"
	umount "$scratch/m"
}

# Without what is new at each conversion: times of what is made, and what commit removes.
same_container() {
	container_tree "$scratch/now"
	for f in container now; do
		sed -E '/vs2vz-[0-9a-f]*-old/d; s/ mtime=17[0-9.]+//; s/ mtime=1[89][0-9.]+//' "$scratch/$f" >"$scratch/$f.lasting"
	done
	same_files "$scratch/container.lasting" "$scratch/now.lasting" "$1"
}

# convert by WHO below strace, killed at the N-th sync where N is given: traced WHO [N]
traced() {
	# shellcheck disable=SC2086
	strace -f -qq -o "$scratch/trace" -e trace=fsync,fdatasync \
		${2:+-e inject=fsync,fdatasync:signal=KILL:when=$2} \
		"$1" --root "$R" convert "$guest" --yes --jobs 1 $options >"$scratch/log" 2>&1
}

both_ways() {
	local kind=$1 one=$2 other=$3 text="$1, $4" syncs
	R=$scratch/$kind-$4
	text=${text/-/ then }
	mkdir "$R"
	"${kind}_host" || { result 1 "$text: the host is there"; return; }
	host_tree "$scratch/before" "$R"
	# shellcheck disable=SC2086
	run_check "$text: convert" by "$one" convert "$guest" --yes $options
	container_tree "$scratch/container"
	run_check "$text: status" by "$other" status
	run_check "$text: verify" by "$other" verify "$guest"
	run_check "$text: undo" by "$other" undo "$guest"
	unchanged "$text: undo brought everything back"

	traced "$one"
	syncs=$(grep -cE 'f(data)?sync' "$scratch/trace")
	run_check "$text: back" by "$one" undo "$guest"
	traced "$one" $((syncs / 2))
	ok "$text: killed half-way, of $syncs" grep -q 'killed by SIGKILL' "$scratch/trace"
	run_check "$text: resume" by "$other" resume --yes
	same_container "$text: resumed, the tree is the same"
	run_check "$text: undo after resume" by "$one" undo "$guest"
	unchanged "$text: the host is as before"

	traced "$one" $((syncs / 2))
	run_check "$text: undo from half-way" by "$other" undo --all
	unchanged "$text: the host is as before again"

	# shellcheck disable=SC2086
	run_check "$text: convert once more" by "$one" convert "$guest" --yes $options
	run_check "$text: commit" by "$other" commit "$guest" --yes
	same_container "$text: committed, the tree is the same"
	ok "$text: no source is left" test ! -e "$R/vservers/$guest" -a ! -e "$(aside "$R/vservers" $guest)"
	wipe "$R"
}

for kind in ${VS2VZ_TEST_KINDS:-rename copy marks image}; do
	both_ways "$kind" "$narrow" "$wide" 32-64
	both_ways "$kind" "$wide" "$narrow" 64-32
done
done_testing
