#!/bin/sh
# Installs the guest tools on this system or into an image. The packages are built with this script too.
set -eu

usage() {
	cat <<-'END'
		usage: install.sh [--destdir DIR] [--prefix DIR] [--initramfs dracut|initramfs-tools|both] [--uninstall]
		  --destdir DIR     the root of an image; default: this system
		  --prefix DIR      directory of command and library; default: /usr
		  --initramfs WHAT  default: the one that is installed below destdir, else both
	END
}

source=$(cd "$(dirname "$0")" && pwd)
destdir=
prefix=/usr
initramfs=
uninstall=
while [ "$#" -gt 0 ]; do
	case $1 in
	--uninstall) uninstall=yes ;;
	-h | --help)
		usage
		exit 0
		;;
	--destdir | --prefix | --initramfs)
		[ "$#" -gt 1 ] || {
			usage >&2
			exit 1
		}
		case $1 in
		--destdir) destdir=${2%/} ;;
		--prefix) prefix=${2%/} ;;
		--initramfs) initramfs=$2 ;;
		esac
		shift
		;;
	*)
		usage >&2
		exit 1
		;;
	esac
	shift
done

# With another prefix, units and rules belong to the administrator, whose directories are below /etc.
units=$prefix/lib/systemd/system
rules=$prefix/lib/udev/rules.d
hooks=$prefix/share/initramfs-tools
if [ "$prefix" != /usr ]; then
	units=/etc/systemd/system
	rules=/etc/udev/rules.d
	hooks=/etc/initramfs-tools
fi

has_dracut() {
	[ -d "$destdir/usr/lib/dracut/modules.d" ]
}

has_initramfs_tools() {
	[ -d "$destdir/usr/share/initramfs-tools" ] || [ -d "$destdir/etc/initramfs-tools" ]
}

if [ -z "$initramfs" ]; then
	initramfs=both
	if has_dracut && ! has_initramfs_tools; then initramfs=dracut; fi
	if has_initramfs_tools && ! has_dracut; then initramfs="initramfs-tools"; fi
fi

# each_file: prints mode, source and target of every file to install.
each_file() {
	echo "755 dpm-guest $prefix/bin/dpm-guest"
	for part in "$source"/lib/*.sh; do echo "644 lib/${part##*/} $prefix/lib/dpm-guest/${part##*/}"; done
	for unit in "$source"/systemd/*.service; do echo "644 systemd/${unit##*/} $units/${unit##*/}"; done
	echo "644 udev/81-dpm-guest.rules $rules/81-dpm-guest.rules"
	case $initramfs in
	dracut | both)
		for part in "$source"/dracut/95dpm-guest/*.sh; do
			echo "755 dracut/95dpm-guest/${part##*/} /usr/lib/dracut/modules.d/95dpm-guest/${part##*/}"
		done
		;;
	esac
	case $initramfs in
	initramfs-tools | both)
		for part in hooks scripts/init-top scripts/local-block; do
			echo "755 initramfs-tools/$part/dpm-guest $hooks/$part/dpm-guest"
		done
		;;
	esac
}

case $initramfs in
dracut | initramfs-tools | both) ;;
*)
	usage >&2
	exit 1
	;;
esac

# The link that `systemctl enable` creates, but also in an image. `systemctl mask` disables the service.
link=$units/sysinit.target.wants/dpm-guest.service

if [ -n "$uninstall" ]; then
	initramfs=both
	each_file | while read -r _ _ target; do rm -f "$destdir$target"; done
	rm -f "$destdir$link"
	for ours in "$prefix/lib/dpm-guest" /usr/lib/dracut/modules.d/95dpm-guest; do
		[ ! -d "$destdir$ours" ] || rmdir "$destdir$ours"
	done
else
	each_file | while read -r mode file target; do
		mkdir -p "$destdir${target%/*}"
		sed "s|/usr/bin/dpm-guest|$prefix/bin/dpm-guest|g;s|/usr/lib/dpm-guest|$prefix/lib/dpm-guest|g" \
			"$source/$file" >"$destdir$target"
		chmod "$mode" "$destdir$target"
	done
	mkdir -p "$destdir${link%/*}"
	ln -sf ../dpm-guest.service "$destdir$link"
fi

[ -z "$destdir" ] || exit 0
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	udevadm control --reload
fi
echo "Now rebuild the initramfs (dracut -f or update-initramfs -u), then run zipl."
