# shellcheck shell=sh
# Volumes that were released by hand stay released until the next boot or `dpm-guest add`. Until the storage unmaps them,
# every scan adds them again: a scan of dpm-guest, and the kernel's own when a target port appears again. A record is
# "<path>=<WWID>", so it does not apply to another volume that gets the same LUN later.

# dpm_note_release WWID PATH...: records that the volume was released.
dpm_note_release() {
	dpm_wwid=$1
	shift
	for dpm_each; do dpm_record released "$dpm_each=$dpm_wwid"; done
}

# dpm_not_released PATH...: prints the paths that were not released.
dpm_not_released() {
	for dpm_each; do
		dpm_recorded released "$dpm_each=*" || printf '%s\n' "$dpm_each"
	done
}

# dpm_forget_release PATH...: removes the records of the volumes at these paths: those that were released with these paths,
# and those that the last dpm_look found there.
dpm_forget_release() {
	[ -r "$dpm_run/released" ] || return 0
	for dpm_each; do
		while dpm_recorded released "$dpm_each=*"; do dpm_unrecord released "*=${dpm_line#*=}"; done
		dpm_scsi_of "$dpm_each" && dpm_read "$dpm_sys/bus/scsi/devices/$dpm_value/wwid" && dpm_unrecord released "*=$dpm_value"
	done
	return 0
}

# dpm_drop_returned: removes released volumes that a scan has added again, unless they are in use or an administrator has
# added them.
dpm_drop_returned() {
	[ -r "$dpm_run/released" ] || return 0
	dpm_budget=$dpm_drop_wait
	dpm_look
	dpm_done='|'
	for dpm_entry in $dpm_found; do
		dpm_back=${dpm_entry%%=*}
		if dpm_read "$dpm_sys/bus/scsi/devices/${dpm_entry#*=}/wwid"; then
			dpm_wwid=$dpm_value
			dpm_recorded released "*=$dpm_wwid" || continue
			case $dpm_done in
			*"|$dpm_wwid|"*) continue ;;
			esac
			dpm_done="$dpm_done$dpm_wwid|"
			dpm_back=$(dpm_paths_of_wwid "$dpm_wwid")
		else
			# A LUN has no WWID if the storage unmapped it while the kernel was scanning it.
			if ! dpm_recorded released "$dpm_back=*" || ! dpm_lost_access "$dpm_back"; then continue; fi
		fi
		# shellcheck disable=SC2086 # paths are words without blanks
		dpm_drop_again $dpm_back
	done
}

# dpm_drop_again PATH...: removes one released volume again. The paths are those of the volume.
dpm_drop_again() {
	for dpm_each; do
		dpm_split "$dpm_each"
		! dpm_added_by_hand "$dpm_each" || return 0
	done
	if ! dpm_any_in_use "$@" && dpm_let_go dead "$@"; then
		dpm_say "removed a released volume that a scan had added again: to keep it, use 'dpm-guest add $1'"
	fi
}
