# SPDX-License-Identifier: GPL-2.0-or-later
#
# What recipes would do, told by the plan that was run last.

# Recipes that take a build of VServer back and would act, or propose to: un_builds
un_builds() {
	local f name
	for f in $(grep -l '^recipe .*family=un-build' "$top"/templates/fixups/*.fix); do
		name=${f##*/}
		grep -E "! VS51[01] +(fixed|info): ${name%.fix}(:|\$)" "$scratch/both"
	done
}

# never_taken_back TEXT: not one such edit
never_taken_back() {
	[ "$status" = 0 ] && [ -z "$(un_builds)" ]
	result $? "$1" || { un_builds; show_last; }
}

# What starts in which level by links: started TREE
started() {
	find "$1"/etc/rc?.d "$1"/etc/rc.d/rc?.d "$1"/etc/init.d/*.d -name 'S[0-9][0-9]*' \
		! -name '*.vs2vz-*-old' -printf '%h %f\n' 2>/dev/null |
		sed "s,^$1,,;s, S[0-9][0-9], ," | sort
}

# nothing_more TEXT GUEST CTID: what was converted stays as it is
nothing_more() {
	tree "$scratch/once" "$R/vz/private/$3"
	run_check "$1: convert once more" vs convert "$2" --yes --fixups all
	tree "$scratch/twice" "$R/vz/private/$3"
	same_files "$scratch/once" "$scratch/twice" "$1: twice is once"
}
