# shellcheck shell=sh
# Finds the LUNs that an administrator has configured, in the files of the common distributions. They are never released.
# Bus IDs, WWPNs and LUNs are accepted in upper or lower case, with or without 0x, and with short bus IDs.

# dpm_is_persons PATH: succeeds if an administrator's configuration names this LUN, or an administrator has added it.
dpm_is_persons() {
	[ -n "${dpm_configured:-}" ] || dpm_configured=" $(dpm_configured_paths | tr '\n' ' ') "
	case $dpm_configured in
	*" $1 "*) return 0 ;;
	esac
	dpm_split "$1"
	dpm_added_by_hand "$1"
}

# A unit that dpm-guest did not add belongs to another owner. LUNs of automatic LUN scan have no unit.
dpm_added_by_hand() {
	[ -d "$dpm_device/0x$dpm_target/0x$dpm_lun" ] && ! dpm_recorded units "$1"
}

# dpm_configured_paths: prints the paths that persistent configuration names, one per line.
dpm_configured_paths() {
	{
		dpm_fields_of_zfcp_conf
		dpm_fields_of_parameters
		dpm_fields_of_rules
		dpm_fields_of_sysconfig
	} | while read -r dpm_bus dpm_second dpm_third _ dpm_fifth _; do
		dpm_normal_path "$dpm_bus" "$dpm_second" "$dpm_third"
		# Old kernels use five fields: bus ID, SCSI target, WWPN, SCSI LUN, FCP LUN.
		dpm_normal_path "$dpm_bus" "$dpm_third" "$dpm_fifth"
	done
}

# dpm_lines FILE...: prints the lines of the files that exist, in lower case, without comments.
dpm_lines() {
	for dpm_file; do
		if [ -r "$dpm_file" ] && [ -f "$dpm_file" ]; then cat "$dpm_file" && echo; fi
	done | tr '[:upper:]' '[:lower:]' | tr '\r' ' ' | sed '/^[[:blank:]]*#/d'
}

# /etc/zfcp.conf of RHEL up to 9: "<bus ID> <wwpn> <lun>", or "<bus ID> <scsi id> <wwpn> <scsi lun> <lun>".
dpm_fields_of_zfcp_conf() {
	dpm_lines "$dpm_etc/zfcp.conf" | sed 's/#.*//'
}

# Kernel parameters of this boot, of the initramfs and of the next boot: rd.zfcp= (dracut), rd.zdev= (SLES), zfcp.device=.
dpm_fields_of_parameters() {
	dpm_lines "$dpm_proc/cmdline" "$dpm_etc/cmdline" "$dpm_etc"/cmdline.d/*.conf "$dpm_etc/kernel/cmdline" \
		"$dpm_etc"/dracut.conf "$dpm_etc"/dracut.conf.d/*.conf "$dpm_etc/zipl.conf" "$dpm_etc/default/grub" \
		"$dpm_root"/boot/loader/entries/*.conf |
		tr "[:blank:]\"'" '\n' |
		sed -n 's/^rd[._]zfcp=//p;s/^zfcp\.device=//p;s/^rd[._]zdev=zfcp-lun,//p' | tr ',:' ' '
}

# Rules of chzdev and SLES: ATTR{[ccw/<bus ID>]<wwpn>/unit_add}="<lun>"; rules that run chzdev or echo; and the names of
# chzdev's files, 41-zfcp-lun-<bus ID>:<wwpn>:<lun>.rules.
dpm_fields_of_rules() {
	for dpm_dir in "$dpm_etc" "$dpm_root/run" "$dpm_root/usr/local/lib" "$dpm_root/usr/lib"; do
		for dpm_file in "$dpm_dir"/udev/rules.d/*zfcp-lun-*; do
			[ ! -e "$dpm_file" ] || printf '%s\n' "${dpm_file##*/}" | tr '[:upper:]' '[:lower:]'
		done
		dpm_lines "$dpm_dir"/udev/rules.d/*.rules | sed -e ':a' -e '/\\$/{' -e 'N' -e 's/\\\n//' -e 'ba' -e '}' | tr ',' '\n'
	done | sed -n \
		-e 's/.*zfcp-lun[- ]*\([0-9a-fx.]*\):\([0-9a-fx]*\):\([0-9a-fx]*\).*/\1 \2 \3/p' \
		-e 's/.*\[ccw\/\([^]]*\)][/]*\([0-9a-fx]*\)\/unit_add}[^"]*"\([^"]*\)".*/\1 \2 \3/p' \
		-e 's/.*echo[- n]* \([0-9a-fx]*\) *> *[^ ]*\/\([0-9a-f.]*\)\/\([0-9a-fx]*\)\/unit_add.*/\2 \3 \1/p'
}

# Debian's installer and old SLES: config-ccw-<bus ID>, with "<wwpn>:<lun>" words.
dpm_fields_of_sysconfig() {
	for dpm_config in "$dpm_etc"/sysconfig/hardware/*ccw-*; do
		dpm_lines "$dpm_config" | tr "()=\"' " '\n' |
			sed -n "s/^\([0-9a-fx]*\):\([0-9a-fx]*\)\$/${dpm_config##*ccw-} \1 \2/p"
	done
}

# dpm_normal_path BUS-ID WWPN LUN: prints the path in the form of the plan, or nothing if these are not a bus ID, WWPN and
# LUN that a partition can have.
dpm_normal_path() {
	dpm_devno=${1#0x}
	dpm_devno=${dpm_devno#0.0.}
	dpm_devno=${dpm_devno#0x}
	dpm_target=${2#0x}
	dpm_lun=${3#0x}
	case ${#dpm_devno}:${#dpm_target}:${#dpm_lun}:$dpm_devno$dpm_target$dpm_lun in
	[1-4]:16:*:*[!0-9a-f]*) return ;;
	[1-4]:16:[1-9]:* | [1-4]:16:1[0-6]:*) ;;
	*) return ;;
	esac
	while [ "${#dpm_devno}" -lt 4 ]; do dpm_devno=0$dpm_devno; done
	# A short LUN is padded to four digits on the left, then with zeros on the right.
	while [ "${#dpm_lun}" -lt 4 ]; do dpm_lun=0$dpm_lun; done
	while [ "${#dpm_lun}" -lt 16 ]; do dpm_lun=${dpm_lun}0; done
	printf '%s\n' "$dpm_devno:$dpm_target:$dpm_lun"
}
