# shellcheck shell=sh
# Channel-attached NICs: OSA and HiperSockets, both of the driver qeth. A NIC is three channel devices: read, write, data.
# The kernel finds PCI functions (RoCE, Network Express) itself; to get addresses, they are found by their MAC address.

# dpm_nic_up NIC: sets <devno>:<port>:<mac>[:<addresses>] online, unless an administrator has already grouped the device, and
# gives it its addresses.
dpm_nic_up() {
	dpm_devno=${1%%:*}
	dpm_rest=${1#*:}
	dpm_port=${dpm_rest%%:*}
	dpm_rest=${dpm_rest#*:}
	dpm_mac=${dpm_rest%%:*}
	case $dpm_rest in
	*:*) dpm_addresses=${dpm_rest#*:} ;;
	*) dpm_addresses= ;;
	esac
	dpm_group=$dpm_sys/bus/ccwgroup/devices/0.0.$dpm_devno
	if [ -n "$dpm_addresses" ] && [ -n "$dpm_mac" ] && [ ! -e "$dpm_group" ] && dpm_find_net; then
		dpm_nic_addresses
		return
	fi
	if [ ! -e "$dpm_group" ]; then
		dpm_nic_group "$dpm_devno" || return 1
	elif ! dpm_recorded nics "$dpm_devno"; then
		return 0
	fi
	dpm_is "$dpm_group/online" 1 || dpm_nic_online || {
		dpm_say "NIC 0.0.$dpm_devno: cannot be set online"
		return 1
	}
	[ -z "$dpm_mac" ] || dpm_nic_mac || return 1
	[ -n "$dpm_addresses" ] || return 0
	for dpm_net in "$dpm_group"/net/*; do
		[ ! -e "$dpm_net" ] || dpm_nic_addresses || return 1
	done
}

# dpm_find_net: sets dpm_net to the network interface with the MAC address of the NIC.
dpm_find_net() {
	dpm_colons=$(printf '%s' "$dpm_mac" | sed 's/../&:/g;s/:$//')
	for dpm_net in "$dpm_sys"/class/net/*; do
		dpm_is "$dpm_net/address" "$dpm_colons" && return 0
	done
	return 1
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

# dpm_nic_addresses: gives the interface $dpm_net its addresses.
# The service runs before NetworkManager and systemd-networkd start: each gets a file that lasts until the next boot, so that
# it keeps the addresses. Other network services (wicked, ifupdown) leave an interface alone that they have no file for.
dpm_nic_addresses() {
	dpm_net=${dpm_net##*/}
	if [ -d "$dpm_etc/NetworkManager" ]; then
		dpm_nm_file
	elif [ -d "$dpm_etc/netplan" ]; then
		dpm_networkd_file
	fi
	dpm_nic_configure || {
		dpm_say "NIC 0.0.$dpm_devno: $dpm_net cannot get its addresses"
		return 1
	}
}

dpm_nic_configure() {
	ip link set dev "$dpm_net" up || return 1
	for dpm_ip in $(dpm_ips a); do ip address replace "$dpm_ip" dev "$dpm_net" || return 1; done
	for dpm_ip in $(dpm_ips g); do ip route replace default via "$dpm_ip" dev "$dpm_net" || return 1; done
	# A link is the file of a service that manages name servers.
	[ ! -L "$dpm_etc/resolv.conf" ] || return 0
	for dpm_ip in $(dpm_ips n); do
		grep -qxF "nameserver $dpm_ip" "$dpm_etc/resolv.conf" 2>/dev/null ||
			printf 'nameserver %s\n' "$dpm_ip" >>"$dpm_etc/resolv.conf"
	done
}

# dpm_ips KIND: prints the addresses (a, with prefix length), gateways (g) or name servers (n), one per line. Call it in a
# command substitution, because it changes IFS.
dpm_ips() {
	IFS=+
	for dpm_item in $dpm_addresses; do
		case $dpm_item in
		"$1"*) ;;
		*) continue ;;
		esac
		dpm_item=${dpm_item#?}
		dpm_hex=${dpm_item%.*}
		if [ "${#dpm_hex}" -eq 8 ]; then
			dpm_ip=$(printf '%s' "$dpm_hex" | sed 's/../0x& /g')
			IFS=' '
			# shellcheck disable=SC2086 # four numbers
			dpm_ip=$(printf '%d.%d.%d.%d' $dpm_ip)
			IFS=+
		else
			dpm_ip=$(printf '%s' "$dpm_hex" | sed 's/..../&:/g;s/:$//')
		fi
		[ "$dpm_hex" = "$dpm_item" ] || dpm_ip=$dpm_ip/${dpm_item#*.}
		printf '%s\n' "$dpm_ip"
	done
	unset IFS
}

# The format of NetworkManager's keyfiles, nm-settings-keyfile(5). It reads only files that nobody else can read.
dpm_nm_file() {
	dpm_file=$dpm_root/run/NetworkManager/system-connections/dpm-$dpm_devno.nmconnection
	mkdir -p "${dpm_file%/*}" && (umask 077 && {
		printf '[connection]\nid=dpm-%s\ntype=ethernet\ninterface-name=%s\n' "$dpm_devno" "$dpm_net"
		dpm_nm_family 4 '*.*'
		dpm_nm_family 6 '*:*'
	} >"$dpm_file")
}

# dpm_nm_family 4|6 PATTERN: prints the section of one IP version.
dpm_nm_family() {
	printf '\n[ipv%s]\n' "$1"
	dpm_number=0
	for dpm_kind in a g n; do
		for dpm_ip in $(dpm_ips "$dpm_kind"); do
			# shellcheck disable=SC2254 # a pattern
			case $dpm_ip in
			$2) ;;
			*) continue ;;
			esac
			case $dpm_kind in
			a) dpm_number=$((dpm_number + 1)) && printf 'address%s=%s\n' "$dpm_number" "$dpm_ip" ;;
			g) printf 'gateway=%s\n' "$dpm_ip" ;;
			n) printf 'dns=%s;\n' "$dpm_ip" ;;
			esac
		done
	done
	if [ "$dpm_number" -gt 0 ]; then echo method=manual; else echo method=auto; fi
}

# The format of systemd.network(5).
dpm_networkd_file() {
	dpm_file=$dpm_root/run/systemd/network/10-dpm-$dpm_devno.network
	mkdir -p "${dpm_file%/*}" && {
		printf '[Match]\nName=%s\n\n[Network]\n' "$dpm_net"
		for dpm_ip in $(dpm_ips a); do printf 'Address=%s\n' "$dpm_ip"; done
		for dpm_ip in $(dpm_ips g); do printf 'Gateway=%s\n' "$dpm_ip"; done
		for dpm_ip in $(dpm_ips n); do printf 'DNS=%s\n' "$dpm_ip"; done
	} >"$dpm_file"
}
