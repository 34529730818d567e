# shellcheck shell=sh
# Finds out whether a disk is in use, directly or through a device on top: partition, multipath map, its partition.

# dpm_stack NAME: prints the names of a block device and of all devices on top of it, as in /sys/class/block.
dpm_stack() {
	printf '%s\n' "$1"
	for dpm_upper in "$dpm_sys/class/block/$1"/"$1"*; do
		[ -e "$dpm_upper/partition" ] && (dpm_stack "${dpm_upper##*/}")
	done
	for dpm_upper in "$dpm_sys/class/block/$1"/holders/*; do
		[ -e "$dpm_upper" ] && (dpm_stack "${dpm_upper##*/}")
	done
	return 0
}

# dpm_is_multipath NAME: succeeds for a map of multipathd, or its partition. These hold a disk without using it.
dpm_is_multipath() {
	dpm_read "$dpm_sys/class/block/$1/dm/uuid" || return 1
	case $dpm_value in
	mpath-* | part*-mpath-*) return 0 ;;
	esac
	return 1
}

# dpm_user_of NAME: describes the user of a disk in $dpm_value. Fails if the disk is not in use.
dpm_user_of() {
	dpm_first=$1
	for dpm_name in $(dpm_stack "$1"); do
		case $dpm_name in
		"$dpm_first"*) ;;
		*) dpm_is_multipath "$dpm_name" || {
			dpm_value="held by $dpm_name"
			return 0
		} ;;
		esac
		dpm_is_mounted "$dpm_name" || dpm_is_swap "$dpm_name" || dpm_is_open "$dpm_name" || continue
		return 0
	done
	return 1
}

# dpm_names NAME: sets the names that the device may have in /proc.
dpm_names() {
	dpm_node=/dev/$1
	dpm_mapper=
	dpm_read "$dpm_sys/class/block/$1/dm/name" && dpm_mapper=/dev/mapper/$dpm_value
	dpm_number=none
	dpm_read "$dpm_sys/class/block/$1/dev" && dpm_number=$dpm_value
}

dpm_is_mounted() {
	dpm_names "$1"
	dpm_value="$1 is mounted"
	# A btrfs of several disks shows one of them only among the mounts.
	for dpm_upper in "$dpm_sys"/fs/btrfs/*/devices/"$1"; do [ -e "$dpm_upper" ] && return 0; done
	[ -r "$dpm_proc/self/mountinfo" ] || return 1
	while read -r _ _ dpm_word _ dpm_rest; do
		[ "$dpm_word" = "$dpm_number" ] && return 0
		case " $dpm_rest " in
		*" $dpm_node "* | *" ${dpm_mapper:-$dpm_node} "*) return 0 ;;
		esac
	done <"$dpm_proc/self/mountinfo"
	return 1
}

dpm_is_swap() {
	dpm_names "$1"
	dpm_value="$1 is swap space"
	[ -r "$dpm_proc/swaps" ] || return 1
	while read -r dpm_word _; do
		[ "$dpm_word" = "$dpm_node" ] || [ "$dpm_word" = "$dpm_mapper" ] || continue
		return 0
	done <"$dpm_proc/swaps"
	return 1
}

# Checks the open files of all processes. multipathd has every path open, and does not count as a user.
dpm_is_open() {
	dpm_names "$1"
	for dpm_dir in "$dpm_proc"/[0-9]*; do
		dpm_is "$dpm_dir/comm" multipathd && continue
		dpm_value="$1 is open in process ${dpm_dir##*/}"
		case "$(ls -l "$dpm_dir/fd" 2>/dev/null)
" in
		*" -> $dpm_node
"*) return 0 ;;
		esac
	done
	return 1
}
