# shellcheck shell=sh
# Sets of paths: sets them online, finds new LUNs, reports their state.

# dpm_each_once WORD...: prints each word once, one per line.
dpm_each_once() {
	dpm_once=' '
	for dpm_word; do
		case $dpm_once in
		*" $dpm_word "*) ;;
		*)
			dpm_once="$dpm_once$dpm_word "
			printf '%s\n' "$dpm_word"
			;;
		esac
	done
}

# dpm_ports_suffice PATH...: succeeds if each target is seen by an FCP device, and each FCP device sees a target. With two
# fabrics or single-initiator zoning, no other path can appear. A target port that appears later causes a udev event.
dpm_ports_suffice() {
	dpm_seen_devices=' '
	dpm_seen_targets=' '
	for dpm_each; do
		dpm_port_is_up "$dpm_each" || continue
		dpm_seen_devices="$dpm_seen_devices$dpm_devno "
		dpm_seen_targets="$dpm_seen_targets$dpm_target "
	done
	for dpm_each; do
		dpm_split "$dpm_each"
		case $dpm_seen_devices in
		*" $dpm_devno "*) ;;
		*) return 1 ;;
		esac
		dpm_is_seen "$dpm_target" || return 1
	done
}

# dpm_is_seen WWPN: succeeds if an FCP device saw this target in the last dpm_ports_suffice.
dpm_is_seen() {
	case $dpm_seen_targets in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

dpm_all_found() {
	dpm_look
	for dpm_each; do dpm_scsi_of "$dpm_each" || return 1; done
}

# dpm_bring_up PATH...: sets FCP devices online, then waits for target ports, then adds LUNs. Starts all before it waits
# for one. Fails if a path is missing.
dpm_bring_up() {
	[ "$#" -gt 0 ] || return 0
	dpm_up=
	dpm_tried=
	for dpm_each; do
		dpm_devno=${dpm_each%%:*}
		case "$dpm_tried " in
		*" $dpm_devno "*) continue ;;
		esac
		dpm_tried="$dpm_tried $dpm_devno"
		dpm_online "$dpm_devno" && dpm_up="$dpm_up $dpm_devno"
	done
	dpm_wanted=
	for dpm_each; do
		case "$dpm_up " in
		*" ${dpm_each%%:*} "*) dpm_wanted="$dpm_wanted $dpm_each" ;;
		esac
	done
	# shellcheck disable=SC2086 # paths are words without blanks
	dpm_all_found $dpm_wanted || dpm_bring_luns $dpm_wanted
	dpm_all_found "$@"
}

# dpm_bring_luns PATH...: adds the LUNs of FCP devices that are online.
dpm_bring_luns() {
	if ! dpm_within 10 dpm_ports_suffice "$@"; then
		for dpm_devno in $dpm_up; do dpm_write 1 "$dpm_sys/bus/ccw/devices/0.0.$dpm_devno/port_rescan"; done
		dpm_within 10 dpm_ports_suffice "$@"
	fi
	dpm_look
	dpm_asked=
	for dpm_each; do
		dpm_scsi_of "$dpm_each" && continue
		if dpm_port_is_up "$dpm_each" && dpm_request "$dpm_each"; then dpm_asked="$dpm_asked $dpm_each"; fi
	done
	# shellcheck disable=SC2086 # paths are words without blanks
	dpm_until dpm_all_found $dpm_asked
}

# dpm_scan_targets PATH...: finds new LUNs behind the targets of these paths, where automatic LUN scan applies. The kernel
# does not scan by itself when the storage maps another LUN. A scan of the whole host would include other targets.
dpm_scan_targets() {
	dpm_look
	dpm_known=
	for dpm_each in "$@" $dpm_found; do
		dpm_each=${dpm_each%%=*}
		dpm_known="$dpm_known ${dpm_each%:*}"
	done
	# shellcheck disable=SC2086 # words without blanks
	for dpm_each in $(dpm_each_once $dpm_known); do
		if dpm_port_is_up "$dpm_each:0" && dpm_scans_luns "$dpm_devno" && dpm_target_id; then
			dpm_write "0 $dpm_value -" "$dpm_host_dir/scsi_host/${dpm_host_dir##*/}/scan" || dpm_say "$dpm_each: the scan failed"
		fi
	done
}

# dpm_say_unscanned: names each FCP device on which a volume that is attached later does not appear by itself.
dpm_say_unscanned() {
	for dpm_devno in $(dpm_fcp_devices); do
		dpm_is "$dpm_sys/bus/ccw/devices/0.0.$dpm_devno/online" 1 || continue
		dpm_scans_luns "$dpm_devno" || dpm_say "0.0.$dpm_devno: no automatic LUN scan (no NPIV, or zfcp.allow_lun_scan=0): a volume attached since the" \
			"last load appears after stop and start, or with 'dpm-guest add'"
	done
}

# dpm_report KIND PATH...: prints one line for each path: kind, path, state, disk, wwid. Sets dpm_missing to the number of
# missing paths. Not missing are released paths, and paths to a target that only another FCP device sees, because that
# target is in the other fabric.
dpm_report() {
	dpm_kind=$1
	shift
	dpm_missing=0
	dpm_ports_suffice "$@"
	for dpm_each; do
		dpm_state "$dpm_each"
		dpm_line_state=$dpm_value
		if [ "$dpm_line_state" = no-port ] && dpm_is_seen "$dpm_target"; then dpm_line_state=other-fabric; fi
		if [ "$dpm_line_state" != ok ] && dpm_recorded released "$dpm_each=*"; then dpm_line_state=released; fi
		case $dpm_line_state in
		ok | other-fabric | released) ;;
		*) dpm_missing=$((dpm_missing + 1)) ;;
		esac
		dpm_line="$dpm_kind $dpm_each $dpm_line_state"
		if dpm_scsi_of "$dpm_each"; then
			dpm_scsi=$dpm_value
			dpm_disk_of "$dpm_scsi"
			dpm_line="$dpm_line ${dpm_value:--}"
			dpm_read "$dpm_sys/bus/scsi/devices/$dpm_scsi/wwid"
			dpm_line="$dpm_line ${dpm_value:--}"
		fi
		printf '%s\n' "$dpm_line"
	done
}
