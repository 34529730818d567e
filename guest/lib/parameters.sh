# shellcheck shell=sh
# Reads the plan: the boot path, and the words that the driver writes into boot-os-specific-parameters.
#
#   dpm.z=<devnos>:<wwpns>:<luns>[/...]    FCP paths: every combination of the three lists, joined by "+"
#   dpm.n=<devno>[:<port>[:<mac>[:<addresses>]]][/...]
#                                          NICs; a<ip>.<prefix length>, g<gateway>, n<name server>, joined by "+", each
#                                          IP address as 8 (IPv4) or 32 (IPv6) hex digits
#   <devno>,<port>[,<mac>];                NICs, as the Python nova-dpm wrote them
# Additional fields, words with other keys and groups that make no sense are ignored, because a newer driver may write
# them. In all functions a path is one word: 8001:5005076802160417:0002000000000000.

# dpm_parameters: prints the text. scp_data is exact. The command line may have been cut, but a kernel booted by kexec has
# only this.
dpm_parameters() {
	dpm_text=
	dpm_file=$dpm_sys/firmware/ipl/scp_data
	[ -r "$dpm_file" ] && dpm_text=$(tr '\000' ' ' <"$dpm_file" 2>/dev/null)
	case $dpm_text in
	*[!\ ]*) ;;
	*) dpm_text=$(cat "$dpm_proc/cmdline" 2>/dev/null) ;;
	esac
	printf '%s\n' "$dpm_text"
}

# dpm_boot_path: prints the path of the SCSI load; nothing if the partition was loaded in another way.
dpm_boot_path() {
	dpm_is "$dpm_sys/firmware/ipl/ipl_type" fcp || return 0
	dpm_read "$dpm_sys/firmware/ipl/device" || return 0
	case $dpm_value in
	0.0.????) dpm_boot=${dpm_value#0.0.} ;;
	*) return 0 ;; # DPM knows one channel subsystem and no subchannel sets
	esac
	for dpm_file in wwpn lun; do
		dpm_read "$dpm_sys/firmware/ipl/$dpm_file" || return 0
		dpm_pad16 "$dpm_value"
		dpm_boot=$dpm_boot:$dpm_value
	done
	printf '%s\n' "$dpm_boot"
}

# dpm_told_paths TEXT: prints each path once, one per line. Call it in a command substitution, because it changes IFS.
dpm_told_paths() {
	set -f
	dpm_seen=' '
	for dpm_word in $1; do
		case $dpm_word in
		dpm.z=*) ;;
		*) continue ;;
		esac
		IFS=/
		for dpm_group in ${dpm_word#dpm.z=}; do
			[ -n "$dpm_group" ] || continue
			dpm_product "$dpm_group" || dpm_say "not understood, ignored: $dpm_group"
		done
		unset IFS
	done
}

# dpm_product GROUP: prints the new paths of a group. If the group makes no sense, fails and prints nothing.
dpm_product() {
	case $1 in
	*:*:*) ;;
	*) return 1 ;;
	esac
	dpm_devices=${1%%:*}
	dpm_rest=${1#*:}
	dpm_targets=${dpm_rest%%:*}
	dpm_rest=${dpm_rest#*:}
	dpm_luns=${dpm_rest%%:*}
	for dpm_list in "$dpm_devices" "$dpm_targets" "$dpm_luns"; do
		case $dpm_list in
		'' | +* | *+ | *++*) return 1 ;;
		esac
	done
	IFS=+
	for dpm_item in $dpm_devices; do dpm_is_hex "$dpm_item" 4 || return 1; done
	for dpm_item in $dpm_targets; do
		dpm_is_hex "$dpm_item" 16 && [ "$dpm_item" != 0000000000000000 ] || return 1
	done
	for dpm_item in $dpm_luns; do
		case ${#dpm_item} in
		4 | 8 | 12 | 16) dpm_is_hex "$dpm_item" "${#dpm_item}" || return 1 ;;
		*) return 1 ;;
		esac
	done
	for dpm_item in $dpm_devices; do
		for dpm_target in $dpm_targets; do
			for dpm_lun in $dpm_luns; do
				while [ "${#dpm_lun}" -lt 16 ]; do dpm_lun=${dpm_lun}0000; done
				dpm_path=$dpm_item:$dpm_target:$dpm_lun
				case $dpm_seen in
				*" $dpm_path "*) continue ;;
				esac
				dpm_seen="$dpm_seen$dpm_path "
				printf '%s\n' "$dpm_path"
			done
		done
	done
}

# dpm_told_nics TEXT: prints one NIC per line: <devno>:<port>:<mac>, and :<addresses> if it has some. The MAC may be empty.
# If a NIC occurs twice, prints the last one. Call it in a command substitution.
dpm_told_nics() {
	set -f
	dpm_nics=' '
	for dpm_word in $1; do
		case $dpm_word in
		dpm.n=*) dpm_word=${dpm_word#dpm.n=} dpm_style=ours IFS=/ ;;
		*,*\;*) dpm_style=old IFS=';' ;;
		*) continue ;;
		esac
		for dpm_nic in $dpm_word; do
			[ "$dpm_style" = ours ] || dpm_nic=$(printf '%s' "$dpm_nic" | tr 'ABCDEF,' 'abcdef:')
			if dpm_read_nic "$dpm_nic"; then
				dpm_keep_nic
			elif [ "$dpm_style" = ours ] && [ -n "$dpm_nic" ]; then
				dpm_say "not understood, ignored: $dpm_nic"
			fi
		done
		unset IFS
	done
	for dpm_nic in $dpm_nics; do printf '%s\n' "$dpm_nic"; done
}

# dpm_read_nic TEXT: sets dpm_devno, dpm_port, dpm_mac, dpm_addresses.
dpm_read_nic() {
	dpm_devno=${1%%:*} dpm_port=0 dpm_mac='' dpm_addresses=''
	dpm_rest=${1#"$dpm_devno"}
	dpm_is_hex "$dpm_devno" 4 || return 1
	[ -n "$dpm_rest" ] || return 0
	dpm_rest=${dpm_rest#:}
	dpm_port=${dpm_rest%%:*}
	case $dpm_port in
	0 | 1) ;;
	*) return 1 ;;
	esac
	dpm_rest=${dpm_rest#"$dpm_port"}
	[ -n "$dpm_rest" ] || return 0
	dpm_rest=${dpm_rest#:}
	dpm_mac=${dpm_rest%%:*}
	[ -z "$dpm_mac" ] || dpm_is_hex "$dpm_mac" 12 || return 1
	case $dpm_rest in
	*:*) dpm_rest=${dpm_rest#*:} && dpm_read_addresses "${dpm_rest%%:*}" ;;
	esac
}

# dpm_read_addresses TEXT: sets dpm_addresses to the items that make sense: addresses, gateways, then name servers. Without
# an address, sets nothing.
dpm_read_addresses() {
	dpm_kept_ifs=$IFS
	IFS=+
	for dpm_kind in a g n; do
		for dpm_item in $1; do
			case $dpm_item in
			"$dpm_kind"*) dpm_is_address "$dpm_item" || continue ;;
			*) continue ;;
			esac
			dpm_addresses=$dpm_addresses${dpm_addresses:++}$dpm_item
		done
		[ -n "$dpm_addresses" ] || break
	done
	IFS=$dpm_kept_ifs
}

# dpm_is_address ITEM: succeeds if the item is an address with prefix length, or another IP address without.
dpm_is_address() {
	dpm_ip=${1#?}
	case $1 in
	a*.[0-9] | a*.[0-9][0-9] | a*.[0-9][0-9][0-9]) dpm_ip=${dpm_ip%.*} ;;
	a*) return 1 ;;
	esac
	dpm_is_hex "$dpm_ip" 8 || dpm_is_hex "$dpm_ip" 32
}

dpm_keep_nic() {
	dpm_kept=$dpm_devno:$dpm_port:$dpm_mac${dpm_addresses:+:}$dpm_addresses
	case $dpm_nics in
	*" $dpm_devno:"*)
		dpm_rest=${dpm_nics#*" $dpm_devno:"}
		dpm_nics="${dpm_nics%%" $dpm_devno:"*} $dpm_kept ${dpm_rest#* }"
		;;
	*) dpm_nics="$dpm_nics$dpm_kept " ;;
	esac
}
