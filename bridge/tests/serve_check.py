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

"""Real Nova objects and Nova's volume code against a real dpm serve.

test/bridge/serve.test.ts starts the service and the simulators, and names
them in the environment.
"""

import configparser
import os
import unittest
from unittest import mock

from cinderclient import client as cinder_client
from keystoneauth1.identity import v3
from keystoneauth1 import service_token
from keystoneauth1 import session as keystone_session

from nova.compute import power_state
from nova.compute import provider_tree
import nova.conf
from nova import exception
from nova import objects
from nova.virt import block_device
from nova.virt import dpm
from nova.virt import virtapi
from nova.volume import cinder

import world

CONF = nova.conf.CONF

#: What Nova's resource tracker requires. Source: nova
#: compute/resource_tracker.py, _verify_resources.
REQUIRED_RESOURCES = (
    'vcpus', 'memory_mb', 'local_gb', 'cpu_info', 'vcpus_used',
    'memory_mb_used', 'local_gb_used', 'numa_topology')


def read_cinder_settings():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(os.environ['DPM_TEST_SETTINGS'])
    return parser['cinder']


class ServeCheck(unittest.TestCase):

    maxDiff = None

    def setUp(self):
        objects.register_all()
        CONF([], default_config_files=[])
        CONF.set_override('host', 'compute1')
        CONF.set_override('service_url',
                          'unix:' + os.environ['DPM_TEST_SOCKET'],
                          group='dpm')
        self.context = world.make_context()
        self.instance = world.make_instance()
        self.volume_api = cinder.API()
        settings = read_cinder_settings()
        user = v3.Password(**{
            name: settings[name] for name in (
                'auth_url', 'username', 'password', 'project_name',
                'user_domain_name', 'project_domain_name')})
        session = keystone_session.Session(
            auth=service_token.ServiceTokenAuthWrapper(user, user),
            verify=settings['cafile'])

        def client(context, microversion=None, **_):
            return cinder_client.Client(microversion or '3.0',
                                        session=session)

        for target, name, value in (
                (cinder, 'cinderclient', client),
                (objects.BlockDeviceMapping, 'save', lambda _: None)):
            patch = mock.patch.object(target, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.driver = dpm.DPMDriver(virtapi.VirtAPI())
        self.addCleanup(self.driver.cleanup_host, 'compute1')

    def state(self):
        return self.driver.get_info(self.instance, use_cache=False).state

    def reserve(self, volume, boot_index, device):
        """Reserves a volume as Nova's API does. Returns Nova's dictionary."""
        attachment = self.volume_api.attachment_create(
            self.context, volume, self.instance.uuid)
        return block_device.DriverVolumeBlockDevice(
            objects.BlockDeviceMapping(
                self.context, id=boot_index, uuid=volume,
                instance_uuid=self.instance.uuid, source_type='volume',
                destination_type='volume', no_device=False,
                device_name=device, volume_id=volume, volume_size=10,
                volume_type=None, boot_index=boot_index,
                delete_on_termination=False, attachment_id=attachment['id'],
                guest_format=None, disk_bus=None, device_type=None, tag=None,
                encrypted=False, connection_info=None))

    def test_the_life_of_an_instance(self):
        self.driver.init_host('compute1')
        self.check_the_host()

        self.driver.prepare_for_spawn(self.instance)
        boot = self.reserve(os.environ['DPM_TEST_BOOT_VOLUME'], 0, '/dev/sda')
        boot.attach(self.context, self.instance, self.volume_api, self.driver)
        info = {'root_device_name': '/dev/sda', 'image': [], 'ephemerals': [],
                'swap': None, 'block_device_mapping': [boot]}
        self.driver.spawn(self.context, self.instance,
                          world.make_image_meta(), [], None, {}, [], info)
        self.assertEqual(self.state(), power_state.RUNNING)
        self.check_the_instance()
        self.check_volumes()

        self.driver.power_off(self.instance, 0, 0)
        self.assertEqual(self.state(), power_state.SHUTDOWN)
        self.driver.power_off(self.instance, 0, 0)
        self.driver.power_on(self.context, self.instance, [], info)
        self.assertEqual(self.state(), power_state.RUNNING)
        self.driver.reboot(self.context, self.instance, [], 'HARD', info)
        self.assertEqual(self.state(), power_state.RUNNING)
        self.check_a_resize(info)

        for _ in range(2):
            self.driver.destroy(self.context, self.instance, [], info)
        self.volume_api.attachment_delete(self.context, boot['attachment_id'])
        self.assertRaises(exception.InstanceNotFound, self.driver.get_info,
                          self.instance)
        self.assertFalse(self.driver.instance_exists(self.instance))

    def check_the_host(self):
        self.assertRaises(exception.NovaException, self.driver.init_host,
                          'compute2')
        self.assertEqual(self.driver.get_available_nodes(), ['compute1'])
        self.assertTrue(self.driver.node_is_available('compute1'))
        self.assertEqual(self.driver.get_num_instances(), 0)
        resources = self.driver.get_available_resource('compute1')
        self.assertLessEqual(set(REQUIRED_RESOURCES), set(resources))
        node = objects.ComputeNode(self.context)
        node.update_from_virt_driver(resources)
        self.assertEqual(node.hypervisor_hostname, 'compute1')
        tree = provider_tree.ProviderTree()
        tree.new_root('compute1', world.UUID)
        self.driver.update_provider_tree(tree, 'compute1')
        self.assertLessEqual({'VCPU', 'MEMORY_MB'},
                             set(tree.data('compute1').inventory))
        self.assertTrue(
            self.driver.capabilities_as_traits()['COMPUTE_VOLUME_EXTEND'])
        self.assertTrue(self.driver.get_host_ip_addr())

    def check_the_instance(self):
        self.assertEqual(self.driver.list_instance_uuids(), [world.UUID])
        self.assertTrue(self.driver.instance_exists(self.instance))
        self.assertEqual(
            self.driver.get_instance_diagnostics(self.instance).state,
            'running')
        self.assertIsInstance(self.driver.get_diagnostics(self.instance), dict)
        self.driver.plug_vifs(self.instance, [])
        with self.assertRaisesRegex(NotImplementedError, 'pause: '):
            self.driver.pause(self.instance)
        self.assertRaises(exception.SetAdminPasswdNotSupported,
                          self.driver.set_admin_password, self.instance, 'x')
        try:
            text = self.driver.get_console_output(self.context, self.instance)
        except Exception as error:
            self.assertEqual(os.environ['DPM_TEST_MACHINE'], 'z13', error)
        else:
            self.assertIsInstance(text, bytes)

    def check_volumes(self):
        data = self.reserve(os.environ['DPM_TEST_DATA_VOLUME'], 1, '/dev/sdb')
        data.attach(self.context, self.instance, self.volume_api, self.driver,
                    do_driver_attach=True)
        self.driver.extend_volume(self.context, data['connection_info'],
                                  self.instance, 11 * 1024 ** 3)
        data.detach(self.context, self.instance, self.volume_api, self.driver)
        self.assertEqual(self.volume_api.get(
            self.context, data.volume_id)['status'], 'available')

    def check_a_resize(self, info):
        larger = world.make_flavor('m1.large', 8192)
        disk_info = self.driver.migrate_disk_and_power_off(
            self.context, self.instance, self.driver.get_host_ip_addr(),
            larger, [], info, 0, 0)
        self.instance.old_flavor = self.instance.flavor
        self.instance.flavor = self.instance.new_flavor = larger
        self.driver.finish_migration(
            self.context, objects.Migration(), self.instance, disk_info, [],
            world.make_image_meta(), True, {}, info, True)
        self.driver.confirm_migration(self.context, objects.Migration(),
                                      self.instance, [])
        self.assertEqual(self.state(), power_state.RUNNING)
