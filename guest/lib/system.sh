# shellcheck shell=sh
# Common functions: directories, reading, writing, waiting. POSIX shell has no `local`: every variable begins with dpm_, and
# a function that would change a variable of its caller runs in a subshell.

# Root of all paths. Empty, except in tests.
dpm_root=${DPM_GUEST_ROOT:-}
dpm_sys=$dpm_root/sys
dpm_proc=$dpm_root/proc
dpm_etc=$dpm_root/etc
dpm_dev=$dpm_root/dev
# For records that are needed until the next boot: /run is passed from the initramfs to the real root.
dpm_run=$dpm_root/run/dpm-guest

# The remaining time limit in seconds, which each task sets before it starts.
dpm_budget=0

dpm_say() {
	printf 'dpm-guest: %s\n' "$*" >&2
}

# dpm_read FILE: reads the first line of an attribute into $dpm_value. Fails if it is empty, or cannot be read.
dpm_read() {
	dpm_value=
	[ -r "$1" ] || return 1
	{ IFS= read -r dpm_value <"$1"; } 2>/dev/null
	[ -n "$dpm_value" ]
}

# dpm_is FILE VALUE: succeeds if the attribute has this value.
dpm_is() {
	dpm_read "$1" && [ "$dpm_value" = "$2" ]
}

# dpm_write VALUE FILE: writes the value in a single write, as sysfs requires. Fails if the kernel refuses, or the file does
# not exist.
dpm_write() {
	[ -e "$2" ] || return 1
	{ printf '%s' "$1" >"$2"; } 2>/dev/null
}

dpm_has_command() {
	command -v "$1" >/dev/null 2>&1
}

# dpm_until COMMAND...: repeats the command once a second until it succeeds or the budget is used up.
dpm_until() {
	until "$@"; do
		[ "$dpm_budget" -gt 0 ] || return 1
		sleep 1
		dpm_budget=$((dpm_budget - 1))
	done
}

# dpm_within SECONDS COMMAND...: like dpm_until, but uses at most so many seconds of the budget.
dpm_within() {
	dpm_kept=$((dpm_budget > $1 ? dpm_budget - $1 : 0))
	dpm_budget=$((dpm_budget - dpm_kept))
	shift
	dpm_ended=0
	dpm_until "$@" || dpm_ended=$?
	dpm_budget=$((dpm_budget + dpm_kept))
	return "$dpm_ended"
}

# dpm_record KIND WORD: records until the next boot that dpm-guest created something.
dpm_record() {
	dpm_recorded "$1" "$2" && return 0
	mkdir -p "$dpm_run" && printf '%s\n' "$2" >>"$dpm_run/$1"
}

# dpm_recorded KIND PATTERN: succeeds if a recorded line matches, and sets dpm_line to the first.
dpm_recorded() {
	[ -r "$dpm_run/$1" ] || return 1
	while IFS= read -r dpm_line; do
		# shellcheck disable=SC2254 # a pattern
		case $dpm_line in
		$2) return 0 ;;
		esac
	done <"$dpm_run/$1"
	return 1
}

# dpm_unrecord KIND PATTERN: removes the recorded lines that match.
dpm_unrecord() {
	[ -r "$dpm_run/$1" ] || return 0
	while IFS= read -r dpm_line; do
		# shellcheck disable=SC2254 # a pattern
		case $dpm_line in
		$2) ;;
		*) printf '%s\n' "$dpm_line" ;;
		esac
	done <"$dpm_run/$1" >"$dpm_run/$1.new"
	mv "$dpm_run/$1.new" "$dpm_run/$1"
}

# dpm_is_hex TEXT DIGITS: succeeds if the text has exactly so many lower-case hex digits.
dpm_is_hex() {
	[ "${#1}" -eq "$2" ] || return 1
	case $1 in
	*[!0-9a-f]*) return 1 ;;
	esac
}

# dpm_pad16 TEXT: converts a number of the kernel (0x..., without leading zeros) to sixteen digits, in $dpm_value.
dpm_pad16() {
	dpm_value=${1#0x}
	while [ "${#dpm_value}" -lt 16 ]; do dpm_value=0$dpm_value; done
}
