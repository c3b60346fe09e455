# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `make release` made, and how it proves itself on a system of its own. Sourced after
# tap.sh and chroots.sh.

release=$(dirname "$VS2VZ_BUILD")/release
version=$(sed -n 's/^version *:= *//p' "$top/GNUmakefile")
for f in "$release/sha256sums" "$MANIFEST"; do
	[ -f "$f" ] && continue
	printf '1..1\nnot ok 1 - %s is not there: make check-ports makes it\n' "$f"
	exit 1
done

# Everything below a folder, with what can be compared; what package managers, their caches
# and the kernel write is not part of it: system_objects DIR
system_objects() {
	(cd "$1" && find . \( -path ./proc -o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/cache \
		-o -path ./var/log -o -path ./var/lib/rpm-test -o -path ./tmp -o -path ./srv \) -prune \
		-o ! -path './etc/ld.so.cache' -printf '%y %m %U:%G %p %l\n' | sort)
}

# The seed's host is converted, verified and undone by the program that was installed there:
# converts_there DIR TEXT
converts_there() {
	local dir=$1 text=$2
	R=$dir/srv/host
	rm -rf "$R"
	mkhost "$R"
	add_v345 "$R"
	host_tree "$scratch/there.before" "$R"
	tree "$scratch/there.guest" "$R/vservers/v345"
	ok "$text: there is something to compare" test -s "$scratch/there.guest" -a -s "$scratch/there.before"
	run_check "$text: scan" in_chroot "$dir" vs2vz --root /srv/host scan
	said "$text: the guest is found" 'v345.*345'
	run_check "$text: convert" in_chroot "$dir" vs2vz --root /srv/host convert --all --yes
	tree "$scratch/there.after" "$R/vz/private/345"
	same_files "$scratch/there.guest" "$scratch/there.after" "$text: the container's tree is the guest's"
	has_line "$R/etc/vz/conf/345.conf" 'VE_PRIVATE="/vz/private/345"'
	run_check "$text: verify" in_chroot "$dir" vs2vz --root /srv/host verify
	run_check "$text: undo" in_chroot "$dir" vs2vz --root /srv/host undo --all
	host_tree "$scratch/there.after" "$R"
	same_files "$scratch/there.before" "$scratch/there.after" "$text: everything is back"
}

# State and logs as a conversion of this very system leaves them: leave_state DIR
leave_state() {
	mkdir -p "$1/var/lib/vs2vz/guests/v345" "$1/var/log/vs2vz"
	echo plan >"$1/var/lib/vs2vz/guests/v345/plan"
	echo log >"$1/var/log/vs2vz/run-1.log"
	echo '# mine' >"$1/etc/vs2vz.conf"
}

# They are as they were: state_is_there DIR TEXT
state_is_there() {
	is "$(cat "$1/var/lib/vs2vz/guests/v345/plan" "$1/var/log/vs2vz/run-1.log" "$1/etc/vs2vz.conf" 2>&1)" \
		"$(printf 'plan\nlog\n# mine')" "$2"
}
