#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.

"""The methods of Nova's driver contract that dpm serve can answer.

The rules of the contract differ between releases of Nova only in parameters
that are not sent. A method that the installed Nova lacks is left out.
"""

#: Method to the parameters that its call sends, by Nova's names.
FORWARDED = {
    # Host
    'init_host': ('host',),
    'get_available_nodes': (),
    'node_is_available': ('nodename',),
    'get_available_resource': ('nodename',),
    'get_host_uptime': (),
    'get_host_ip_addr': (),
    'list_instances': (),
    'list_instance_uuids': (),
    'get_num_instances': (),

    # Build and delete
    'prepare_for_spawn': ('instance',),
    'failed_spawn_cleanup': ('instance',),
    'get_volume_connector': ('instance',),
    'spawn': ('instance', 'network_info', 'block_device_info', 'power_on'),
    'destroy': ('instance', 'network_info', 'block_device_info'),
    'cleanup': ('instance', 'network_info', 'block_device_info'),

    # State
    'get_info': ('instance', 'use_cache'),
    'instance_exists': ('instance',),
    'power_on': ('instance', 'network_info', 'block_device_info'),
    'power_off': ('instance', 'timeout', 'retry_interval'),
    'reboot': ('instance', 'network_info', 'reboot_type',
               'block_device_info'),
    'resume_state_on_host_boot': ('instance', 'network_info',
                                  'block_device_info'),
    'trigger_crash_dump': ('instance',),
    'rescue': ('instance', 'network_info', 'image_meta',
               'block_device_info'),
    'unrescue': ('instance',),

    # Volumes and networks
    'attach_volume': ('instance', 'connection_info', 'mountpoint'),
    'detach_volume': ('instance', 'connection_info', 'mountpoint'),
    'extend_volume': ('instance', 'connection_info', 'requested_size'),
    'plug_vifs': ('instance', 'network_info'),
    'unplug_vifs': ('instance', 'network_info'),
    'attach_interface': ('instance', 'vif'),
    'detach_interface': ('instance', 'vif'),

    # Consoles and diagnostics
    'get_console_output': ('instance',),
    'get_serial_console': ('instance',),
    'get_diagnostics': ('instance',),
    'get_instance_diagnostics': ('instance',),

    # Cold migration and resize
    'migrate_disk_and_power_off': (
        'instance', 'dest', 'flavor', 'network_info', 'block_device_info',
        'timeout', 'retry_interval'),
    'finish_migration': (
        'instance', 'disk_info', 'network_info', 'resize_instance',
        'block_device_info', 'power_on'),
    'confirm_migration': ('instance', 'network_info'),
    'finish_revert_migration': ('instance', 'network_info',
                                'block_device_info', 'power_on'),
}

#: What DPM cannot have. The service answers with the reason, and with the
#: exception that Nova expects.
REFUSED = (
    'pause', 'unpause', 'suspend', 'resume', 'snapshot', 'swap_volume',
    'volume_snapshot_create', 'volume_snapshot_delete', 'quiesce',
    'unquiesce', 'set_admin_password', 'check_can_live_migrate_source',
    'check_can_live_migrate_destination', 'pre_live_migration',
    'live_migration', 'get_vnc_console', 'get_spice_console',
    'get_mks_console', 'mount_share', 'umount_share')

#: Methods that change nothing. Their calls carry no idempotency key and are
#: repeated for a short time only: Nova asks again in its next period.
READS = frozenset((
    'get_available_nodes', 'node_is_available', 'get_available_resource',
    'update_provider_tree', 'get_host_uptime', 'get_host_ip_addr',
    'list_instances', 'list_instance_uuids', 'get_num_instances', 'get_info',
    'instance_exists', 'get_console_output', 'get_serial_console',
    'get_diagnostics', 'get_instance_diagnostics')).union(REFUSED)

#: Methods for which Nova's periodic tasks expect VirtDriverNotReady.
MAY_BE_NOT_READY = frozenset(('get_available_nodes', 'get_num_instances'))

#: Methods after whose failure Nova releases the addresses of the instance,
#: which a guest that still runs uses. Nova keeps them only for
#: InstancePowerOffFailure (nova compute/manager.py, _shutdown_instance).
KEEPS_ADDRESSES = frozenset(('destroy', 'cleanup'))
