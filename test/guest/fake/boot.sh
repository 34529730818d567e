# shellcheck shell=sh
# The devices that firmware, distribution or a person had set online before the guest tools run.
# shellcheck source=/dev/null
. "$DPM_GUEST_LIB/system.sh"
for devno; do k_online "$devno"; done
