# shellcheck shell=sh
# FCP devices, target ports and LUNs. Uses only sysfs.

# dpm_split PATH: sets dpm_devno, dpm_target, dpm_lun, and dpm_device, the directory of the FCP device.
dpm_split() {
	dpm_devno=${1%%:*}
	dpm_lun=${1##*:}
	dpm_target=${1#*:}
	dpm_target=${dpm_target%:*}
	dpm_device=$dpm_sys/bus/ccw/devices/0.0.$dpm_devno
}

# dpm_scsi_lun LUN: converts an FCP LUN to Linux's number, in $dpm_value. Linux reverses the four 16-bit words, of which
# zfcp uses two.
dpm_scsi_lun() {
	dpm_rest=${1#????}
	dpm_value=$((0x${1%????????????} + 0x${dpm_rest%????????} * 65536))
}

# dpm_fcp_devices: prints the device numbers of all FCP devices that the kernel sees.
dpm_fcp_devices() {
	for dpm_dir in "$dpm_sys"/bus/ccw/devices/0.0.*; do
		dpm_is "$dpm_dir/cutype" 1731/03 && printf '%s\n' "${dpm_dir##*/0.0.}"
	done
	return 0
}

dpm_is_there() {
	[ -e "$1" ]
}

# dpm_unhide DEVNO: removes a channel device from the ignore list (cio_ignore).
dpm_unhide() {
	dpm_is_there "$dpm_sys/bus/ccw/devices/0.0.$1" && return 0
	dpm_write "free 0.0.$1" "$dpm_proc/cio_ignore" && dpm_write 1 "$dpm_proc/cio_settle"
	dpm_within 10 dpm_is_there "$dpm_sys/bus/ccw/devices/0.0.$1"
}

dpm_load_module() {
	[ -d "$dpm_sys/bus/ccw/drivers/$1" ] || [ -d "$dpm_sys/bus/ccwgroup/drivers/$1" ] ||
		{ dpm_has_command modprobe && modprobe -q "$1"; }
}

# dpm_host DEVNO: sets $dpm_host_dir, the SCSI host of an FCP device, which exists after the device has been online.
dpm_host() {
	for dpm_host_dir in "$dpm_sys/bus/ccw/devices/0.0.$1"/host*; do
		[ -d "$dpm_host_dir" ] && return 0
	done
	return 1
}

dpm_set_online() {
	dpm_is "$1/online" 1 || dpm_write 1 "$1/online"
}

# dpm_online DEVNO: sets an FCP device online. The write returns after the first port scan. Retries after EAGAIN, which the
# kernel answers during another change.
dpm_online() {
	dpm_load_module zfcp || dpm_say "the module zfcp cannot be loaded"
	dpm_unhide "$1" || {
		dpm_say "0.0.$1: this partition has no such device"
		return 1
	}
	dpm_device=$dpm_sys/bus/ccw/devices/0.0.$1
	if dpm_read "$dpm_device/availability" && [ "$dpm_value" != good ]; then
		dpm_say "0.0.$1: not available ($dpm_value)"
		return 1
	fi
	if dpm_within 10 dpm_set_online "$dpm_device" && dpm_within 10 dpm_host "$1"; then return 0; fi
	dpm_say "0.0.$1: cannot be set online"
	return 1
}

# dpm_rport DEVNO WWPN: sets $dpm_rport_dir, the remote port.
dpm_rport() {
	dpm_host "$1" || return 1
	for dpm_rport_dir in "$dpm_host_dir"/rport-*/fc_remote_ports/rport-*; do
		dpm_read "$dpm_rport_dir/port_name" || continue
		dpm_pad16 "$dpm_value"
		[ "$dpm_value" = "$2" ] && return 0
	done
	return 1
}

# Sets $dpm_value, the SCSI target number of the last remote port; -1 if it has none.
dpm_target_id() {
	dpm_read "$dpm_rport_dir/scsi_target_id" && [ "$dpm_value" -ge 0 ]
}

dpm_port_is_up() {
	dpm_split "$1"
	[ -d "$dpm_device/0x$dpm_target" ] && dpm_rport "$dpm_devno" "$dpm_target" && dpm_is "$dpm_rport_dir/port_state" Online
}

# dpm_scans_luns DEVNO: succeeds if automatic LUN scan applies to this FCP device.
dpm_scans_luns() {
	dpm_read "$dpm_sys/module/zfcp/parameters/allow_lun_scan" || return 1
	case $dpm_value in
	Y | 1) ;;
	*) return 1 ;;
	esac
	dpm_host "$1" && dpm_is "$dpm_host_dir/fc_host/${dpm_host_dir##*/}/port_type" 'NPIV VPORT'
}

# dpm_look: sets $dpm_found: every LUN that the kernel has through zfcp, as " <path>=<H:C:T:L> ".
dpm_look() {
	dpm_found=' '
	for dpm_dir in "$dpm_sys"/bus/scsi/devices/*:*:*:*; do
		dpm_read "$dpm_dir/hba_id" || continue
		dpm_key=${dpm_value#0.0.}
		dpm_read "$dpm_dir/wwpn" || continue
		dpm_pad16 "$dpm_value"
		dpm_key=$dpm_key:$dpm_value
		dpm_read "$dpm_dir/fcp_lun" || continue
		dpm_pad16 "$dpm_value"
		dpm_found="$dpm_found$dpm_key:$dpm_value=${dpm_dir##*/} "
	done
}

# dpm_scsi_of PATH: sets $dpm_value to its H:C:T:L, as of the last dpm_look.
dpm_scsi_of() {
	case $dpm_found in
	*" $1="*)
		dpm_value=${dpm_found#*" $1="}
		dpm_value=${dpm_value%% *}
		;;
	*) return 1 ;;
	esac
}

# dpm_disk_of H:C:T:L: sets $dpm_value to its name, such as sda; empty if it is not a disk, or not yet.
dpm_disk_of() {
	dpm_value=
	for dpm_dir in "$dpm_sys/bus/scsi/devices/$1"/block/*; do
		[ -e "$dpm_dir" ] && dpm_value=${dpm_dir##*/}
	done
}

# dpm_request PATH: asks the kernel to add a LUN. Succeeds even if the LUN does not exist.
dpm_request() {
	dpm_split "$1"
	if dpm_scans_luns "$dpm_devno"; then
		dpm_rport "$dpm_devno" "$dpm_target" && dpm_target_id || return 1
		dpm_id=$dpm_value
		dpm_scsi_lun "$dpm_lun"
		dpm_write "0 $dpm_id $dpm_value" "$dpm_host_dir/scsi_host/${dpm_host_dir##*/}/scan"
		return
	fi
	dpm_unit=$dpm_device/0x$dpm_target/0x$dpm_lun
	if [ -d "$dpm_unit" ]; then
		dpm_write 0 "$dpm_unit/failed" # known to the kernel, but without a device: tried again
	elif dpm_write "0x$dpm_lun" "$dpm_device/0x$dpm_target/unit_add"; then
		dpm_record units "$1"
	else
		dpm_is_there "$dpm_unit" # EEXIST: another process was faster
	fi
}

# dpm_state PATH: sets $dpm_value to the state of a path in words, as of the last dpm_look.
dpm_state() {
	dpm_scsi_of "$1" && {
		dpm_value=ok
		return
	}
	dpm_split "$1"
	if [ ! -e "$dpm_device" ]; then
		dpm_value=no-device
	elif ! dpm_is "$dpm_device/online" 1 || ! dpm_host "$dpm_devno"; then
		dpm_value=offline
	elif ! dpm_is "$dpm_host_dir/fc_host/${dpm_host_dir##*/}/port_state" Online; then
		dpm_value=link-down
	elif ! dpm_port_is_up "$1"; then
		dpm_value=no-port
	else
		dpm_value=no-lun
	fi
}
