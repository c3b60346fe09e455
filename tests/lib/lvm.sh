# SPDX-License-Identifier: GPL-2.0-or-later
#
# A volume group on a loop device, and the lvm that vs2vz finds at its place: a stand-in
# that is bound over /sbin/lvm in a mount namespace of the test's own. It calls the real
# one, with a configuration that sees the test's device only.
#
# Where the kernel has no device mapper the stand-in also plays the driver. The metadata
# are the real lvm's (lvcreate -an --driverloaded n writes them as ever); what the kernel
# would do is the table "linear": a device whose bytes are those extents of the physical
# volume. A loop device over the same file from the first extent on, as long as the volume,
# is just that, and /dev/VG/NAME a link to it. lvcreate then writes its 4 KiB of zeros.
#
# Source this before tap.sh: it begins the test again in its namespace.

if [ -z "${LVM_SPACE:-}" ] && [ "$(id -u)" = 0 ]; then
	LVM_SPACE=own exec unshare -m bash "$0" "$@"
fi

# lvm_start VG SIZE: $vg, $lvm (the real one with the test's configuration)
lvm_start() {
	vg=$1 lvm_dir=$scratch/lvm
	mkdir -p "$lvm_dir/real" "$lvm_dir/etc" "$lvm_dir/lock"
	cp "$(readlink -f /sbin/lvm)" "$lvm_dir/real/lvm"
	truncate -s "$2" "$lvm_dir/pv.img"
	pv=$(losetup -f --show "$lvm_dir/pv.img") || exit 1
	devices+=("$pv")
	cat >"$lvm_dir/etc/lvm.conf" <<-END
		devices {
			filter = [ "a|^$pv\$|", "r|.*|" ]
			use_devicesfile = 0
			obtain_device_list_from_udev = 0
			external_device_info_source = "none"
		}
		backup { backup = 0 archive = 0 }
		global { locking_dir = "$lvm_dir/lock" event_activation = 0 }
		activation { monitoring = 0 }
	END
	driver=stand-in
	grep -qw device-mapper /proc/devices && driver=kernel
	sed -e "s|@DIR@|$lvm_dir|" -e "s|@DRIVER@|$driver|" -e "s|@VG@|$vg|" \
		"$top/tests/lib/lvm-stand-in" >"$lvm_dir/lvm"
	chmod 755 "$lvm_dir/lvm"
	lvm=$lvm_dir/lvm
	mount --bind "$lvm" "$(readlink -f /sbin/lvm)" || exit 1
	"$lvm" pvcreate -q -ff -y "$pv" >/dev/null && "$lvm" vgcreate -q "$vg" "$pv" >/dev/null ||
		exit 1
}

# Everything off again, in any state.
lvm_stop() {
	local name
	for name in $("$lvm" lvs --noheadings -o lv_name "$vg" 2>/dev/null); do
		"$lvm" lvremove -f "$vg/$name" >/dev/null 2>&1
	done
	"$lvm" vgremove -f "$vg" >/dev/null 2>&1
	rmdir "/dev/$vg" 2>/dev/null
}

# What the group holds, and what is free
lvm_state() {
	"$lvm" lvs --noheadings --units b -o lv_name,lv_size,lv_tags,seg_pe_ranges "$vg" 2>/dev/null
	"$lvm" vgs --noheadings --units b -o vg_free "$vg" 2>/dev/null
	find "/dev/$vg" -mindepth 1 2>/dev/null | sort
}
