# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where this machine's own apt takes its packages from. No mirror is named in the tests:
# one that is reachable is known to the machine.

# Every "URI suite" pair of the one-line and the deb822 format.
apt_sources() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -n 's/^deb[[:blank:]]*\(\[[^]]*\]\)\{0,1\}[[:blank:]]*\([^[:blank:]]*\)[[:blank:]]*\([^[:blank:]]*\).*/\2 \3/p'
	cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '
		function flush(  i, j, u, s) {
			split(uris, u); split(suites, s)
			for (i in u) for (j in s) print u[i], s[j]
			uris = suites = ""
		}
		tolower($1) == "uris:"   { $1 = ""; uris = $0 }
		tolower($1) == "suites:" { $1 = ""; suites = $0 }
		/^[[:blank:]]*$/ { flush() }
		END { flush() }'
}

# mirror_of SUITE: where Debian's SUITE comes from. A mirror of Debian has every suite,
# so the one of another suite does as well.
mirror_of() {
	apt_sources | awk -v s="$1" '
		$1 !~ /debian\/?$/ { next }
		$2 == s { print $1; found = 1; exit }
		!other { other = $1 }
		END { if (!found && other) print other }'
}
