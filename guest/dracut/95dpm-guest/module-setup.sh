#!/bin/bash
# dracut module dpm-guest: configures the root LUN from the parameters of the SCSI load. dracut sources this file.

check() {
	case ${DRACUT_ARCH:-$(uname -m)} in
	s390 | s390x) return 0 ;;
	esac
	return 1
}

depends() {
	return 0
}

# Includes the modules even in a host-only image, because the image may boot on another machine than the one that built it.
installkernel() {
	hostonly='' instmods zfcp scsi_dh_alua scsi_dh_rdac scsi_dh_emc
}

install() {
	inst_multiple cat ls mkdir modprobe sleep tr
	inst_multiple -o udevadm
	inst_simple /usr/bin/dpm-guest
	local part
	for part in /usr/lib/dpm-guest/*.sh; do inst_simple "$part"; done
	# Before udev handles the existing devices, and again while dracut waits for the root device.
	# moddir is dracut's.
	# shellcheck disable=SC2154
	inst_hook pre-trigger 60 "$moddir/dpm-guest-root.sh"
	# shellcheck disable=SC2154
	inst_hook initqueue/settled 60 "$moddir/dpm-guest-again.sh"
}
