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

"""Nova compute driver for IBM Z and LinuxONE machines in DPM mode.

The service dpm serve does the work and knows the machine. This driver
translates Nova's objects, forwards the calls and raises the exceptions that
the service names.
"""

import contextlib
import functools
import inspect

from oslo_context import context as oslo_context
from oslo_log import log as logging

from nova.compute import power_state
from nova import context as nova_context
from nova import exception
from nova import objects
from nova.virt.dpm import client
from nova.virt.dpm import conf
from nova.virt.dpm import events
from nova.virt.dpm import methods
from nova.virt.dpm import wire
from nova.virt import driver
from nova.virt import event as virtevent

CONF = conf.CONF
LOG = logging.getLogger(__name__)

TRANSITIONS = {
    'started': virtevent.EVENT_LIFECYCLE_STARTED,
    'stopped': virtevent.EVENT_LIFECYCLE_STOPPED,
    'paused': virtevent.EVENT_LIFECYCLE_PAUSED,
    'resumed': virtevent.EVENT_LIFECYCLE_RESUMED,
    'suspended': virtevent.EVENT_LIFECYCLE_SUSPENDED,
}

#: The transition that makes Nova read a power state again.
TRANSITION_TO = {
    power_state.RUNNING: 'started',
    power_state.SHUTDOWN: 'stopped',
    power_state.PAUSED: 'paused',
    power_state.SUSPENDED: 'suspended',
}


class DPMDriver(driver.ComputeDriver):
    """Forwards the methods of the module methods, see below the class.

    Other methods, and methods that the service does not answer, are those of
    Nova's base class.
    """

    def __init__(self, virtapi):
        super().__init__(virtapi)
        self._client = client.Client(
            url=CONF.dpm.service_url,
            token_file=CONF.dpm.service_token_file,
            ca_certs=CONF.dpm.service_ca_certs,
            timeout=CONF.dpm.service_timeout)
        self._events = None
        self._description = None

    def _describe(self):
        """Asks the service once for its methods, capabilities and traits."""
        if self._description is None:
            self._description = self._client.describe()
            self.capabilities = dict(driver.ComputeDriver.capabilities,
                                     **self._description['capabilities'])
        return self._description

    def _call(self, method, body, context=None):
        context = context or oslo_context.get_current()
        result = self._client.call(
            method, body,
            request_id=getattr(context, 'request_id', None),
            changes=method not in methods.READS)
        return wire.RESULTS.get(method, lambda same: same)(result)

    def init_host(self, host):
        self._describe()
        with _nova_exceptions('init_host'):
            self._call('init_host', {'host': host})
        self._events = events.EventReader(
            self._client, self._emit_lifecycle, self._resync)
        self._events.start()

    def cleanup_host(self, host):
        if self._events is not None:
            self._events.stop()

    def capabilities_as_traits(self):
        traits = self._describe()['traits']
        return dict(super().capabilities_as_traits(), **traits)

    def update_provider_tree(self, provider_tree, nodename, allocations=None):
        present = provider_tree.data(nodename)
        with _nova_exceptions('update_provider_tree'):
            wanted = self._call('update_provider_tree', {
                'nodename': nodename,
                'inventory': present.inventory,
                'traits': sorted(present.traits)})
        provider_tree.update_inventory(nodename, wanted['inventory'])
        provider_tree.update_traits(nodename, wanted['traits'])

    def _emit_lifecycle(self, uuid, transition, timestamp=None):
        self.emit_event(virtevent.LifecycleEvent(
            uuid, TRANSITIONS[transition], timestamp))

    def _resync(self):
        """Emits an event for each instance whose recorded state is old.

        :raises HypervisorUnavailable: when no state at all can be read
        """
        context = nova_context.get_admin_context()
        instances = objects.InstanceList.get_by_host(
            context, CONF.host, expected_attrs=['flavor'])
        unreachable = []
        for instance in instances:
            try:
                state = self.get_info(instance, use_cache=False).state
            except exception.InstanceNotFound:
                continue
            except exception.NovaException as error:
                LOG.warning('The power state of instance %(uuid)s cannot be '
                            'read: %(error)s',
                            {'uuid': instance.uuid, 'error': error})
                if isinstance(error, exception.HypervisorUnavailable):
                    unreachable.append(error)
                continue
            if state != instance.power_state and state in TRANSITION_TO:
                self._emit_lifecycle(instance.uuid, TRANSITION_TO[state])
        if unreachable and len(unreachable) == len(instances):
            raise unreachable[0]


@contextlib.contextmanager
def _nova_exceptions(method):
    """Raises the exception of Nova that fits a failed call of a method."""
    try:
        yield
    except client.Refused as refused:
        error = refused.args[0]
        if error.get('left_behind'):
            LOG.warning('%(method)s left behind: %(left)s',
                        {'method': method,
                         'left': ', '.join(map(str, error['left_behind']))})
        raised = wire.error(error)
        if (method in methods.KEEPS_ADDRESSES and
                type(raised) in (exception.NovaException,
                                 NotImplementedError)):
            raised = exception.InstancePowerOffFailure(str(raised))
        raise raised from None
    except Exception as error:
        if method in methods.KEEPS_ADDRESSES:
            raise exception.InstancePowerOffFailure(str(error)) from error
        if (method in methods.MAY_BE_NOT_READY and
                isinstance(error, exception.HypervisorUnavailable)):
            raise exception.VirtDriverNotReady(str(error))
        raise


def _destination(context, instance, dest, **_others):
    """Returns the name of the compute host to which an instance moves.

    Nova passes an IP address, which several compute hosts of one machine
    share.
    """
    move = (instance.obj_attr_is_set('migration_context') and
            instance.migration_context)
    if not move:
        return dest
    return objects.Migration.get_by_id(context, move.migration_id).dest_compute


def _forward(method, parameters):
    """Returns a method with the signature that the installed Nova has."""
    base = getattr(driver.ComputeDriver, method)
    signature = inspect.signature(base)

    @functools.wraps(base)
    def call(self, *args, **kwargs):
        with _nova_exceptions(method):
            if not (method in methods.REFUSED or
                    method in self._describe()['methods']):
                return base(self, *args, **kwargs)
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            arguments = bound.arguments
            if 'dest' in parameters:
                arguments['dest'] = _destination(**arguments)
            return self._call(method, wire.body(parameters, arguments),
                              context=arguments.get('context'))

    return call


for _method, _parameters in dict(
        dict.fromkeys(methods.REFUSED, ('instance',)),
        **methods.FORWARDED).items():
    if (_method not in vars(DPMDriver) and
            hasattr(driver.ComputeDriver, _method)):
        setattr(DPMDriver, _method, _forward(_method, _parameters))
