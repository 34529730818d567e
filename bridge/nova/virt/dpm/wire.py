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

"""Translates Nova's objects to the JSON of dpm serve, and results back."""

from nova.compute import power_state
from nova.console import type as console_type
from nova import exception
from nova import objects
from nova.virt import hardware


def _field(obj, name):
    """Returns a field of a Nova object, or None if the field is not set."""
    return getattr(obj, name) if obj.obj_attr_is_set(name) else None


def flavor(value):
    if value is None:
        return None
    return {
        'name': _field(value, 'name'),
        'vcpus': value.vcpus,
        'memory_mb': value.memory_mb,
        'extra_specs': dict(_field(value, 'extra_specs') or {}),
    }


def instance(value):
    return {
        'uuid': value.uuid,
        'name': _field(value, 'display_name'),
        'hostname': _field(value, 'hostname'),
        'host': _field(value, 'host'),
        'project_id': _field(value, 'project_id'),
        'user_id': _field(value, 'user_id'),
        'flavor': flavor(value.flavor),
        'old_flavor': flavor(_field(value, 'old_flavor')),
        'new_flavor': flavor(_field(value, 'new_flavor')),
    }


def block_device_info(value):
    if value is None:
        return None
    return {
        'root_device_name': value.get('root_device_name'),
        'block_device_mapping': [
            _block_device(each)
            for each in value.get('block_device_mapping') or []],
    }


def _block_device(value):
    # The volume's fields are not items of Nova's dictionary, but get() finds
    # them.
    sent = {name: value.get(name) for name in (
        'volume_id', 'volume_size', 'boot_index', 'mount_device',
        'attachment_id', 'delete_on_termination')}
    sent['connection_info'] = value.get('connection_info') or None
    return sent


def network_info(value):
    # During a build, the iteration waits until Neutron has answered.
    return [] if value is None else [vif for vif in value]


def image_meta(value):
    # Nova drops the properties that it does not know. The service reads them
    # from Glance.
    properties = _field(value, 'properties')
    return {
        'id': _field(value, 'id'),
        'name': _field(value, 'name'),
        'disk_format': _field(value, 'disk_format'),
        'properties': {} if properties is None else {
            name: getattr(properties, name) for name in properties.fields
            if properties.obj_attr_is_set(name)},
    }


#: Parameter to its translation. Others are JSON already.
PARAMETERS = {
    'instance': instance,
    'flavor': flavor,
    'block_device_info': block_device_info,
    'network_info': network_info,
    'image_meta': image_meta,
}


def body(names, arguments):
    """Returns the body of a call: the named arguments, translated."""
    return {name: PARAMETERS.get(name, lambda value: value)(arguments[name])
            for name in names}


def instance_info(result):
    return hardware.InstanceInfo(
        state=getattr(power_state, result['state'].upper()),
        internal_id=result.get('internal_id'))


def serial_console(result):
    return console_type.ConsoleSerial(
        host=result['host'], port=result['port'],
        internal_access_path=result.get('internal_access_path'))


def diagnostics(result):
    """Returns Nova's object, without a value that its version refuses.

    The field "driver" accepts only the names of drivers in Nova's tree.
    """
    made = objects.Diagnostics()
    parts = {'cpu_details': made.add_cpu, 'nic_details': made.add_nic,
             'disk_details': made.add_disk}
    for name, value in result.items():
        if name in parts:
            for each in value:
                parts[name](**each)
        elif name == 'memory_details':
            made.memory_details = objects.MemoryDiagnostics(**value)
        elif name in made.fields and name != 'driver':
            setattr(made, name, value)
    return made


#: Method to the translation of its result. Others are returned as they are.
RESULTS = {
    'get_info': instance_info,
    'get_console_output': lambda text: text.encode(),
    'get_serial_console': serial_console,
    'get_instance_diagnostics': diagnostics,
}


def error(answer):
    """Returns the exception that an error of the service names."""
    message = ' '.join(filter(None, (answer.get('message'),
                                     answer.get('advice'))))
    name = answer.get('nova_exception')
    if name == 'NotImplementedError' or answer.get('code') == 'NO_SUCH_METHOD':
        return NotImplementedError(message)
    named = getattr(exception, name or '', None)
    if named is exception.InstanceFaultRollback:
        return named(inner_exception=exception.NovaException(message))
    if isinstance(named, type) and issubclass(named, exception.NovaException):
        return named(message)
    return exception.NovaException(message)
