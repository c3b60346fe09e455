#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Before the last copy of a tree is deleted the other one is looked at: commit, undo
# --discard-changes and --bring-back with something missing, replaced, damaged, written to
# or mounted. Nothing is lost, what stands in the way is named, and there is a way on.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_loop
need_tools mkfs.ext4 debugfs
have_fs ext4 || skip_unless_required "no ext4"

R=$scratch/h
trap finish EXIT

# A guest "shop" whose tree lies on another file system than the private areas.
new_host() {
	wipe "$R"
	mkdir -p "$R"
	mount_new ext4 128M "$R"
	mkhost "$R"
	rm -rf "$R/vz/private"
	mount_new ext4 64M "$R/vz/private"
	chmod 700 "$R/vz/private"
	add_guest "$R" shop 5000 shop.example.org 192.0.2.5
	local i
	for i in 1 2 3 4 5 6 7 8; do
		mkdir -p "$R/vservers/shop/srv/$i"
		head -c 40000 /dev/urandom >"$R/vservers/shop/srv/$i/data"
		echo "record $i" >"$R/vservers/shop/srv/$i/record"
	done
	cp "$R/vservers/shop/srv/1/data" "$R/vservers/shop/srv/helper"
	chmod 4755 "$R/vservers/shop/srv/helper"
	age "$R/vservers/shop"
}

converted() {
	new_host
	run_check "convert ($*)" vs convert shop --yes "$@"
	source=$(aside "$R/vservers" shop)
	tree "$scratch/source" "$source"
}

source_stays() {
	tree "$scratch/now" "$source"
	same_files "$scratch/source" "$scratch/now" "$1: the source is whole"
	run vs status
	said "$1: it is still converted" 'shop.*converted'
}

refused() {
	local text=$1 word=$2
	shift 2
	run_status 2 "$text" vs commit shop --yes "$@"
	said "$text: it is named" "$word"
	run_status 2 "$text: the dry run says the same" vs commit shop -n "$@"
	said "$text: it is named there" "$word"
}

late() {
	local text=$1 word=$2
	shift 2
	sleep 0.02
	"$@"
	tree "$scratch/source" "$source"
	refused "$text" "$word"
	source_stays "$text"
}

content_and_time() {
	local was
	was=$(stat -c %y "$source/srv/3/record")
	printf 'RECORD 3\n' | dd of="$source/srv/3/record" conv=notrunc status=none
	touch -d "$was" "$source/srv/3/record"
}

# Late writes, each by itself.
section_late() {
	for way in copy insulate; do
		if [ "$way" = copy ]; then opt="--method copy"; else opt="--insulate image:/srv/ct"; fi
		# shellcheck disable=SC2086
		converted $opt
		run_check "$way: the dry run of commit" vs commit shop -n
		said "$way: what would go" "remove +/vservers/\.shop\.vs2vz-[0-9a-f]* \([0-9]+ objects, "
		said "$way: the room" "1 guest would be committed, 0 refused; [1-9][0-9.]* [KM]i?B freed"
		run vs --json commit shop -n
		is "$(python3 -c 'import json,sys; print(json.load(sys.stdin)["counts"]["bytes_freed"] > 300000)' <"$scratch/out")" \
			True "$way: the room as a number"
		source_stays "$way: a dry run"
		late "$way: a byte with its time set back" "'srv/3/record' \(content\)" content_and_time
		run_check "$way: verify or not, undo is possible" vs undo shop
		is "$(cat "$R/vservers/shop/srv/3/record")" "RECORD 3" "$way: undo kept it"

		# shellcheck disable=SC2086
		converted $opt
		late "$way: a new file" "'srv/only-here' \(not in the copy\)" touch "$source/srv/only-here"
		late "$way: a mode" "'srv/helper' \(mode\)" chmod 755 "$source/srv/helper"
		late "$way: an attribute" "'srv/4/data' \(extended attributes\)" \
			setfattr -n user.note -v x "$source/srv/4/data"
		run_status 64 "$way: one of the two" vs commit shop --yes --keep-source --discard-changes
		run_check "$way: commit that keeps it" vs commit shop --yes --keep-source
		tree "$scratch/now" "$source"
		same_files "$scratch/source" "$scratch/now" "$way: the source stays as it is"
		run vs status
		said "$way: committed" 'shop.*committed'

		# shellcheck disable=SC2086
		converted $opt
		sleep 0.02
		mkdir "$source/srv/new"
		echo x >"$source/srv/new/file"
		run_check "$way: commit that gives it up" vs commit shop --yes --discard-changes
		said "$way: and says what" "srv/new/file.*not in the copy"
		is "$(aside "$R/vservers" shop)" "" "$way: the source is gone"
	done
}
# The clock of the host was set back, or the time of the record is lost: the manifest tells.
section_clock() {
	converted --method copy
	touch -d 'now + 1 day' "$R"/var/lib/vs2vz/guests/shop/retire.*
	late "a byte with its time set back, by ctime alone" "'srv/3/record' \\(content\\)" content_and_time
}

# A commit that keeps the source is cut; what goes on knows of it.
section_resume() {
	local n cut=0
	for n in $(seq 9 94); do
		converted --method copy
		VS2VZ_FAULT=crash:$n VS2VZ_FAULT_GRAVE=$scratch "$VS2VZ_BUILD/vs2vz-fault" --root "$R" \
			commit shop --yes --keep-source >/dev/null 2>&1
		[ $? = 137 ] || break		# it was not reached
		run vs status
		if grep -q 'commit interrupted' "$scratch/out"; then
			cut=$((cut + 1))
			run_check "cut at $n: resume" vs resume shop
		else
			run_check "cut at $n, before it began: again" vs commit shop --yes --keep-source
		fi
		tree "$scratch/now" "$source"
		same_files "$scratch/source" "$scratch/now" "cut at $n: the source stays"
	done
	ok "some were cut when they had begun" test "$cut" -gt 0
}

# Somebody writes while the tree is copied: each rename waits, so that there is time for it.
section_meanwhile() {
	local pid
	need_tools strace
	new_host
	strace -f -qq -o /dev/null -e trace=renameat,renameat2 -e inject=renameat,renameat2:delay_enter=400000 \
		"$VS2VZ" --root "$R" convert shop --yes --method copy >"$scratch/out" 2>"$scratch/err" </dev/null &
	pid=$!
	while [ ! -e "$R/vz/private/5000" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	echo meanwhile >>"$R/vservers/shop/srv/2/record"
	wait "$pid"
	status=$?
	cat "$scratch/out" "$scratch/err" >"$scratch/both"
	is "$status" 1 "written to while it is copied: the guest goes back"
	said "it is named" "'srv/2/record' \\((size|mtime)\\)"
	is "$(tail -n 1 "$R/vservers/shop/srv/2/record")" meanwhile "with what was written"
	ok "there is no copy" test ! -e "$R/vz/private/5000"
	run vs status
	said "it is a VServer guest" "shop.*(found|undone)"
	run_check "and convert goes through when nobody writes" vs convert shop --yes --method copy
	is "$(tail -n 1 "$R/vz/private/5000/srv/2/record")" meanwhile "with all of it"
}

# What the container did is its own.
section_own() {
	converted --method copy
	rm -r "$R/vz/private/5000/srv/1"
	echo changed >"$R/vz/private/5000/srv/2/record"
	mv "$R/vz/private/5000/srv/5" "$R/vz/private/5000/srv/five"
	run_check "the dry run" vs commit shop -n
	said "it says what still differs" "/vz/private/5000/srv/2/record: not as it was made: (size|mtime)"
	said "and what is not there" "/vz/private/5000/srv/1/data: not as it was made: missing"
	run_check "changes of the container do not hinder" vs commit shop --yes
	is "$(cat "$R/vz/private/5000/srv/2/record")" changed "they stay"
}

# What is given up is named.
section_given() {
	for opt in "--method copy" "--insulate image:/srv/ct"; do
		# shellcheck disable=SC2086
		converted $opt
		if [ "$opt" = "--method copy" ]; then
			own=$R/vz/private/5000
		else
			own=$scratch/own
			mkdir -p "$own"
			mount -o loop "$R/srv/ct/5000.img" "$own"
		fi
		for i in $(seq 30); do echo "$i" >"$own/srv/given.$i"; done
		[ "$own" != "$scratch/own" ] || umount "$own"
		run_check "$opt: undo that gives up" vs undo shop --discard-changes
		is "$(grep -c 'given up with the copy: .*/srv' "$scratch/err")" 20 "$opt: the first twenty at once"
		run vs --json report
		said "$opt: a finding" '"VS713"'
		is "$(grep -o 'srv/given\.[0-9]*"' "$scratch/out" | sort -u | wc -l)" 30 "$opt: all of them in the report"
	done
}

# The copy is not to be seen.
section_away() {
	converted --method copy
	private=$R/vz/private
	image=$(losetup -n -O BACK-FILE "$(findmnt -n -o SOURCE "$private")")
	umount "$private"
	refused "the private areas are not mounted" "/vz/private/5000"
	source_stays "private areas away"
	run_mustfail "undo as well" vs undo shop
	said "it says what to do" "mount what the copy lies on, or say --discard-changes"
	run_mustfail "there is nothing to bring back" vs undo shop --bring-back
	source_stays "refused undo"
	mount -o loop "$image" "$private"
	ok "the copy was not touched" test -f "$private/5000/srv/8/data"
	umount "$private"
	run_check "what the container has may be left behind" vs undo shop --discard-changes
	said "and it is said where" "/vz/private/5000.*left"
	tree "$scratch/now" "$R/vservers/shop"
	mount -o loop "$image" "$private"
	ok "it is left" test -f "$private/5000/srv/8/data"
}

# The source is not to be seen.
section_source() {
	new_host
	mkdir "$scratch/away"
	mount_new ext4 32M "$scratch/away"
	cp -a "$R/vservers/shop/." "$scratch/away"
	rm -rf "$R/vservers/shop"/*
	source_image=$(losetup -n -O BACK-FILE "$(findmnt -n -o SOURCE "$scratch/away")")
	umount "$scratch/away"
	mount -o loop "$source_image" "$R/vservers/shop"
	run_check "convert a guest that is a file system" vs convert shop --yes
	tree "$scratch/copy" "$R/vz/private/5000"
	mv "$R/vz/private/5000" "$R/vz/private/moved"
	refused "nothing would go, but the copy is away" "/vz/private/5000' is not there"
	mv "$R/vz/private/moved" "$R/vz/private/5000"
	umount "$R/vservers/shop"
	for how in --discard-changes --bring-back ""; do
		# shellcheck disable=SC2086
		run_mustfail "source away: undo $how" vs undo shop $how
		said "it says why: $how" "'/vservers/shop'"
		tree "$scratch/now" "$R/vz/private/5000"
		same_files "$scratch/copy" "$scratch/now" "the copy is whole: $how"
	done
	mount_new ext4 32M "$R/vservers/shop"
	mkdir -p "$R/vservers/shop/etc"
	echo other >"$R/vservers/shop/etc/passwd"
	tree "$scratch/other" "$R/vservers/shop"
	for how in --bring-back --discard-changes ""; do
		# shellcheck disable=SC2086
		run_mustfail "another file system in its place: undo $how" vs undo shop $how
		said "it is told: $how" "it is on the file system [-0-9a-f]*, not "
		tree "$scratch/now" "$R/vservers/shop"
		same_files "$scratch/other" "$scratch/now" "it is untouched: $how"
	done
	umount "$R/vservers/shop"
	mount -o loop "$source_image" "$R/vservers/shop"
	run_check "with the source it goes" vs undo shop --discard-changes
	ok "and the copy is gone" test ! -e "$R/vz/private/5000"
	run_check "the same with a file system of its own" vs convert shop --yes --insulate image:/srv/ct
	mv "$R/srv/ct/5000.img" "$R/srv/moved.img"
	refused "nothing would go, but the image is away" "/srv/ct/5000.img"
}

# Something in its place.
section_place() {
	converted --method copy
	mv "$R/vz/private/5000" "$R/vz/private/moved"
	mkdir "$R/vz/private/5000"
	refused "an empty directory" "/vz/private/5000' was not made"
	rmdir "$R/vz/private/5000"
	ln -s moved "$R/vz/private/5000"
	refused "a link to it" "/vz/private/5000"
	source_stays "a link"
	rm "$R/vz/private/5000"
	mv "$R/vz/private/moved" "$R/vz/private/5000"
	mv "$R/etc/vz/conf/5000.conf" "$R/etc/vz/conf/5000.conf.destroyed"
	refused "no configuration" "5000.conf any more"
	source_stays "no configuration"
	mv "$R/etc/vz/conf/5000.conf.destroyed" "$R/etc/vz/conf/5000.conf"
	run_check "back in its place: commit" vs commit shop --yes
}

# A renamed tree: undo data is all that would go.
section_renamed() {
	new_host
	umount "$R/vz/private"
	run_check "convert by rename" vs convert shop --yes
	mv "$R/vz/private/5000" "$R/vz/private/moved"
	ln -s moved "$R/vz/private/5000"
	refused "renamed: a link at the private area" "/vz/private/5000"
	rm "$R/vz/private/5000"
	refused "renamed: nothing there" "/vz/private/5000"
	mv "$R/vz/private/moved" "$R/vz/private/5000"
	run_check "renamed: commit" vs commit shop --yes
}

# A mount below what goes, and somebody in it.
section_busy() {
	converted --method copy
	mkdir "$scratch/precious"
	echo precious >"$scratch/precious/data"
	mount --bind "$scratch/precious" "$source/srv/1"
	refused "a bind mount" "srv/1"
	ok "what is mounted is whole" test -f "$scratch/precious/data"
	for how in --discard-changes --bring-back ""; do
		# shellcheck disable=SC2086
		run_mustfail "a mount in the source: undo $how" vs undo shop $how
		run vs status
		said "nothing was begun: $how" 'shop.*converted'
	done
	umount "$source/srv/1"
	source_stays "after the mount"
	(cd "$source/srv" && exec sleep 60) &
	sleeper=$!
	refused "a process" "process $sleeper .*works there"
	kill "$sleeper"
	wait "$sleeper" 2>/dev/null
	run_check "after both: commit" vs commit shop --yes
}

# A damaged copy.
section_damaged() {
	converted --insulate image:/srv/ct
	img=$R/srv/ct/5000.img
	block=$(debugfs -R "blocks /srv/8/data" "$img" 2>/dev/null | tr ' ' '\n' | grep -m1 .)
	bs=$(debugfs -R "stats -h" "$img" 2>/dev/null | sed -n 's/^Block size: *//p')
	dd if=/dev/urandom of="$img" bs="$bs" seek="$block" count=2 conv=notrunc status=none
	refused "contents overwritten" "'srv/8/data' differs \(content\)"
	source_stays "contents overwritten"
	run_mustfail "the image goes only with a word" vs undo shop --bring-back --discard-changes
	run_check "undo" vs undo shop --discard-changes
	converted --insulate image:/srv/ct
	dd if=/dev/zero of="$img" bs=1M seek=1 count=6 conv=notrunc status=none
	run_status 2 "the middle overwritten" vs commit shop --yes
	source_stays "the middle overwritten"
	converted --insulate image:/srv/ct
	debugfs -w -R "rm /srv/7/record" "$img" 2>/dev/null
	refused "a name lost without a trace" "'srv/7/record' differs \(missing\)"
	mke2fs -qF "$img"
	refused "another file system" "/srv/ct/5000.img"
	rm "$img"
	refused "no image" "/srv/ct/5000.img"
	source_stays "no image"
}

# A way back that stops half-way: the source, back at its place, had been written to. That is
# no change of the copy, before and after; what the container wrote is one, both times.
section_interrupted() {
	local way opt nr stopped=0
	for way in copy insulate; do
		if [ "$way" = copy ]; then opt="--method copy"; else opt="--insulate image:/srv/ct"; fi
		for nr in 12 24 36 48; do
			# shellcheck disable=SC2086
			converted $opt
			echo late >"$source/srv/late"
			run env VS2VZ_FAULT="eio:$nr" "$VS2VZ_BUILD/vs2vz-fault" --root "$R" undo shop
			run vs status
			grep -q 'undo interrupted' "$scratch/out" && stopped=$((stopped + 1))
			run_check "$way: the way back, stopped at $nr, goes on" vs undo shop
			is "$(cat "$R/vservers/shop/srv/late")" late "$way: what was written late is there"
		done
	done
	ok "some ways back were stopped ($stopped)" test "$stopped" -ge 2
	converted --method copy
	echo "record X" >"$R/vz/private/5000/srv/5/record"
	run_mustfail "what the container wrote is not given up" vs undo shop
	said "it is named" "srv/5/record"
}

# The container's tree, where it can be written to; closed again by own_close.
own_open() {
	own=$R/vz/private/5000
	[ "$1" != "--method copy" ] || return 0
	own=$scratch/own
	mkdir -p "$own"
	mount -o loop "$R/srv/ct/5000.img" "$own"
}
own_close() {
	[ "$own" != "$scratch/own" ] || umount "$own"
}

ways=("--method copy" "--insulate image:/srv/ct")

# The copy is there and ours, and most of it is not.
section_emptied() {
	local opt
	for opt in "${ways[@]}"; do
		# shellcheck disable=SC2086
		converted $opt
		own_open "$opt"
		find "$own" -mindepth 1 -delete
		own_close
		refused "$opt: emptied" "most of the copy '/vz/private/5000' is gone: [0-9]+ of [0-9]+ objects"
		said "$opt: a way on" "undo goes back.*--keep-source"
		source_stays "$opt: emptied"
		run_status 2 "$opt: emptied, and late writes given up" vs commit shop --yes --discard-changes
		source_stays "$opt: emptied, nothing is given up"
		run_mustfail "$opt: nor is it brought back" vs undo shop --bring-back
		said "$opt: it is said" "--bring-back would take it from the source too"
		source_stays "$opt: not brought back"
		run_check "$opt: undo goes back" vs undo shop --discard-changes
		tree "$scratch/now" "$R/vservers/shop"
		same_files "$scratch/source" "$scratch/now" "$opt: all of it is there"
	done
	# A container that runs, and then an accident.
	converted --method copy
	echo booted >"$R/vz/private/5000/etc/motd"
	echo 1 >"$R/vz/private/5000/srv/pid"
	rm -rf "$R/vz/private/5000"/[a-r]* "$R/vz/private/5000"/[t-z]* "$R/vz/private/5000"/srv/[2-8]
	refused "an accident in a container that ran" "most of the copy '/vz/private/5000' is gone"
	run_check "it may be committed with the source kept" vs commit shop --yes --keep-source
	source_stays_aside
}

source_stays_aside() {
	tree "$scratch/now" "$source"
	same_files "$scratch/source" "$scratch/now" "the source is whole beside it"
}

# A part is gone or was replaced before a container ever ran there.
section_robbed() {
	local opt i
	for opt in "${ways[@]}"; do
		# shellcheck disable=SC2086
		converted $opt
		own_open "$opt"
		rm -r "$own/srv/4"
		own_close
		refused "$opt: a directory is gone" "no container ran there: .*'srv/4"
		source_stays "$opt: a directory is gone"
		own_open "$opt"
		echo 1 >"$own/srv/written"
		own_close
		run_check "$opt: a container that ran and did it" vs commit shop --yes

		# shellcheck disable=SC2086
		converted $opt
		own_open "$opt"
		cp -p "$own/srv/1/record" "$own/srv/restored"
		echo "RECORD 1" >"$own/srv/restored"
		touch -d 2001-01-01 "$own/srv/restored"
		mv "$own/srv/restored" "$own/srv/1/record"
		own_close
		refused "$opt: an older file in its place" "'srv/1/record' \\(another object of this name\\)"
		source_stays "$opt: an older file"

		# shellcheck disable=SC2086
		converted $opt
		own_open "$opt"
		echo "record one" >"$own/srv/1/record"
		touch -d 2001-01-01 "$own/srv/1/record"
		own_close
		refused "$opt: older content in a file" "'srv/1/record' \\(size\\)"
	done
}

# Another tree was unpacked over it.
section_restored() {
	local opt
	for opt in "${ways[@]}"; do
		# shellcheck disable=SC2086
		converted $opt
		own_open "$opt"
		mkdir "$scratch/backup"
		cp -a "$own/." "$scratch/backup"
		find "$own" -mindepth 1 -delete
		cp -r "$scratch/backup/." "$own"
		rm -r "$scratch/backup"
		echo other >"$own/srv/1/record"
		own_close
		refused "$opt: another tree" "another tree is in place of the copy '/vz/private/5000'"
		source_stays "$opt: another tree"
	done
}

# Something covers a part of the copy.
section_covered() {
	converted --method copy
	mkdir "$scratch/cover"
	mount --bind "$scratch/cover" "$R/vz/private/5000/srv/3"
	refused "a mount in the copy" "/vz/private/5000/srv/3"
	source_stays "a mount in the copy"
	umount "$R/vz/private/5000/srv/3"
	touch "$scratch/file"
	mount --bind "$scratch/file" "$R/vz/private/5000/srv/3/record"
	refused "a mount over a file" "/vz/private/5000/srv/3/record"
	umount "$R/vz/private/5000/srv/3/record"
	run_check "without it: commit" vs commit shop --yes
}

# Originals of files that other trees share are put aside until commit: perhaps the last
# name that they have.
section_held() {
	local held name
	new_host
	umount "$R/vz/private"
	add_guest "$R" twin 5001 twin.example.org 192.0.2.6
	mkdir -p "$R/vservers/twin/srv"
	ln "$R/vservers/shop/srv/2/record" "$R/vservers/twin/srv/record"
	age "$R/vservers/shop" "$R/vservers/twin"
	run_check "held: convert" vs convert shop --yes
	held=$(find "$R/vservers" -maxdepth 1 -name '.shop.vs2vz-*-held')
	name=$(find "$held" -samefile "$R/vservers/twin/srv/record")
	ok "held: the original of a shared file is put aside" test -f "$name"
	rm "$R/vservers/twin/srv/record"
	sleep 0.02
	echo "written by the twin's owner" >>"$name"
	tree "$scratch/held" "$held"
	refused "held: the last name of what was written to" 'originals? of shared files.* changed since'
	mkdir "$held/of-somebody"
	tree "$scratch/held" "$held"
	refused "held: what is no original" "/of-somebody' is not ours"
	refused "held: whatever is given up" "/of-somebody' is not ours" --discard-changes
	tree "$scratch/now" "$held"
	same_files "$scratch/held" "$scratch/now" "held: all is as it was"
	rmdir "$held/of-somebody"
	run_check "held: commit that keeps it" vs commit shop --yes --keep-source
	ok "held: it is kept" grep -q 'written by' "$name"
}

# The copy is whole, and the file system that it lies on is not.
section_unhealthy() {
	local way img opt block loop
	need_tools e2fsck
	for way in image device; do
		img=$scratch/own.img
		opt="--insulate image:/srv/ct"
		new_host
		if [ "$way" = device ]; then
			rm -f "$img"
			truncate -s 64M "$img"
			loop=$(losetup -f --show "$img") || exit 1
			opt="--insulate device:$loop"
		else
			img=$R/srv/ct/5000.img
			loop=$img
		fi
		# shellcheck disable=SC2086
		run_check "$way: convert" vs convert shop --yes $opt
		source=$(aside "$R/vservers" shop)
		tree "$scratch/source" "$source"
		run_check "$way: healthy" vs commit shop -n
		debugfs -w -R "ssv state 3" "$loop" 2>/dev/null
		refused "$way: marked with errors" "has errors: its superblock is marked.* e2fsck -f on"
		source_stays "$way: marked with errors"
		debugfs -w -R "ssv state 1" "$loop" 2>/dev/null
		debugfs -w -R "feature needs_recovery" "$loop" >/dev/null 2>&1
		refused "$way: its journal was not replayed" "not unmounted cleanly: run e2fsck"
		source_stays "$way: its journal was not replayed"
		debugfs -w -R "feature -needs_recovery" "$loop" >/dev/null 2>&1
		block=$(debugfs -R "blocks /srv/6/data" "$loop" 2>/dev/null | tr ' ' '\n' | grep -m1 .)
		debugfs -w -R "freeb $block" "$loop" 2>/dev/null
		refused "$way: a used block is called free" "e2fsck found the file system damaged .*Block bitmap differences"
		said "$way: a way on" "run e2fsck -f on .* and commit again, or undo; --keep-source"
		source_stays "$way: a used block is called free"
		run_check "$way: it does not hinder who keeps the source" vs commit shop -n --keep-source
		e2fsck -fy "$loop" >/dev/null 2>&1
		run_check "$way: mended: commit" vs commit shop --yes
		is "$(aside "$R/vservers" shop)" "" "$way: the source is gone"
		[ "$way" = image ] || losetup -d "$loop"
	done
	converted --method copy
	img=$(losetup -n -O BACK-FILE "$(findmnt -n -o SOURCE "$R/vz/private")")
	umount "$R/vz/private"
	debugfs -w -R "ssv state 3" "$img" 2>/dev/null
	mount -o loop "$img" "$R/vz/private"
	refused "the disk of the copy is marked" "the copy '/vz/private/5000' lies on .*, which has errors"
	source_stays "the disk of the copy is marked"
	umount "$R/vz/private"
	e2fsck -fy "$img" >/dev/null 2>&1
	mount -o loop "$img" "$R/vz/private"
	run_check "checked: commit" vs commit shop --yes
}

for section in ${LAST_COPY:-emptied robbed restored covered unhealthy late clock resume interrupted meanwhile own given away source place renamed busy damaged held}; do
	"section_$section"
done
done_testing
