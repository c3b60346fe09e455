#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Takes a deb, an rpm or a program apart, byte by byte, without the tools that make or
# install them, and prints what is in it as lines that a test can grep:
#
#	read-package.pl FILE [DIRECTORY]	DIRECTORY: where a package's files are put
#
# deb: "ar NAME SIZE TIME", "gzip NAME", "text NAME LINE" of the control files,
#      "tar NAME FORMAT MODE UID/GID TIME TYPE PATH SIZE" of both archives
# rpm: "lead ...", "signature TAG TYPE COUNT", "header TAG TYPE COUNT", "value TAG VALUE",
#      "bad ..." for what rpm 4.4 would refuse, "cpio MODE TIME PATH SIZE MD5"
# ELF: "elf CLASS MACHINE TYPE", "interpreter", "dynamic", "note NAME"
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha1_hex);

my ($file, $into) = @ARGV;
open my $in, '<:raw', $file or die "$file: $!\n";
my $bytes = do { local $/; <$in> };
my $magic = substr $bytes, 0, 8;

# rpm 4.4, lib/package.c and lib/signature.c: how the values of each type are aligned
my @align = (1, 1, 1, 2, 4, 8, 1, 1, 1, 1);

if ($magic eq "!<arch>\n") { deb() }
elsif (substr($magic, 0, 4) eq "\xed\xab\xee\xdb") { rpm() }
elsif (substr($magic, 0, 4) eq "\x7fELF") { elf() }
else { die "$file: neither deb nor rpm nor ELF\n" }

sub gunzip {
	my ($data) = @_;
	open my $tmp, '+>:raw', undef or die;
	print $tmp $data;
	$tmp->flush if $tmp->can('flush');
	seek $tmp, 0, 0;
	open my $save, '<&', \*STDIN or die;
	open STDIN, '<&', $tmp or die;
	open my $gz, '-|:raw', 'gzip', '-dc' or die "gzip: $!\n";
	my $out = do { local $/; <$gz> };
	close $gz or die "gzip: the data are bad\n";
	open STDIN, '<&', $save;
	return $out;
}

sub keep {
	my ($path, $mode, $data) = @_;
	return if !$into;
	$path =~ s{^\./*}{};
	die "a path leads outside: $path\n" if $path =~ m{(^|/)\.\.(/|$)} || $path =~ m{^/};
	my $at = $into;
	my @parts = split m{/}, $path;
	my $last = pop @parts;
	mkdir $at;
	mkdir($at .= "/$_") for @parts;
	return mkdir "$at/" . ($last // '') if !defined $data;
	open my $out, '>:raw', "$at/$last" or die "$at/$last: $!\n";
	print $out $data;
	close $out or die;
	chmod $mode & 07777, "$at/$last";
}

# ---- deb

sub deb {
	for (my $at = 8; $at < length $bytes;) {
		my ($name, $time, undef, undef, undef, $size, $end) =
			unpack 'A16 A12 A6 A6 A8 A10 a2', substr $bytes, $at, 60;
		die "ar: a member's head is bad at $at\n" if $end ne "`\n";
		my $data = substr $bytes, $at + 60, $size;
		print "ar $name $size $time\n";
		print "text $name $_\n" for $name eq 'debian-binary' ? split /\n/, $data : ();
		if (substr($data, 0, 3) eq "\x1f\x8b\x08") {
			my ($flags, $stamp) = unpack 'x3 C V', $data;
			print "gzip $name flags=$flags time=$stamp\n";
			tar($name, gunzip($data));
		}
		$at += 60 + $size + $size % 2;
	}
}

sub tar {
	my ($name, $data) = @_;
	my $control = $name =~ /^control/;
	for (my $at = 0; $at + 512 <= length $data;) {
		my $head = substr $data, $at, 512;
		$at += 512;
		next if $head =~ /^\0*$/;
		my ($path, $mode, $uid, $gid, $size, $time, $sum, $type, undef, $magic, $owner, $group,
			$prefix) = unpack 'Z100 A8 A8 A8 A12 A12 A8 a1 Z100 a8 Z32 Z32 x16 Z155', $head;
		s/\0.*//s for $mode, $uid, $gid, $size, $time, $sum;
		my $blank = $head;
		substr($blank, 148, 8) = ' ' x 8;
		die "tar: the sum of a head is wrong\n" if unpack('%32C*', $blank) != oct $sum;
		my $format = $magic eq "ustar  \0" ? 'gnu' : $magic eq "ustar\00000" ? 'ustar' : 'other';
		$path = "$prefix/$path" if $format eq 'ustar' && length $prefix;
		my $body = substr $data, $at, oct $size;
		$at += 512 * int((oct($size) + 511) / 512);
		printf "tar %s %s %04o %s %d %s %s %d\n", $name, $format, oct $mode,
			oct($uid) . '/' . oct($gid) . ":$owner/$group", oct $time, $type, $path, oct $size;
		print "text $path $_\n" for $control && $type eq '0' ? split /\n/, $body : ();
		keep($path, oct $mode, $type eq '5' ? undef : $body) if !$control && $type =~ /[05]/;
	}
}

# ---- rpm

# The numbers of tags and bytes are the most that rpm 4.4 takes.

sub header {
	my ($name, $at, $most_tags, $most_data) = @_;
	my ($magic, undef, $tags, $size) = unpack 'N N N N', substr $bytes, $at, 16;
	printf "bad %s magic %08x\n", $name, $magic if $magic != 0x8eade801;
	print "bad $name has $tags tags\n" if $tags > $most_tags;
	print "bad $name has $size bytes\n" if $size > $most_data;
	my $store = substr $bytes, $at + 16 + 16 * $tags, $size;
	my %value;
	for my $n (0 .. $tags - 1) {
		my ($tag, $type, $offset, $count) = unpack 'N4', substr $bytes, $at + 16 + 16 * $n, 16;
		print "$name $tag $type $count\n";
		if ($type > 9) { print "bad $name tag $tag has type $type\n"; next }
		print "bad $name tag $tag is not aligned\n" if $offset % $align[$type];
		print "bad $name tag $tag lies outside\n" if $offset > $size;
		print "bad $name tag $tag has $count values\n" if $count > 0xffffff;
		my $data = substr $store, $offset;
		my @values = $type == 2 || $type == 1 ? unpack "C$count", $data :
			$type == 3 ? unpack "n$count", $data : $type == 4 ? unpack "N$count", $data :
			$type == 7 ? unpack 'H' . 2 * $count, $data :
			$type == 6 || $type == 8 || $type == 9 ? unpack "(Z*)$count", $data : ();
		$value{$tag} = \@values;
	}
	return (\%value, 16 + 16 * $tags + $size);
}

sub rpm {
	my (undef, $major, $minor, $type, $arch, $name, $os, $sign) = unpack 'N C C n n Z66 n n', $bytes;
	print "lead $major.$minor type=$type arch=$arch os=$os signature=$sign name=$name\n";
	my ($s, $length) = header('signature', 96, 32, 8192);
	my $at = 96 + $length + -$length % 8;
	my ($h, $size) = header('header', $at, 0xffff, 0xffffff);
	my $header = substr $bytes, $at, $size;
	my $payload = substr $bytes, $at + $size;
	for my $tag (sort { $a <=> $b } keys %$h) {
		next if @{$h->{$tag}} > 2000 || $tag < 1000;
		print "value $tag $_\n" for map { s/\n/ /gr } @{$h->{$tag}};
	}
	print 'sum size ', ($s->{1000}[0] // 0) == length($header . $payload) ? 'right' : 'wrong', "\n";
	print 'sum md5 ', ($s->{1004}[0] // '') eq md5_hex($header . $payload) ? 'right' : 'wrong', "\n";
	print 'sum sha1 ', ($s->{269}[0] // '') eq sha1_hex($header) ? 'right' : 'wrong', "\n";
	# 1049 names, 1048 flags, 1050 versions of what is required; 1047, 1112, 1113 provided
	for ([requires => 1049, 1048, 1050], [provides => 1047, 1112, 1113]) {
		my ($word, $names, $flags, $versions) = @$_;
		for my $n (0 .. $#{$h->{$names} // []}) {
			my $f = $h->{$flags}[$n];
			my $sign = ($f & 2 ? '<' : '') . ($f & 4 ? '>' : '') . ($f & 8 ? '=' : '');
			print "$word $h->{$names}[$n] $sign $h->{$versions}[$n]\n" =~ s/ +$//mr;
		}
	}
	# 1117 base names, 1116 and 1118 folders; 1035 sums, 1037 flags, 1039 owners, 1040 groups
	for my $n (0 .. $#{$h->{1117} // []}) {
		my $path = $h->{1118}[$h->{1116}[$n]] . $h->{1117}[$n];
		printf "file %s mode=%06o flags=%d owner=%s/%s time=%d md5=%s\n", $path, $h->{1030}[$n],
			$h->{1037}[$n], $h->{1039}[$n], $h->{1040}[$n], $h->{1034}[$n], $h->{1035}[$n];
	}
	print "payload ", unpack('H6', $payload), ' ', substr($payload, 4, 4) eq "\0\0\0\0" ? 'no time' : 'a time', "\n";
	cpio(gunzip($payload));
}

sub cpio {
	my ($data) = @_;
	my $pad = sub { ($_[0] + 3) & ~3 };
	for (my $at = 0; $at + 110 <= length $data;) {
		my ($magic, @f) = unpack 'a6 (a8)13', substr $data, $at, 110;
		my ($mode, $time, $size, $long) = map { hex } @f[1, 5, 6, 11];
		die "cpio: a head is bad\n" if $magic ne '070701';
		my $path = unpack 'Z*', substr $data, $at + 110, $long;
		my $body = substr $data, $pad->($at + 110 + $long), $size;
		$at = $pad->($pad->($at + 110 + $long) + $size);
		last if $path eq 'TRAILER!!!';
		printf "cpio %06o %d %s %d %s\n", $mode, $time, $path, $size, md5_hex($body);
		keep($path, $mode, ($mode & 0170000) == 040000 ? undef : $body);
	}
}

# ---- ELF

sub elf {
	my $wide = ord(substr $bytes, 4, 1) == 2;
	my ($type, $machine) = unpack 'v v', substr $bytes, 16, 4;
	printf "elf %d %d %d\n", $wide ? 64 : 32, $machine, $type;
	my $at = $wide ? unpack 'Q<', substr $bytes, 32, 8 : unpack 'V', substr $bytes, 28, 4;
	my ($each, $count) = unpack 'v v', substr $bytes, $wide ? 54 : 42, 4;
	for my $n (0 .. $count - 1) {
		my $kind = unpack 'V', substr $bytes, $at + $n * $each, 4;
		print "interpreter\n" if $kind == 3;
		print "dynamic\n" if $kind == 2;
	}
}
