# shellcheck shell=sh
# Volumes that were released by hand stay released until the next boot or `dpm-guest add`. Until the storage unmaps them,
# every scan brings them back: ours, and the kernel's when it finds a target port again. The record is "<path>=<WWID>": another
# volume that gets the same LUN later is not meant.

# dpm_note_release WWID PATH...
dpm_note_release() {
	dpm_wwid=$1
	shift
	for dpm_each; do dpm_record released "$dpm_each=$dpm_wwid"; done
}

# dpm_not_released PATH...: the paths without those that were released.
dpm_not_released() {
	for dpm_each; do
		dpm_recorded released "$dpm_each=*" || printf '%s\n' "$dpm_each"
	done
}

# dpm_forget_release PATH...: the volumes that were released with these paths, or that they belong to, as of the last dpm_look.
dpm_forget_release() {
	[ -r "$dpm_run/released" ] || return 0
	for dpm_each; do
		while dpm_recorded released "$dpm_each=*"; do dpm_unrecord released "*=${dpm_line#*=}"; done
		dpm_scsi_of "$dpm_each" && dpm_read "$dpm_sys/bus/scsi/devices/$dpm_value/wwid" && dpm_unrecord released "*=$dpm_value"
	done
	return 0
}

# dpm_drop_returned: removes again what a scan has brought back, unless it is in use or an administrator has added it.
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
			# A LUN that was unmapped while the kernel looked at it has no WWID.
			if ! dpm_recorded released "$dpm_back=*" || ! dpm_lost_access "$dpm_back"; then continue; fi
		fi
		# shellcheck disable=SC2086 # paths are words without blanks
		dpm_drop_again $dpm_back
	done
}

# dpm_drop_again PATH...: of one volume.
dpm_drop_again() {
	for dpm_each; do
		dpm_split "$dpm_each"
		! dpm_added_by_hand "$dpm_each" || return 0
	done
	if ! dpm_any_in_use "$@" && dpm_let_go dead "$@"; then
		dpm_say "a scan had brought a released volume back: to keep it, use 'dpm-guest add $1'"
	fi
}
