#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Trees as lists, for the tests of recipes (docs/fixups.md, "Testing a recipe"):
#
#	tree.pl make DIR LIST...	make the tree; a later list replaces and removes
#	tree.pl check DIR LIST...	is the tree at DIR what the lists say, and nothing more?
#	tree.pl item DIR LIST...	the guest's configuration items, below DIR
#	tree.pl expect LIST...		the findings that the lists expect, one a line
use strict;
use warnings;
use Fcntl ':mode';
use File::Basename qw(dirname);
use File::Path qw(make_path);

my %want;			# path => { type, mode, owner, text | target | rdev }
my (%items, @expect);

sub decode { my ($t) = @_; $t =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge; return $t }

sub object {
	my ($type, $path, %key) = @_;
	my %mode = (dir => '0755', file => '0644', node => '0644', link => '0777');
	for (my $dir = dirname($path); $dir ne '/'; $dir = dirname($dir)) {
		$want{$dir} //= { type => 'dir', mode => '0755', owner => '0:0' };
	}
	$want{$path} = { type => $type, mode => $key{mode} // $mode{$type}, owner => $key{owner} // '0:0' };
	$want{$path}{text} = '' if $type eq 'file';
	$want{$path}{target} = $key{target} if $type eq 'link';
	$want{$path}{rdev} = "$key{type} " . ($key{major} // 0) . ',' . ($key{minor} // 0) if $type eq 'node';
	return \$want{$path}{text};
}

sub text { my ($path, $text, @key) = @_; ${ object('file', $path, @key) } = $text; }

# What tells a distribution and an init, in the shape of real ones.
sub guest {
	my (%key) = @_;
	my ($name, $v) = ($key{distro} // 'debian-6.0') =~ /^([a-z]+)-?(.*)$/;
	my %release = (centos => 'CentOS release', scientific => 'Scientific Linux release',
		rhel => 'Red Hat Enterprise Linux Server release', fedora => 'Fedora release');
	text('/etc/debian_version', "$v\n") if $name eq 'debian';
	text('/etc/debian_version', "wheezy/sid\n") if $name eq 'ubuntu';
	text('/etc/lsb-release', "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=$v\n") if $name eq 'ubuntu';
	text('/etc/redhat-release', "$release{$name} $v (Final)\n") if $release{$name};
	text('/etc/gentoo-release', "Gentoo Base System release $v\n") if $name eq 'gentoo';
	text('/etc/alpine-release', "$v\n") if $name eq 'alpine';
	text('/etc/slackware-version', "Slackware $v\n") if $name eq 'slackware';
	text('/etc/arch-release', '') if $name eq 'arch';
	text('/etc/SuSE-release', ($name eq 'opensuse' ? 'openSUSE' : 'SUSE Linux' .
		($name eq 'sles' ? ' Enterprise Server' : '')) . "\nVERSION = $v\n") if $name =~ /^(suse|sles|opensuse)$/;
	my $init = $key{init} // 'sysvinit';
	text('/bin/sh', "#!\n", mode => '0755');
	object('node', '/dev/null', type => 'c', major => 1, minor => 3, mode => '0666');
	return if $init eq 'none';
	if ($init eq 'systemd' || $init eq 'busybox') {
		my $program = $init eq 'systemd' ? '/lib/systemd/systemd' : '/bin/busybox';
		text($program, "#!\n", mode => '0755');
		object('link', '/sbin/init', target => $program);
	} else {
		text('/sbin/init', "#!\n", mode => '0755');
	}
	text('/sbin/initctl', "#!\n", mode => '0755') if $init eq 'upstart';
	text('/sbin/openrc', "#!\n", mode => '0755') if $init eq 'openrc';
	text('/etc/inittab', "id:2:initdefault:\n") if $init eq 'sysvinit';
}

sub statement {
	my ($verb, @words) = split / +/, $_[0];
	my ($path, %key);
	for (@words) {
		if (/^([^=]+)=(.*)$/) { $key{$1} = decode($2) } else { $path = decode($_) }
	}
	if ($verb eq 'guest') { guest(%key); return undef }
	if ($verb eq 'expect') { push @expect, $path; return undef }
	if ($verb eq 'item') { $items{$path} = ''; return \$items{$path} }
	if ($verb eq 'gone') { delete $want{$path}; return undef }
	die "unknown statement '$verb'\n" unless $verb =~ /^(dir|file|link|node)$/;
	return object($verb, $path, %key);
}

sub read_list {
	my ($file) = @_;
	my $text;
	open my $in, '<', $file or die "$file: $!\n";
	while (<$in>) {
		chomp;
		next if /^\s*(#|$)/;
		if (/^\s*\|-( (.*))?$/) { $$text .= $2 // '' }		# no newline at the end
		elsif (/^\s*\| ?(.*)$/) { $$text .= "$1\n" }
		else { s/^\s+//; $text = statement($_) }
	}
}

sub make {
	my ($dir) = @_;
	for my $path (sort keys %want) {
		my ($o, $at) = ($want{$path}, "$dir$path");
		my ($uid, $gid) = split /:/, $o->{owner};
		if ($o->{type} eq 'dir') { make_path($at) }
		elsif ($o->{type} eq 'link') { symlink $o->{target}, $at or die "$at: $!\n" }
		elsif ($o->{type} eq 'file') {
			open my $out, '>', $at or die "$at: $!\n";
			print $out $o->{text};
			close $out;
		} else {
			my ($type, $major, $minor) = split /[ ,]/, $o->{rdev};
			system('mknod', $at, $type, $type eq 'p' ? () : ($major, $minor)) == 0 or die "mknod $at\n";
		}
		if ($o->{type} eq 'link') { system('chown', '-h', $o->{owner}, $at); next }
		chown $uid, $gid, $at;
		chmod oct $o->{mode}, $at;
	}
}

sub found {
	my ($at) = @_;
	my @st = lstat $at;
	my $o = { mode => sprintf('%04o', $st[2] & 07777), owner => "$st[4]:$st[5]" };
	if (S_ISDIR($st[2])) { $o->{type} = 'dir' }
	elsif (S_ISLNK($st[2])) { $o->{type} = 'link'; $o->{target} = readlink $at; $o->{mode} = '0777' }
	elsif (S_ISREG($st[2])) {
		$o->{type} = 'file';
		open my $in, '<', $at or die "$at: $!\n";
		local $/;
		$o->{text} = <$in> // '';
	} else {
		$o->{type} = 'node';
		my $rdev = $st[6];
		my ($major, $minor) = (($rdev >> 8) & 0xfff, ($rdev & 0xff) | (($rdev >> 12) & 0xfff00));
		$o->{rdev} = S_ISFIFO($st[2]) ? 'p 0,0' : (S_ISCHR($st[2]) ? 'c' : 'b') . " $major,$minor";
	}
	return $o;
}

sub walk {
	my ($dir, $below, $all) = @_;
	opendir my $d, "$dir$below" or die "$dir$below: $!\n";
	for (grep { !/^\.\.?$/ && !/\.vs2vz-[0-9a-f]+-old$/ } readdir $d) {
		my $path = "$below/$_";
		$all->{$path} = found("$dir$path");
		walk($dir, $path, $all) if $all->{$path}{type} eq 'dir';
	}
}

sub check {
	my ($dir) = @_;
	my (%have, $bad);
	walk($dir, '', \%have);
	for my $path (sort { $a cmp $b } keys %{ { %have, %want } }) {
		my ($h, $w) = ($have{$path}, $want{$path});
		if (!$h || !$w) {
			print "$path: ", $h ? 'should not be there' : 'is missing', "\n";
			$bad = 1;
			next;
		}
		for (qw(type mode owner target rdev text)) {
			my ($a, $b) = ($h->{$_} // '', $w->{$_} // '');
			next if $a eq $b;
			print "$path: $_ is '$a', not '$b'\n";
			$bad = 1;
		}
	}
	exit($bad ? 1 : 0);
}

my $do = shift // '';
my $dir = $do eq 'expect' ? undef : shift;
read_list($_) for @ARGV;
if ($do eq 'make') { make($dir) }
elsif ($do eq 'check') { check($dir) }
elsif ($do eq 'expect') { print "$_\n" for @expect }
elsif ($do eq 'item') {
	for (sort keys %items) {
		make_path(dirname("$dir/$_"));
		open my $out, '>', "$dir/$_" or die "$dir/$_: $!\n";
		print $out $items{$_};
	}
} else { die "usage: tree.pl make|check|item|expect ...\n" }
