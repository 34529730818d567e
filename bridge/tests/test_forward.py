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

import inspect

from nova.compute import power_state
from nova.compute import provider_tree
from nova.console import type as console_type
from nova import exception
from nova import objects
from nova.virt import driver
from nova.virt import hardware

import fake_service
import world


def arguments_of(method):
    """Returns arguments for a method of the installed Nova."""
    instance = world.make_instance()
    migration = objects.Migration()
    known = {
        'context': world.make_context(), 'instance': instance,
        'image_meta': world.make_image_meta(), 'injected_files': [],
        'admin_password': world.SECRET, 'rescue_password': world.SECRET,
        'allocations': {}, 'network_info': world.make_network_info(),
        'block_device_info': world.make_block_device_info(instance),
        'connection_info': world.CONNECTION, 'mountpoint': '/dev/sdb',
        'requested_size': 11 * 1024 ** 3, 'nodename': 'compute1',
        'host': 'compute1', 'reboot_type': 'HARD', 'vif': world.make_vif(),
        'dest': '192.0.2.30', 'flavor': world.make_flavor('m1.large'),
        'disk_info': '{}', 'resize_instance': True, 'migration': migration,
        'share_info': [], 'image_id': world.VOLUME,
        'update_task_state': lambda **_: None}
    signature = inspect.signature(getattr(driver.ComputeDriver, method))
    return {name: known[name] for name, each in signature.parameters.items()
            if name in known}


class ForwardTest(world.ServiceTestCase):

    def test_every_method_arrives_with_the_body_of_the_protocol(self):
        self.service.results = {
            'get_info': {'state': 'running', 'internal_id': None},
            'get_console_output': '',
            'get_serial_console': {'host': 'h', 'port': 1},
            'get_instance_diagnostics': {},
        }
        for method, (keys, changes) in sorted(fake_service.METHODS.items()):
            if method in ('update_provider_tree', 'init_host'):
                continue  # have tests of their own
            with self.subTest(method):
                getattr(self.driver, method)(**arguments_of(method))
                called, body = self.service.calls[-1]
                self.assertEqual(called, method)
                self.assertEqual(sorted(body), sorted(keys))
                received = self.service.requests[-1]
                self.assertEqual(received[1] is not None, changes)
                self.assertNotIn(world.SECRET, repr(
                    {key: value for key, value in body.items()
                     if key not in ('connection_info', 'block_device_info')}))

    def test_an_instance_is_translated(self):
        instance = world.make_instance(
            host=None, new_flavor=world.make_flavor('m1.large', 8192))

        self.driver.prepare_for_spawn(instance)

        flavor = {'name': 'm1.small', 'vcpus': 2, 'memory_mb': 4096,
                  'extra_specs': {'dpm:initial_processing_weight': '50'}}
        self.assertEqual(self.service.calls, [('prepare_for_spawn', {
            'instance': {
                'uuid': world.UUID, 'name': 'web1', 'hostname': 'web1',
                'host': None, 'project_id': 'project1', 'user_id': 'user1',
                'flavor': flavor, 'old_flavor': None,
                'new_flavor': dict(flavor, name='m1.large',
                                   memory_mb=8192)}})])

    def test_volumes_keep_the_fields_that_nova_proxies(self):
        instance = world.make_instance()
        self.driver.destroy(world.make_context(), instance, None,
                            world.make_block_device_info(instance))

        sent = self.service.calls[-1][1]
        self.assertEqual(sent['network_info'], [])
        self.assertEqual(sent['block_device_info'], {
            'root_device_name': '/dev/sda',
            'block_device_mapping': [{
                'volume_id': world.VOLUME, 'volume_size': 10,
                'boot_index': 0, 'mount_device': '/dev/sda',
                'attachment_id': world.PORT, 'delete_on_termination': True,
                'connection_info': world.CONNECTION}]})

    def test_a_volume_that_is_not_connected_has_no_connection_info(self):
        instance = world.make_instance()
        self.driver.destroy(
            world.make_context(), instance, world.make_network_info(),
            world.make_block_device_info(instance, connection_info=None))

        sent = self.service.calls[-1][1]['block_device_info']
        self.assertIsNone(
            sent['block_device_mapping'][0]['connection_info'])

    def test_a_build_waits_for_its_networks(self):
        from nova.network import model

        instance = world.make_instance()
        pending = model.NetworkInfoAsyncWrapper(world.make_network_info)
        self.driver.spawn(
            world.make_context(), instance, world.make_image_meta(), [],
            world.SECRET, {}, pending,
            world.make_block_device_info(instance))

        method, body = self.service.calls[-1]
        self.assertEqual(method, 'spawn')
        self.assertTrue(body['power_on'])
        vif = body['network_info'][0]
        self.assertEqual(vif['network']['subnets'][0]['ips'][0]['address'],
                         '192.0.2.10')
        self.assertEqual(vif['network']['meta']['physical_network'],
                         'physnet1')

    def test_an_image_is_translated(self):
        self.driver.rescue(**arguments_of('rescue'))

        self.assertEqual(self.service.calls[-1][1]['image_meta'], {
            'id': world.VOLUME, 'name': 'rescue', 'disk_format': 'raw',
            'properties': {'hw_architecture': 's390x'}})

    def test_the_request_id_of_nova_is_sent(self):
        context = world.make_context()
        self.driver.power_on(context, world.make_instance(),
                             world.make_network_info())
        self.driver.power_off(world.make_instance())

        # power_off has no context: the thread has the one that was made last
        sent = [each[2] for each in self.service.requests]
        self.assertEqual(sent[0], context.request_id)
        self.assertRegex(sent[1], '^req-')

    def test_every_call_has_a_key_of_its_own(self):
        instance = world.make_instance()
        self.driver.power_off(instance)
        self.driver.power_off(instance)

        self.assertEqual(len(self.service.calls), 2)


class ResultTest(world.ServiceTestCase):

    def test_power_states(self):
        for name, expected in (('running', power_state.RUNNING),
                               ('shutdown', power_state.SHUTDOWN),
                               ('nostate', power_state.NOSTATE),
                               ('crashed', power_state.CRASHED)):
            self.service.results['get_info'] = {'state': name,
                                                'internal_id': None}
            self.assertEqual(self.driver.get_info(world.make_instance()),
                             hardware.InstanceInfo(state=expected))

    def test_the_console_log_is_bytes(self):
        self.service.results['get_console_output'] = 'gr\u00fc\u00dfe\n'

        self.assertEqual(
            self.driver.get_console_output(world.make_context(),
                                           world.make_instance()),
            'gr\u00fc\u00dfe\n'.encode())

    def test_the_serial_console_is_an_object(self):
        self.service.results['get_serial_console'] = {
            'host': '192.0.2.5', 'port': 10000, 'internal_access_path': None}

        made = self.driver.get_serial_console(world.make_context(),
                                              world.make_instance())

        self.assertIsInstance(made, console_type.ConsoleSerial)
        self.assertEqual((made.host, made.port), ('192.0.2.5', 10000))

    def test_diagnostics_are_an_object_without_unknown_driver(self):
        self.service.results['get_instance_diagnostics'] = {
            'state': 'running', 'driver': 'dpm', 'hypervisor': 'prsm',
            'hypervisor_os': None, 'uptime': 60, 'config_drive': False,
            'memory_details': {'maximum': 4096, 'used': None},
            'cpu_details': [{'id': 0, 'time': None, 'utilisation': 5}],
            'nic_details': [{'mac_address': '02:00:00:00:00:01'}],
            'disk_details': [], 'num_cpus': 1, 'num_nics': 1,
            'num_disks': 0}

        made = self.driver.get_instance_diagnostics(world.make_instance())

        self.assertIsInstance(made, objects.Diagnostics)
        self.assertEqual((made.state, made.num_cpus, made.num_nics),
                         ('running', 1, 1))
        self.assertEqual(made.memory_details.maximum, 4096)
        made.obj_to_primitive()

    def test_inventory_and_traits_reach_the_provider_tree(self):
        tree = provider_tree.ProviderTree()
        tree.new_root('compute1', world.UUID)
        tree.update_traits('compute1', ['CUSTOM_OF_OTHERS'])
        inventory = {'VCPU': {'total': 4, 'reserved': 0, 'min_unit': 1,
                              'max_unit': 4, 'step_size': 1,
                              'allocation_ratio': 16.0}}
        self.service.results['update_provider_tree'] = {
            'inventory': inventory,
            'traits': ['CUSTOM_OF_OTHERS', 'CUSTOM_DPM']}

        self.driver.update_provider_tree(tree, 'compute1')

        self.assertEqual(self.service.calls[-1][1], {
            'nodename': 'compute1', 'inventory': {},
            'traits': ['CUSTOM_OF_OTHERS']})
        made = tree.data('compute1')
        self.assertEqual(made.inventory, inventory)
        self.assertEqual(made.traits, {'CUSTOM_OF_OTHERS', 'CUSTOM_DPM'})

    def test_capabilities_and_traits_are_those_of_the_service(self):
        self.init_host()

        self.assertTrue(self.driver.capabilities['supports_extend_volume'])
        self.assertFalse(self.driver.capabilities['supports_multiattach'])
        traits = self.driver.capabilities_as_traits()
        self.assertTrue(traits['COMPUTE_VOLUME_EXTEND'])
        self.assertTrue(traits['CUSTOM_DPM'])
        self.assertEqual(self.service.calls[0],
                         ('init_host', {'host': 'compute1'}))
        self.assertFalse(
            driver.ComputeDriver.capabilities['supports_extend_volume'])

    def test_a_method_that_the_service_does_not_answer_is_novas_own(self):
        self.service.description['methods'].remove('rescue')

        self.assertRaises(NotImplementedError, self.driver.rescue,
                          **arguments_of('rescue'))
        self.assertEqual(self.service.calls, [])


class ErrorTest(world.ServiceTestCase):

    def refuse(self, name, method='spawn', status=422, **more):
        self.service.errors[method] = status, dict(
            {'code': 'X', 'message': 'It failed.', 'request_id': None,
             'nova_exception': name, 'left_behind': [], 'advice': None},
            **more)

    def test_every_exception_of_nova_can_be_raised(self):
        for name, kind in vars(exception).items():
            if not (isinstance(kind, type) and
                    issubclass(kind, exception.NovaException)):
                continue
            with self.subTest(name):
                self.refuse(name)
                with self.assertRaises(kind) as raised:
                    self.driver.spawn(**arguments_of('spawn'))
                self.assertIs(type(raised.exception), kind)
                self.assertIn('It failed.',
                              raised.exception.format_message())

    def test_what_dpm_cannot_have_is_refused_with_the_reason(self):
        instance = world.make_instance()
        for kind, method, arguments in (
                (NotImplementedError, 'pause', (instance,)),
                (exception.SetAdminPasswdNotSupported, 'set_admin_password',
                 (instance, world.SECRET)),
                (exception.ConsoleTypeUnavailable, 'get_vnc_console',
                 (world.make_context(), instance))):
            with self.assertRaisesRegex(kind, method + ': DPM cannot'):
                getattr(self.driver, method)(*arguments)
            self.assertEqual(list(self.service.calls[-1][1]), ['instance'])

    def test_a_refusal_that_the_service_does_not_know(self):
        self.assertRaises(NotImplementedError, self.driver.suspend,
                          world.make_context(), world.make_instance())

    def test_advice_and_what_is_left_behind_are_told(self):
        self.refuse('BuildAbortException', advice='Run dpm verify.',
                    left_behind=['partition web1'])

        with self.assertRaisesRegex(exception.BuildAbortException,
                                    'It failed. Run dpm verify.'):
            self.driver.spawn(**arguments_of('spawn'))
        self.assertIn('spawn left behind: partition web1', self.log.lines)

    def test_an_unknown_name_is_the_base_class(self):
        for name in ('NoSuchException', 'LOG', None):
            self.refuse(name)
            with self.assertRaises(exception.NovaException) as raised:
                self.driver.spawn(**arguments_of('spawn'))
            self.assertIs(type(raised.exception), exception.NovaException)

    def test_the_service_refuses_another_host(self):
        self.refuse('InvalidConfiguration', 'init_host', 400)

        self.assertRaises(exception.InvalidConfiguration,
                          self.driver.init_host, 'compute2')

    def test_another_version_of_the_protocol(self):
        self.service.description['api_version'] = 2

        with self.assertRaisesRegex(exception.InvalidConfiguration,
                                    'protocol version 2: expected 1'):
            self.driver.init_host('compute1')
