# shellcheck shell=sh
# The commands of dpm-guest.

# Time limits in seconds:
# dpm_boot_wait       the boot path
# dpm_boot_soon       the boot path, before the other paths are set online
# dpm_others_wait     all other paths together
# dpm_initramfs_wait  all other paths together, in the initramfs
# dpm_nics_wait       all NICs together
dpm_boot_wait=120
dpm_boot_soon=20
dpm_others_wait=60
dpm_initramfs_wait=10
dpm_nics_wait=30

read_plan() {
	text=$(dpm_parameters)
	boot=$(dpm_boot_path)
	told=$(dpm_told_paths "$text")
	nics=$(dpm_told_nics "$text")
	# shellcheck disable=SC2086 # paths are words without blanks
	all=$(dpm_each_once $boot $told)
	others=
	for path in $all; do [ "$path" = "$boot" ] || others="$others $path"; done
}

# bring_up_all BOOT-SECONDS OTHER-SECONDS: brings up the boot path, then the other paths. If the boot path does not appear
# within dpm_boot_soon seconds, the other paths are tried first. The rest of BOOT-SECONDS is spent only if the boot LUN has
# no other path.
bring_up_all() {
	soon=$1
	# shellcheck disable=SC2086 # paths are words without blanks
	set -- "$1" "$2" "$(dpm_not_released $boot)" "$(dpm_not_released $others)"
	[ -z "$4" ] || [ "$soon" -le "$dpm_boot_soon" ] || soon=$dpm_boot_soon
	dpm_budget=$soon
	missing_boot=0
	# shellcheck disable=SC2086 # a path, or nothing
	dpm_bring_up $3 || missing_boot=1
	left=$(($1 - soon + dpm_budget))
	dpm_budget=$2
	# shellcheck disable=SC2086 # paths are words without blanks
	dpm_bring_up $4
	if [ -n "$4" ] && [ "$missing_boot" -eq 1 ] && [ "$left" -gt 0 ] && ! boot_lun_has_path; then
		dpm_budget=$left
		dpm_bring_up "$boot" && missing_boot=0
	fi
}

boot_lun_has_path() {
	for path in $others; do
		[ "${path##*:}" = "${boot##*:}" ] && dpm_scsi_of "$path" && return 0
	done
	return 1
}

# With --once, checks only once, because the caller repeats the command.
command_root() {
	read_plan
	[ -n "$boot" ] || {
		dpm_say "this partition was not loaded from a LUN: nothing to do"
		return 0
	}
	if [ "${1:-}" = --once ]; then
		bring_up_all 0 0
	else
		bring_up_all "$dpm_boot_wait" "$dpm_initramfs_wait"
	fi
	finish
}

command_apply() {
	read_plan
	bring_up_all "$dpm_boot_wait" "$dpm_others_wait"
	[ "$1" = rescan ] || online_all
	# shellcheck disable=SC2086 # paths are words without blanks
	dpm_scan_targets $all
	if dpm_has_command udevadm; then udevadm settle --timeout=30; fi
	failed_nics=0
	dpm_budget=$dpm_nics_wait
	for nic in $nics; do dpm_nic_up "$nic" || failed_nics=$((failed_nics + 1)); done
	if [ "${2:-}" != --keep ]; then
		dpm_drop_returned
		# shellcheck disable=SC2086 # paths are words without blanks
		dpm_drop_detached $all
	fi
	dpm_say_unscanned
	finish
}

# Sets all FCP devices online, also those that are only for automatic LUN scan. Every FCP device that the partition sees is
# its own.
online_all() {
	dpm_text=$(cat "$dpm_proc/cmdline" 2>/dev/null)
	for dpm_word in $dpm_text; do
		case $dpm_word in
		rd.zdev=*no-auto*) return ;;
		esac
	done
	for devno in $(dpm_fcp_devices); do dpm_online "$devno"; done
}

# Prints a line for each path, and returns the exit code.
finish() {
	dpm_look
	# shellcheck disable=SC2086 # paths are words without blanks
	set -- $others
	missing=0
	[ -z "$boot" ] || dpm_report boot "$boot"
	dpm_report path "$@"
	missing=$dpm_missing
	dpm_say "$missing of $# paths besides the boot path are missing"
	[ "$missing_boot" -eq 0 ] || return 3
	[ "$((missing + ${failed_nics:-0}))" -eq 0 ] || return 2
}

command_plan() {
	read_plan
	for path in $boot; do printf 'boot %s\n' "$path"; done
	for path in $told; do printf 'path %s\n' "$path"; done
	for nic in $nics; do printf 'nic %s\n' "$nic"; done
}

command_verify() {
	read_plan
	dpm_look
	missing_boot=0
	for path in $boot; do dpm_scsi_of "$path" || missing_boot=1; done
	root_wwid=
	if [ -n "$boot" ] && dpm_scsi_of "$boot"; then
		dpm_read "$dpm_sys/bus/scsi/devices/$dpm_value/wwid" && root_wwid=$dpm_value
	fi
	finish
	code=$?
	strangers=0
	for entry in $dpm_found; do
		is_planned "${entry%%=*}" "$root_wwid" "${entry#*=}" && continue
		strangers=$((strangers + 1))
		dpm_report other "${entry%%=*}"
	done
	[ "$code" -ne 0 ] || [ "$strangers" -eq 0 ] || code=4
	return "$code"
}

# is_planned PATH ROOT-WWID H:C:T:L: succeeds if the path is in the plan, or leads to the root volume.
is_planned() {
	for path in $all; do [ "$path" = "$1" ] && return 0; done
	[ -n "$2" ] && dpm_is "$dpm_sys/bus/scsi/devices/$3/wwid" "$2"
}

command_add() {
	boot=
	missing_boot=0
	# Accepts the form that lszdev prints, 0.0.8001:0x<wwpn>:0x<lun>, in upper or lower case.
	others=$(dpm_told_paths "dpm.z=$(printf '%s' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/0\.0\.//g;s/0x//g')")
	[ -n "$others" ] || return 1
	dpm_budget=$dpm_others_wait
	dpm_look
	# shellcheck disable=SC2086 # paths are words without blanks
	dpm_forget_release $others
	# shellcheck disable=SC2086 # paths are words without blanks
	dpm_bring_up $others
	# shellcheck disable=SC2086 # paths are words without blanks
	dpm_forget_release $others
	if dpm_has_command udevadm; then udevadm settle --timeout=30; fi
	finish
}

command_release() {
	dpm_look
	wwid=$1
	disk=${1##*/}
	for entry in $dpm_found; do
		dpm_disk_of "${entry#*=}"
		[ "$dpm_value" = "$disk" ] && dpm_read "$dpm_sys/bus/scsi/devices/${entry#*=}/wwid" && wwid=$dpm_value
	done
	paths=$(dpm_paths_of_volume "$wwid")
	[ -n "$paths" ] || {
		dpm_say "there is no disk with the name or WWID $1"
		return 2
	}
	dpm_budget=$dpm_drop_wait
	was_released=no
	if dpm_recorded released "*=$wwid"; then was_released=yes; fi
	# Record the release before removing paths: another dpm-guest may scan at the same time.
	# shellcheck disable=SC2086 # paths are words without blanks
	dpm_note_release "$wwid" $paths
	# shellcheck disable=SC2086 # paths are words without blanks
	if dpm_any_in_use $paths || ! dpm_let_go alive $paths; then
		# Keep the record of an earlier release. Keep it too if some paths were removed: the next rescan removes the others.
		[ "$was_released" = yes ] || [ "$(dpm_paths_of_volume "$wwid")" != "$paths" ] ||
			dpm_unrecord released "*=$wwid"
		return 5
	fi
	for round in 1 2 3; do
		dpm_look
		[ -n "$(dpm_paths_of_wwid "$wwid")" ] || return 0
		dpm_drop_returned
	done
	dpm_say "a scan added $1 again $round times after it was removed; the next rescan removes it"
	return 5
}
