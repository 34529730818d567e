# shellcheck shell=sh
# A Linux kernel with channel devices, as far as the guest tools can tell: a tree of files, and what a write to one of
# them does. Loaded behind the real system.sh, of which it replaces the write and the passing of time.
#
# .san/<devno>/<wwpn>/<fcp lun>   holds "<wwid> <scsi lun>": mapped; a directory of a port may have .late, in seconds
# .san/<devno>/.npiv              the port is a virtual one
# .hidden/0.0.<devno>             a channel device behind cio_ignore
# .ends/<name>                    seconds until .map-busy or the process of that number ends; without it, they last
# .scans                          number of scans that follow, each right after a device was removed
# .raced/<fcp lun>                "<devno> <wwpn>": another process adds the unit within this second; unit_add fails (EEXIST)
k_root=$DPM_GUEST_ROOT
k_sys=$k_root/sys
k_san=$k_root/.san

k_log() {
	printf '%s\n' "$1" >>"$k_root/.log"
}

dpm_write() {
	k_log "write $1 > ${2#"$k_root"}"
	[ -e "$2" ] || return 1
	k_react "$1" "$2"
}

sleep() {
	k_log "sleep $1"
	for k_late in "$k_san"/*/*/.late; do
		[ -e "$k_late" ] || continue
		read -r k_left <"$k_late"
		printf '%s\n' "$((k_left - 1))" >"$k_late"
	done
	for k_raced in "$k_root"/.raced/*; do
		[ -e "$k_raced" ] && read -r k_devno k_wwpn <"$k_raced" && k_lun "$k_devno" "$k_wwpn" "${k_raced##*/}"
	done
	for k_ends in "$k_root"/.ends/*; do
		[ -e "$k_ends" ] || continue
		read -r k_left <"$k_ends"
		printf '%s\n' "$((k_left - 1))" >"$k_ends"
		[ "$k_left" -gt 1 ] || rm -rf "$k_ends" "$k_root/proc/${k_ends##*/}" "$k_root/.${k_ends##*/}"
	done
	for k_online in "$k_sys"/bus/ccw/drivers/zfcp/0.0.*/host*; do
		[ -d "$k_online" ] && k_up="${k_online%/host*}" && k_ports "${k_up##*/0.0.}"
	done
	return 0
}

# Attributes that do more than keep a value.
k_react() {
	k_dir=${2%/*}
	k_name=${k_dir##*/}
	case $2 in
	*/proc/cio_ignore)
		k_hidden=$k_root/.hidden/${1#free }
		[ ! -e "$k_hidden" ] || mv "$k_hidden" "$k_sys/bus/ccw/devices/"
		;;
	*/proc/cio_settle) return 0 ;;
	*/ccwgroup/*/online)
		# linux drivers/s390/cio/ccwgroup.c: EAGAIN while another change is under way.
		if [ -e "$k_root/.nic-again" ]; then
			rm "$k_root/.nic-again"
			return 1
		fi
		printf '%s\n' "$1" >"$2"
		mkdir -p "$k_dir/net/enc${k_name#0.0.}" && printf '02:00:00:00:00:01\n' >"$k_dir/net/enc${k_name#0.0.}/address"
		;;
	*/online) k_online "${k_name#0.0.}" ;;
	*/port_rescan) k_rescanned=yes k_ports "${k_name#0.0.}" ;;
	*/unit_add) k_unit_add "$1" ;;
	*/unit_remove)
		[ -d "$k_dir/$1" ] || return 1
		rm -r "${k_dir:?}/$1"
		k_place="${k_dir%/*}" && k_remove "${k_place##*/0.0.}" "${k_name#0x}" "${1#0x}"
		;;
	*/0x*/0x*/failed) k_port=${k_dir%/*} && k_place=${k_port%/*} && k_lun "${k_place##*/0.0.}" "${k_port##*/0x}" "${k_name#0x}" ;;
	*/scan) k_scan "$1" ;;
	*/delete) k_delete "$k_dir" ;;
	*/qeth/group) k_group "$1" ;;
	*) printf '%s\n' "$1" >"$2" ;;
	esac
}

k_online() {
	k_again=$k_san/$1/.again
	if [ -e "$k_again" ]; then
		rm "$k_again"
		return 1
	fi
	k_adapter=$(readlink -f "$k_sys/bus/ccw/devices/0.0.$1")
	printf '1\n' >"$k_adapter/online"
	[ -d "$k_sys/bus/ccw/drivers/zfcp/0.0.$1" ] || ln -s "$k_adapter" "$k_sys/bus/ccw/drivers/zfcp/0.0.$1"
	k_number=0
	while [ -d "$k_sys/class/fc_host/host$k_number" ]; do k_number=$((k_number + 1)); done
	k_host=$k_adapter/host$k_number
	mkdir -p "$k_host/fc_host/host$k_number" "$k_host/scsi_host/host$k_number"
	ln -s "$k_host/fc_host/host$k_number" "$k_sys/class/fc_host/host$k_number"
	: >"$k_host/scsi_host/host$k_number/scan"
	k_type='NPort (fabric via point-to-point)'
	[ -e "$k_san/$1/.npiv" ] && k_type='NPIV VPORT'
	printf '%s\n' "$k_type" >"$k_host/fc_host/host$k_number/port_type"
	printf '%s\n' "$(cat "$k_san/$1/.link" 2>/dev/null || echo Online)" >"$k_host/fc_host/host$k_number/port_state"
	k_ports "$1"
}

# Ports that the name server tells of. A new port is where the kernel scans by itself.
k_ports() {
	for k_target in "$k_san/$1"/*; do
		[ -d "$k_target" ] || continue
		k_wwpn=${k_target##*/}
		[ -d "$k_sys/bus/ccw/devices/0.0.$1/0x$k_wwpn" ] && continue
		k_adapter=$(readlink -f "$k_sys/bus/ccw/devices/0.0.$1")
		if [ -e "$k_target/.late" ]; then
			read -r k_left <"$k_target/.late"
			[ "$k_left" -le 0 ] || continue
		fi
		if [ -e "$k_target/.unnoticed" ] && [ -z "${k_rescanned:-}" ]; then continue; fi
		for k_host in "$k_adapter"/host*; do :; done
		[ -d "$k_host" ] || return 0
		k_id=0
		while [ -d "$k_host/rport-${k_host##*host}:0-$k_id" ]; do k_id=$((k_id + 1)); done
		k_rport=rport-${k_host##*host}:0-$k_id
		mkdir -p "$k_adapter/0x$k_wwpn" "$k_host/$k_rport/fc_remote_ports/$k_rport"
		: >"$k_adapter/0x$k_wwpn/unit_add"
		: >"$k_adapter/0x$k_wwpn/unit_remove"
		k_short=$k_wwpn
		while [ "${k_short#0}" != "$k_short" ]; do k_short=${k_short#0}; done
		printf '0x%s\n' "$k_short" >"$k_host/$k_rport/fc_remote_ports/$k_rport/port_name"
		printf '%s\n' "$k_id" >"$k_host/$k_rport/fc_remote_ports/$k_rport/scsi_target_id"
		printf 'Online\n' >"$k_host/$k_rport/fc_remote_ports/$k_rport/port_state"
		k_auto "$1" || continue
		for k_mapped in "$k_target"/*; do
			[ -f "$k_mapped" ] && k_lun "$1" "$k_wwpn" "${k_mapped##*/}"
		done
	done
	return 0
}

k_auto() {
	[ -e "$k_san/$1/.npiv" ] && read -r k_allowed <"$k_sys/module/zfcp/parameters/allow_lun_scan" && [ "$k_allowed" = Y ]
}

# k_lun DEVNO WWPN LUN: a SCSI device, if the storage has such a LUN and the kernel has none yet.
k_lun() {
	[ -f "$k_san/$1/$2/$3" ] || return 0
	k_known=$k_root/.known/$1:$2:$3
	[ -L "$k_known" ] && return 0
	read -r k_wwid k_scsi_lun <"$k_san/$1/$2/$3"
	k_adapter=$(readlink -f "$k_sys/bus/ccw/devices/0.0.$1")
	for k_host in "$k_adapter"/host*; do :; done
	for k_rport in "$k_host"/rport-*; do
		read -r k_seen <"$k_rport/fc_remote_ports/${k_rport##*/}/port_name"
		k_same "$k_seen" "$2" && break
	done
	read -r k_id <"$k_rport/fc_remote_ports/${k_rport##*/}/scsi_target_id"
	k_hctl=${k_host##*host}:0:$k_id:$k_scsi_lun
	k_dev=$k_rport/target${k_host##*host}:0:$k_id/$k_hctl
	read -r k_count <"$k_root/.disks"
	printf '%s\n' "$((k_count + 1))" >"$k_root/.disks"
	k_disk=sd$(printf '%s' "$k_count" | tr 0123456789 abcdefghij)
	mkdir -p "$k_dev/block/$k_disk/holders"
	printf '0.0.%s\n' "$1" >"$k_dev/hba_id"
	printf '0x%s\n' "$2" >"$k_dev/wwpn"
	printf '0x%s\n' "$3" >"$k_dev/fcp_lun"
	printf '%s\n' "$k_wwid" >"$k_dev/wwid"
	printf 'running\n' >"$k_dev/state"
	: >"$k_dev/delete"
	printf '8:%s\n' "$((k_count * 16))" >"$k_dev/block/$k_disk/dev"
	ln -s "$k_dev" "$k_sys/bus/scsi/devices/$k_hctl"
	ln -s "$k_dev/block/$k_disk" "$k_sys/class/block/$k_disk"
	: >"$k_root/dev/$k_disk"
	ln -s "$k_dev" "$k_known"
}

k_unit_add() {
	[ -d "$k_dir/$1" ] && return 1
	mkdir "$k_dir/$1"
	printf '1\n' >"$k_dir/$1/failed"
	k_place=${k_dir%/*}
	[ ! -e "$k_root/.raced/${1#0x}" ] || return 1
	k_lun "${k_place##*/0.0.}" "${k_name#0x}" "${1#0x}"
}

# k_scan "0 TARGET LUN|-": creates nothing, and succeeds, when there is nothing; refuses what is not of automatic LUN scan.
k_scan() {
	k_host=${k_dir%/scsi_host/*}
	k_adapter=${k_host%/host*}
	k_devno=${k_adapter##*/0.0.}
	k_want=${1#0 }
	for k_rport in "$k_host"/rport-*; do
		read -r k_id <"$k_rport/fc_remote_ports/${k_rport##*/}/scsi_target_id"
		[ "$k_id" = "${k_want% *}" ] || continue
		read -r k_wwpn <"$k_rport/fc_remote_ports/${k_rport##*/}/port_name"
		for k_target in "$k_san/$k_devno"/*; do
			k_same "$k_wwpn" "${k_target##*/}" || continue
			for k_mapped in "$k_target"/*; do
				if [ ! -f "$k_mapped" ] || ! k_auto "$k_devno"; then continue; fi
				read -r k_wwid k_scsi_lun <"$k_mapped"
				case ${k_want#* } in
				- | "$k_scsi_lun") k_lun "$k_devno" "${k_target##*/}" "${k_mapped##*/}" ;;
				esac
			done
		done
	done
}

# k_same PORT-NAME WWPN: the transport class prints numbers without zeros in front.
k_same() {
	case $2 in
	*"${1#0x}") return 0 ;;
	esac
	return 1
}

k_remove() {
	[ ! -L "$k_root/.known/$1:$2:$3" ] || k_delete "$k_root/.known/$1:$2:$3"
}

# While the kernel waits for the last command of a device (.stuck-<H:C:T:L>), it keeps the device until it gives up the port.
k_delete() {
	k_real=$(readlink -f "$1")
	[ ! -e "$k_root/.stuck-${k_real##*/}" ] || return 0
	for k_disk in "$k_real"/block/*; do rm -f "$k_sys/class/block/${k_disk##*/}" "$k_root/dev/${k_disk##*/}"; done
	for k_known in "$k_root"/.known/*; do
		[ "$(readlink "$k_known")" != "$k_real" ] || rm "$k_known"
	done
	rm -r "$k_real" "$k_sys/bus/scsi/devices/${k_real##*/}"
	[ ! -e "$k_root/.scans" ] || (k_scan_all)
}

# Adds every LUN that the storage still maps: linux drivers/scsi/scsi_scan.c adds a device for every reported LUN.
k_scan_all() {
	read -r k_left <"$k_root/.scans"
	[ "$k_left" -gt 0 ] || return 0
	printf '%s\n' "$((k_left - 1))" >"$k_root/.scans"
	for k_each in "$k_san"/*/*/*; do
		k_port=${k_each%/*} && k_place=${k_port%/*}
		if [ -f "$k_each" ] && k_auto "${k_place##*/}"; then k_lun "${k_place##*/}" "${k_port##*/}" "${k_each##*/}"; fi
	done
}

k_group() {
	k_first=${1%%,*}
	k_rest=$1,
	while [ -n "$k_rest" ]; do
		[ -e "$k_sys/bus/ccw/devices/${k_rest%%,*}" ] || return 1
		k_rest=${k_rest#*,}
	done
	mkdir "$k_sys/bus/ccwgroup/devices/$k_first" || return 1
	printf '0\n' | tee "$k_sys/bus/ccwgroup/devices/$k_first/online" >"$k_sys/bus/ccwgroup/devices/$k_first/portno"
	printf '%s\n' -1 >"$k_sys/bus/ccwgroup/devices/$k_first/layer2"
}
