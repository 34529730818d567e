# shellcheck shell=sh
# Channel-attached NICs: OSA and HiperSockets, both of the driver qeth. A NIC is three channel devices: read, write, data.
# The kernel finds Network Express and other PCI functions itself.

# dpm_nic_up NIC: sets <devno>:<port>:<mac> online, unless an administrator has already grouped the device.
dpm_nic_up() {
	dpm_devno=${1%%:*}
	dpm_mac=${1##*:}
	dpm_port=${1#*:}
	dpm_port=${dpm_port%:*}
	dpm_group=$dpm_sys/bus/ccwgroup/devices/0.0.$dpm_devno
	if [ ! -e "$dpm_group" ]; then
		dpm_nic_group "$dpm_devno" || return 1
	elif ! dpm_recorded nics "$dpm_devno"; then
		return 0
	fi
	dpm_is "$dpm_group/online" 1 || dpm_nic_online || {
		dpm_say "NIC 0.0.$dpm_devno: cannot be set online"
		return 1
	}
	[ -z "$dpm_mac" ] || dpm_nic_mac
}

dpm_nic_group() {
	dpm_load_module qeth || dpm_say "the module qeth cannot be loaded"
	dpm_channels=
	for dpm_offset in 0 1 2; do
		dpm_channel=$(printf '%04x' $((0x$1 + dpm_offset)))
		dpm_unhide "$dpm_channel" || {
			dpm_say "NIC 0.0.$1: this partition has no device 0.0.$dpm_channel"
			return 1
		}
		dpm_channels="$dpm_channels${dpm_channels:+,}0.0.$dpm_channel"
	done
	if dpm_write "$dpm_channels" "$dpm_sys/bus/ccwgroup/drivers/qeth/group"; then
		dpm_record nics "$1"
		dpm_within 10 dpm_is_there "$dpm_group" && return 0
	fi
	dpm_say "NIC 0.0.$1: qeth refused the channels $dpm_channels"
	return 1
}

# Retries for ten seconds: the kernel answers EAGAIN while another change of the device, by udev or a network service, is
# in progress.
dpm_nic_online() {
	dpm_is "$dpm_group/layer2" 1 || dpm_write 1 "$dpm_group/layer2" || dpm_say "NIC 0.0.$dpm_devno: its layer cannot be changed"
	dpm_is "$dpm_group/portno" "$dpm_port" || dpm_write "$dpm_port" "$dpm_group/portno" || [ "$dpm_port" = 0 ] || return 1
	dpm_within 10 dpm_set_online "$dpm_group"
}

# The MAC of an OSA port must be a locally administered, individual one: second digit 2, 6, a or e.
dpm_nic_mac() {
	case $dpm_mac in
	?[26ae]*) ;;
	*)
		dpm_say "NIC 0.0.$dpm_devno: $dpm_mac is not a locally administered address"
		return 1
		;;
	esac
	dpm_colons=$(printf '%s' "$dpm_mac" | sed 's/../&:/g;s/:$//')
	for dpm_net in "$dpm_group"/net/*; do
		[ -e "$dpm_net" ] || continue
		dpm_is "$dpm_net/address" "$dpm_colons" || ip link set dev "${dpm_net##*/}" address "$dpm_colons" || return 1
	done
}
