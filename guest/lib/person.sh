# shellcheck shell=sh
# What a person has configured, in the places of the common distributions. It is never taken away.

# dpm_is_persons PATH: is this LUN named in persistent configuration, on the command line, or added by hand?
dpm_is_persons() {
	dpm_split "$1"
	dpm_in_zfcp_conf || dpm_in_udev_rules || dpm_on_command_line || dpm_added_by_hand "$1"
}

# RHEL up to 9: "0.0.8001 0x<wwpn> 0x<lun>" a line.
dpm_in_zfcp_conf() {
	[ -r "$dpm_etc/zfcp.conf" ] || return 1
	while read -r dpm_bus dpm_word dpm_rest; do
		[ "$dpm_bus $dpm_word ${dpm_rest%%[!0-9a-fx]*}" = "0.0.$dpm_devno 0x$dpm_target 0x$dpm_lun" ] && return 0
	done <<-EOF
		$(tr 'ABCDEFX' 'abcdefx' <"$dpm_etc/zfcp.conf")
	EOF
	return 1
}

# Rules of chzdev (41-zfcp-lun-<bus>:<wwpn>:<lun>.rules) and of SLES (51-zfcp-<bus>.rules): ...0x<wwpn>/unit_add}="0x<lun>".
dpm_in_udev_rules() {
	for dpm_file in "$dpm_etc"/udev/rules.d/*zfcp*"0.0.$dpm_devno"*; do
		[ -r "$dpm_file" ] || continue
		while IFS= read -r dpm_line; do
			case $dpm_line in
			\#*) ;;
			*"0x$dpm_target/unit_add}=\"0x$dpm_lun\""*) return 0 ;;
			esac
		done <"$dpm_file"
	done
	return 1
}

# rd.zfcp= of dracut, zfcp.device= of the kernel: 0.0.8001,0x<wwpn>,0x<lun>.
dpm_on_command_line() {
	case " $(cat "$dpm_proc/cmdline" 2>/dev/null) " in
	*[.=]*"=0.0.$dpm_devno,0x$dpm_target,0x$dpm_lun "*) return 0 ;;
	esac
	return 1
}

# A unit that we have not added is somebody else's. LUNs of automatic LUN scan have none.
dpm_added_by_hand() {
	[ -d "$dpm_device/0x$dpm_target/0x$dpm_lun" ] && ! dpm_recorded units "$1"
}
