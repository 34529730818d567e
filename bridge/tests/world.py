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

"""Nova's own objects, as nova-compute passes them, and a driver to test."""

import logging
import os
import shutil
import tempfile
import unittest
from unittest import mock

from oslo_serialization import jsonutils

import nova.conf
from nova import context
from nova.network import model
from nova import objects
from nova.virt import dpm
from nova.virt.dpm import client
from nova.virt import driver
from nova.virt import virtapi

import fake_service

CONF = nova.conf.CONF

UUID = 'b1c1a3f0-3c1f-4f0e-9a53-0f61b0a0c001'
VOLUME = '5f6e2f9e-71ff-4f26-9d63-5d5a6c0ad001'
PORT = '0c1d2e3f-1111-4222-8333-444455556666'
NETWORK = '9a8b7c6d-1111-4222-8333-444455556666'
SECRET = 'sentinel-of-the-bridge-tests'

CONNECTION = {
    'driver_volume_type': 'fibre_channel', 'serial': VOLUME,
    'data': {'target_wwn': ['5005076300000001'], 'target_lun': 1,
             'auth_password': SECRET}}


def make_flavor(name='m1.small', memory_mb=4096):
    return objects.Flavor(id=1, flavorid=name, name=name, vcpus=2,
                          memory_mb=memory_mb, root_gb=0,
                          extra_specs={'dpm:initial_processing_weight': '50'})


def make_instance(**fields):
    values = dict(
        id=1, uuid=UUID, display_name='web1', hostname='web1',
        host='compute1', project_id='project1', user_id='user1',
        flavor=make_flavor(), old_flavor=None, new_flavor=None,
        power_state=1, root_device_name='/dev/sda')
    values.update(fields)
    return objects.Instance(make_context(), **values)


def make_context():
    return context.RequestContext('user1', 'project1', auth_token=SECRET)


def make_block_device_info(instance, connection_info=CONNECTION):
    mapping = objects.BlockDeviceMappingList(objects=[
        objects.BlockDeviceMapping(
            make_context(), id=1, uuid=UUID, instance_uuid=UUID,
            source_type='volume', destination_type='volume', no_device=False,
            device_name='/dev/sda', volume_id=VOLUME, volume_size=10,
            volume_type=None, boot_index=0, delete_on_termination=True,
            attachment_id=PORT, guest_format=None, disk_bus=None,
            device_type='disk', tag=None, connection_info=(
                None if connection_info is None else
                jsonutils.dumps(connection_info)))])
    return driver.get_block_device_info(instance, mapping)


def make_vif():
    subnet = model.Subnet(
        cidr='192.0.2.0/24', dns=[model.IP('192.0.2.2', type='dns')],
        gateway=model.IP('192.0.2.1', type='gateway'),
        ips=[model.FixedIP(address='192.0.2.10')])
    network = model.Network(id=NETWORK, bridge=None, label='net1',
                            subnets=[subnet], mtu=1500,
                            physical_network='physnet1')
    return model.VIF(id=PORT, address='02:00:00:00:00:01', network=network,
                     type='dpm_vif', devname='tap1', active=False,
                     details={'object_id': 'a'})


def make_network_info():
    return model.NetworkInfo([make_vif()])


def make_image_meta():
    return objects.ImageMeta(
        id=VOLUME, name='rescue', disk_format='raw', min_ram=0,
        properties=objects.ImageMetaProps(hw_architecture='s390x'))


class Log(logging.Handler):

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


class TestCase(unittest.TestCase):
    """Has a directory, a log and settings; the log contains no secret."""

    def setUp(self):
        objects.register_all()
        self.directory = tempfile.mkdtemp(prefix='dpm-bridge-')
        self.addCleanup(shutil.rmtree, self.directory)
        self.log = Log()
        logger = logging.getLogger()
        level = logger.level
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self.log)
        self.addCleanup(logger.setLevel, level)
        self.addCleanup(logger.removeHandler, self.log)
        self.addCleanup(self.check_log)
        self.addCleanup(CONF.reset)
        CONF([], default_config_files=[])
        CONF.set_override('host', 'compute1')
        self.addCleanup(CONF.clear_override, 'host')

    def check_log(self):
        for line in self.log.lines:
            self.assertNotIn(SECRET, line)

    def settings(self, **values):
        for name, value in values.items():
            CONF.set_override(name, value, group='dpm')
            self.addCleanup(CONF.clear_override, name, group='dpm')

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), 'w') as stream:
            stream.write(text)
        return self.path(name)

    def no_pauses(self):
        """Makes the client repeat at once. Returns the pauses asked for."""
        asked = []
        patch = mock.patch.object(client.time, 'sleep', asked.append)
        patch.start()
        self.addCleanup(patch.stop)
        return asked


class ServiceTestCase(TestCase):
    """Has a service on a Unix socket and a driver that uses it."""

    def setUp(self):
        super().setUp()
        self.service = self.start_service()
        self.settings(service_url=self.service.url)
        self.driver = dpm.DPMDriver(virtapi.VirtAPI())

    def start_service(self, **options):
        options = options or {'path': self.path('serve.sock')}
        service = fake_service.FakeService(**options)
        self.addCleanup(service.close)
        return service

    def init_host(self):
        self.addCleanup(self.driver.cleanup_host, 'compute1')
        self.driver.init_host('compute1')
