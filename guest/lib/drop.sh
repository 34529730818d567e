# shellcheck shell=sh
# Removes LUNs from this system. When the storage unmaps a LUN, its device stays, in state `running`, and no scan
# removes it. Such a device blocks the next volume with the same LUN.

# Time limits in seconds: dpm_moment for one holder, map or device to disappear; dpm_drop_wait for the whole run.
dpm_moment=10
dpm_drop_wait=30

# dpm_paths_of_wwid WWID: prints every path with this WWID, as of the last dpm_look.
dpm_paths_of_wwid() {
	for dpm_each in $dpm_found; do
		dpm_is "$dpm_sys/bus/scsi/devices/${dpm_each#*=}/wwid" "$1" && printf '%s\n' "${dpm_each%%=*}"
	done
	return 0
}

# dpm_paths_of_volume WWID: prints the paths of dpm_paths_of_wwid, and every other path of the multipath maps above them.
# The others have no WWID, because they were down when the kernel found them.
dpm_paths_of_volume() {
	dpm_above=' '
	for dpm_each in $(dpm_paths_of_wwid "$1"); do
		printf '%s\n' "$dpm_each"
		dpm_scsi_of "$dpm_each" && dpm_disk_of "$dpm_value"
		for dpm_upper in "$dpm_sys/class/block/$dpm_value"/holders/*; do
			dpm_is_multipath "${dpm_upper##*/}" && dpm_above="$dpm_above${dpm_upper##*/} "
		done
	done
	for dpm_each in $dpm_found; do
		dpm_read "$dpm_sys/bus/scsi/devices/${dpm_each#*=}/wwid" && continue
		dpm_disk_of "${dpm_each#*=}"
		for dpm_upper in "$dpm_sys/class/block/$dpm_value"/holders/*; do
			case $dpm_above in
			*" ${dpm_upper##*/} "*) printf '%s\n' "${dpm_each%%=*}" ;;
			esac
		done
	done
}

# dpm_lost_access PATH: succeeds if the LUN is unmapped while its target is present. A path that is down does not count as
# unmapped, and neither does a disk that another system has reserved. (inferred: the block layer's EIO for the
# sense "logical unit not supported", by linux drivers/scsi/scsi_error.c; a reservation gives another error.)
dpm_lost_access() {
	dpm_scsi_of "$1" || return 1
	dpm_scsi=$dpm_value
	dpm_is "$dpm_sys/bus/scsi/devices/$dpm_scsi/state" running && dpm_port_is_up "$1" || return 1
	dpm_disk_of "$dpm_scsi"
	[ -n "$dpm_value" ] && [ -e "$dpm_dev/$dpm_value" ] || return 1
	case "$(LC_ALL=C dd "if=$dpm_dev/$dpm_value" of=/dev/null bs=4096 count=1 iflag=direct 2>&1)" in
	*'Input/output error'*) return 0 ;;
	esac
	return 1
}

# dpm_drop_detached PATH...: removes each detached volume: it has lost access on every path, is not among the given paths,
# is not in use, and no administrator configured it. Sets dpm_dropped.
dpm_drop_detached() {
	dpm_dropped=0
	dpm_budget=$dpm_drop_wait
	dpm_look
	dpm_wwids=
	for dpm_entry in $dpm_found; do
		dpm_read "$dpm_sys/bus/scsi/devices/${dpm_entry#*=}/wwid" && dpm_wwids="$dpm_wwids ${dpm_value%% *}"
	done
	# shellcheck disable=SC2086 # words without blanks
	for dpm_wwid in $(dpm_each_once $dpm_wwids); do
		dpm_paths=$(dpm_paths_of_wwid "$dpm_wwid")
		# shellcheck disable=SC2086 # paths are words without blanks
		if [ -n "$dpm_paths" ] && dpm_may_drop "$*" $dpm_paths; then
			dpm_let_go dead $dpm_paths && dpm_dropped=$((dpm_dropped + 1))
		fi
	done
}

# dpm_may_drop PLANNED PATH...: succeeds if the volume with these paths may be removed.
dpm_may_drop() {
	dpm_told=" $1 "
	shift
	for dpm_each; do
		case $dpm_told in
		*" $dpm_each "*) return 1 ;;
		esac
		dpm_is_persons "$dpm_each" && return 1
		dpm_lost_access "$dpm_each" || return 1
	done
	! dpm_any_in_use "$@"
}

# dpm_any_in_use PATH...: succeeds if a disk is in use, and prints the user. Waits up to ten seconds for processes and
# holders, because udev and lvm open a disk only briefly. Does not wait for mounts and swap space.
dpm_any_in_use() {
	dpm_within "$dpm_moment" dpm_use_is_clear "$@"
	[ -n "$dpm_reason" ] || return 1
	dpm_say "$dpm_reason"
}

# dpm_use_is_clear PATH...: sets dpm_reason if a disk is in use. Fails if that may change soon, so that it is checked again.
dpm_use_is_clear() {
	dpm_reason=
	for dpm_each; do
		dpm_scsi_of "$dpm_each" || continue
		dpm_disk_of "$dpm_value"
		if [ -z "$dpm_value" ] || ! dpm_user_of "$dpm_value"; then continue; fi
		dpm_reason="$dpm_each stays: $dpm_value"
		case $dpm_value in
		*' is open in '* | 'held by '*) return 1 ;;
		esac
		return 0
	done
}

# dpm_let_go alive|dead PATH...: removes one unused volume in the order that keeps its data safe: map, buffers, paths. After
# the flush, a path that cannot be removed does not stop the removal of the others. Fails if a path is left.
dpm_let_go() {
	dpm_life=$1
	shift
	dpm_look
	dpm_flush_maps "$@" || return 1
	# Removing the map has flushed its data. The data of a dead volume cannot be flushed.
	if [ "$dpm_life" = alive ] && [ -z "$dpm_maps" ]; then dpm_flush_paths "$@" || return 1; fi
	dpm_left=
	dpm_rest_of_budget=$dpm_budget
	dpm_budget=$dpm_drop_wait
	for dpm_each; do
		dpm_remove_path "$dpm_each" || dpm_left="$dpm_left $dpm_each"
	done
	dpm_budget=$dpm_rest_of_budget
	[ -z "$dpm_left" ]
}

# dpm_flush_maps PATH...: removes the multipath maps. The kernel flushes a map before it removes it. Sets dpm_maps.
dpm_flush_maps() {
	dpm_maps=
	for dpm_each; do
		dpm_scsi_of "$dpm_each" || continue
		dpm_disk_of "$dpm_value"
		for dpm_upper in "$dpm_sys/class/block/$dpm_value"/holders/*; do
			[ -e "$dpm_upper" ] && dpm_read "$dpm_upper/dm/name" && dpm_maps="$dpm_maps $dpm_value"
		done
	done
	# shellcheck disable=SC2086 # names of maps have no blanks
	for dpm_map in $(dpm_each_once $dpm_maps); do
		dpm_within "$dpm_moment" dpm_flush_map "$dpm_map" || {
			dpm_say "multipath still uses $dpm_map: nothing is removed"
			return 1
		}
	done
}

# dpm_flush_map NAME: succeeds only when the map is gone. The exit status of multipath is ignored, because multipath may
# exit before the map is removed (deferred_remove).
dpm_flush_map() {
	dpm_is_map "$1" || return 0
	multipath -f "$1" >&2
	! dpm_is_map "$1"
}

dpm_is_map() {
	for dpm_upper in "$dpm_sys"/class/block/dm-*; do
		dpm_is "$dpm_upper/dm/name" "$1" && return 0
	done
	return 1
}

# dpm_flush_paths PATH...: flushes all paths of a volume without a map, before any path is removed. A path that is offline
# cannot be flushed (sd refuses to open it). It needs no flush if another path of the volume could be flushed.
dpm_flush_paths() {
	dpm_flushed=
	dpm_unflushed=
	for dpm_each; do
		dpm_scsi_of "$dpm_each" || continue
		dpm_scsi=$dpm_value
		dpm_disk_of "$dpm_scsi"
		[ -n "$dpm_value" ] || continue
		if blockdev --flushbufs "$dpm_dev/$dpm_value"; then
			dpm_flushed="$dpm_flushed $dpm_each"
		elif dpm_is "$dpm_sys/bus/scsi/devices/$dpm_scsi/state" running; then
			dpm_say "$dpm_each: its buffers cannot be flushed: nothing is removed"
			return 1
		else
			dpm_unflushed="$dpm_unflushed $dpm_each"
			dpm_say "$dpm_each: not flushed, because the path is ${dpm_value:-not there}"
		fi
	done
	[ -n "$dpm_flushed" ] || [ -z "$dpm_unflushed" ] || {
		dpm_say "no path could be flushed: nothing is removed"
		return 1
	}
}

# dpm_remove_path PATH: removes the zfcp unit, or, for a LUN of automatic LUN scan, which has no unit, the SCSI device.
dpm_remove_path() {
	dpm_scsi_of "$1" || return 0
	dpm_scsi=$dpm_value
	dpm_disk_of "$dpm_scsi"
	if [ "$dpm_life" = alive ] && [ -n "$dpm_maps" ] && [ -n "$dpm_value" ]; then
		dpm_disk=$dpm_value
		# On a blocked path, blockdev would hang until the kernel gives up the port.
		if ! dpm_is "$dpm_sys/bus/scsi/devices/$dpm_scsi/state" running || ! blockdev --flushbufs "$dpm_dev/$dpm_disk"; then
			dpm_say "$1: not flushed, but no data is lost: its map was flushed"
		fi
	fi
	dpm_removed=$(dpm_instance "$dpm_scsi")
	dpm_split "$1"
	if [ -d "$dpm_device/0x$dpm_target/0x$dpm_lun" ]; then
		dpm_write "0x$dpm_lun" "$dpm_device/0x$dpm_target/unit_remove" && dpm_unrecord units "$1"
	else
		dpm_write 1 "$dpm_sys/bus/scsi/devices/$dpm_scsi/delete"
	fi
	if dpm_within "$dpm_moment" dpm_is_gone "$1"; then
		dpm_say "$1: removed"
	else
		dpm_say "$1: the kernel has not removed $dpm_scsi yet"
		return 1
	fi
}

# dpm_instance H:C:T:L: prints what distinguishes this device from one that a scan creates later at the same address.
dpm_instance() {
	dpm_disk_of "$1"
	printf '%s\n' "$dpm_value"
	ls -di "$dpm_sys/bus/scsi/devices/$1/" 2>/dev/null
}

# dpm_is_gone PATH: succeeds if the device that dpm_removed identifies is gone.
dpm_is_gone() {
	dpm_look
	! dpm_scsi_of "$1" || [ "$(dpm_instance "$dpm_value")" != "$dpm_removed" ]
}
