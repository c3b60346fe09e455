#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same tests as on a kernel that lacks the newer system calls: once by the
# program's own switches, once by a tracer that answers ENOSYS.
. "$(dirname "$0")/../lib/tap.sh"
need_loop

# Run a test script as it is and take its results over: again NAME SCRIPT
again() {
	local how=$1 script=$2 line plan='' n=0
	while IFS= read -r line; do
		case $line in
		"ok "*) result 0 "$how: ${line#ok * - }"; n=$((n + 1)) ;;
		"not ok "*) result 1 "$how: ${line#not ok * - }"; n=$((n + 1)) ;;
		1..*) plan=${line#1..} ;;
		*) printf '%s\n' "$line" ;;
		esac
	done < <(bash "$top/tests/fs/$script" 2>&1)
	is "$n" "${plan%% *}" "$how: $script ran to its end"
}

for script in 010-seed-host.sh 020-copy.sh 070-hostile-guest.sh 310-marks-while-copying.sh; do
	VS2VZ_NO_OPENAT2=1 VS2VZ_NO_STATX=1 again "own switches" "$script"
done

if ! strace -qq -o /dev/null true 2>/dev/null; then
	skip "by a tracer" "strace does not work here"
	done_testing
fi
old=$scratch/vs2vz
cat >"$old" <<END
#!/bin/sh
exec strace -f -qq -o /dev/null -e trace=openat2,statx,renameat2,copy_file_range \\
	-e inject=openat2,statx,renameat2,copy_file_range:error=ENOSYS "$VS2VZ" "\$@"
END
chmod 755 "$old"
export VS2VZ_BUILD MANIFEST
VS2VZ=$old again "ENOSYS" 010-seed-host.sh
VS2VZ=$old again "ENOSYS" 020-copy.sh
done_testing
