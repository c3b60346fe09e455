#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check --before-reboot on a recorded VServer kernel: it names what would strand the
# host, writes nothing by itself, and what --save keeps is used by later runs.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/fs.sh"
. "$top/tests/lib/host.sh"
. "$top/tests/lib/roundtrip.sh"
need_root

record_proc() {
	local p=$1/proc
	put_line "$p/sys/kernel/osrelease" 2.6.22.19-vs2.2.0.7
	printf 'VCIVersion:\t0002:0200\nVCISyscall:\t273\nVCIKernel:\t03000771\n' | put "$p/virtual/info"
	printf 'ID:\t49153\nInit:\t0\n' | put "$p/virtual/49153/info"
	printf 'ID:\t49160\nInit:\t0\n' | put "$p/virtual/49160/info"
	printf '/dev/sda1 / ext3 rw 0 0\n/dev/sda3 /vservers ext3 rw,tag 0 0\n' | put "$p/mounts"
	printf 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n' | put "$p/net/route"
	printf 'eth0\t00000000\tFE0200C0\t0003\t0\t0\t0\t00000000\n' >>"$p/net/route"
}

R=$scratch/host
mkhost "$R"
add_guest "$R" fixed 49153 fixed.example.org 192.0.2.21
add_guest "$R" moving 49154 moving.example.org 192.0.2.22
rm "$R/etc/vservers/moving/context"
put_line "$R/var/run/vservers/moving" 49160
put_line "$R/etc/sysctl.conf" 'net.ipv4.ip_forward = 1'
echo 'VE_STOP_MODE=stop' >>"$R/etc/vz/vz.conf"
mkdir -p "$R/etc/init.d" "$R/etc/rc3.d"
printf '#!/bin/sh\n' | put "$R/etc/init.d/sshd" 755
ln -s ../init.d/sshd "$R/etc/rc3.d/S55sshd"
record_proc "$R"
printf '/dev/sda1 / ext3 rw 0 0\n' | put "$R/proc/mounts"
age "$R"

tree "$scratch/all-before" "$R"
run_check "a host in good order" vs check --before-reboot
said_not "the VServer kernel is expected" 'VS101'
said_not "nothing to warn of" '^(warning|inhibitor)'
run vs check --before-reboot -v
said "the method of the kernel" 'VS135.*tagging'
said "by its own word" '/proc/virtual/info: id24'
said "the dynamic guest is found" 'moving: /proc/virtual: context 49160'
said_not "a static context is no news" 'fixed: .*context 49153'
said "facts on request" '^route: +0\.0\.0\.0/0 via 192\.0\.2\.254 on eth0'
tree "$scratch/all-after" "$R"
same_files "$scratch/all-before" "$scratch/all-after" "nothing was written"
run_status 64 "--save alone" vs check --save

# Everything that strands a host.
record_proc "$R"
printf '/dev/sda3 /vservers ext3 noatime,tagxid 0 2\n' >>"$R/etc/fstab"
printf '#!/bin/sh\n. /usr/lib/util-vserver/vsysvwrapper\n' | put "$R/etc/init.d/v_sshd" 755
ln -s ../init.d/v_sshd "$R/etc/rc3.d/S56v_sshd"
ln -s ../init.d/vservers-default "$R/etc/rc3.d/S98vservers-default"
run_status 2 "a tag option blocks" vs check --before-reboot
said "with file and line" '/etc/fstab:2: .tagxid.'
said "boot scripts are named" 'VS124'
said_not "sshd starts by itself" 'VS126'
rm "$R/etc/rc3.d/S55sshd"
: >"$R/etc/sysctl.conf"
put_line "$R/etc/sysconfig/iptables" '-A POSTROUTING -s 192.0.2.21 -j SNAT --to-source 198.51.100.1'
put_line "$R/etc/cron.d/stat" '* * * * * root vserver-stat'
put_line "$R/etc/vservices/sshd.conf" 'IP=eth0'
printf 'VE_LAYOUT=ploop\nVE_STOP_MODE=suspend\n' | put "$R/etc/vz/vz.conf"
echo '/dev/sdb1 /data ext3 tag 0 0' >>"$R/etc/vservers/fixed/fstab"
printf 'iface eth0:1 inet static\n  address 192.0.2.22\n' | put "$R/etc/network/interfaces"
run_status 2 "everything at once" vs check --before-reboot --json
for id in 124 126 128 129 131 132 134 135 137 138 139 140 141 142; do
	said "VS$id" "\"VS$id\""
done
run vs check --before-reboot
said "the guest's own fstab" 'fixed: /etc/vservers/fixed/fstab:[0-9]+: .tag. for ./data'
run vs check --before-reboot fixed
said_not "only the guests that are meant" 'interfaces:2'

# What is kept.
tree "$scratch/all-before" "$R" -x var/lib/vs2vz
run_status 2 "--save" vs check --before-reboot --save
said "says where" 'saved in /var/lib/vs2vz/before\.json'
tree "$scratch/all-after" "$R" -x var/lib/vs2vz
same_files "$scratch/all-before" "$scratch/all-after" "nothing else was written"
json=$R/var/lib/vs2vz/before.json
is "$(stat -c '%a %u:%g' "$json")" "600 0:0" "mode and owner"
for text in '"method": "id24"' '"source": "/proc/virtual/info"' '"guest": "moving"' '"xid": 49160' \
	'"option": "tagxid"' '"seen": "mounts"' '"via": "192.0.2.254"' '"service": "v_sshd"'; do
	ok "$text" grep -Fq "$text" "$json"
done
run_status 2 "--save again" vs check --before-reboot --save

# After the reboot.
rm -r "$R/proc"
rm -f "$R/var/run/vservers/moving"
run vs check --before-reboot
said "without the kernel only files are read" 'VS144'
said_not "no context any more" 'VS137'
run vs check
said_not "before.json is understood" 'VS143'
echo '{' >"$json"
run vs check
said "a damaged one is named" 'VS143.*before-unread'
said "with its place" '/var/lib/vs2vz/before\.json: not JSON'
echo '{"format_version": "2.0"}' >"$json"
run vs check
said "a newer one too" "format '2\\.0', this version reads 1\\.x"
done_testing
