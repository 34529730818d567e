"""Tests of the mechanism driver with Neutron's own objects.

They need python3-neutron. Without it, one line says NOT RUN and why.
"""

import json
import os
import sys
import unittest
from unittest import mock
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

try:
    from neutron.conf.plugins.ml2.drivers import driver_type
    from neutron.plugins.ml2 import driver_context
    from neutron.plugins.ml2 import models
    from neutron_lib import context as neutron_context
    from neutron_lib.plugins import directory
    from oslo_config import cfg
except ImportError as error:
    print('NOT RUN: the mechanism driver with Neutron (%s)' % error)
    sys.exit(0)

from neutron_dpm import config  # noqa: E402
from neutron_dpm import mappings  # noqa: E402
from neutron_dpm import mech_driver  # noqa: E402

OSA = '5b0c2a3e-6f0d-3c8f-9a63-d2c5bd2e3ec6'
ROCE = '7f1d9e52-8a41-3b0c-b1de-4c2f6a9e0d11'
LOGGER = 'neutron_dpm.mech_driver'


class Plugin:
    """What a PortContext and the driver ask the plugin for."""

    subnets = {}

    def _get_vif_details(self, binding):
        return binding.vif_details

    def get_subnet(self, _context, subnet_id):
        return self.subnets[subnet_id]


def segment(network_type, network='physnet1', vlan=None):
    return {'id': str(uuid.uuid4()), 'network_type': network_type,
            'physical_network': network, 'segmentation_id': vlan,
            'network_id': 'net'}


def port_context(segments, host='compute1', vnic_type='normal', subnets=()):
    """Returns the context that ML2 makes in _bind_port."""
    plugin, context = Plugin(), neutron_context.get_admin_context()
    port = {'id': str(uuid.uuid4()), 'device_owner': 'compute:nova',
            'binding:host_id': host, 'binding:vnic_type': vnic_type,
            'fixed_ips': [{'subnet_id': each} for each in subnets]}
    binding = models.PortBinding(
        port_id=port['id'], host=host, vnic_type=vnic_type, profile='',
        vif_type='unbound', vif_details='')
    network = driver_context.NetworkContext(
        plugin, context, {'id': 'net', 'vlan_transparent': None},
        segments=segments)
    made = driver_context.PortContext(
        plugin, context, port, network, binding, None)
    made._prepare_to_bind(segments)
    return made


class DriverTest(unittest.TestCase):

    def setUp(self):
        config.register()
        driver_type.register_ml2_drivers_vlan_opts()
        driver_type.register_ml2_drivers_flat_opts()
        self.addCleanup(cfg.CONF.reset)
        self.addCleanup(cfg.CONF.clear_override, 'flat_networks',
                        'ml2_type_flat')
        self.driver = self.start(['compute1:physnet1:%s' % OSA,
                                  'compute1:physnet2:%s:1' % ROCE,
                                  'compute2:physnet2:%s:0' % OSA])

    def start(self, values):
        cfg.CONF.set_override('physical_network_adapter_mappings', values,
                              'ml2_dpm')
        self.addCleanup(cfg.CONF.clear_override,
                        'physical_network_adapter_mappings', 'ml2_dpm')
        driver = mech_driver.DPMMechanismDriver()
        driver.initialize()
        return driver

    def not_bound(self, context, level, pattern):
        with self.assertLogs(LOGGER, level) as logged:
            self.driver.bind_port(context)
        self.assertIsNone(context._new_bound_segment)
        self.assertEqual('unbound', context._binding.vif_type)
        self.assertRegex(logged.output[0], pattern)
        self.assertIn(context.current['id'], logged.output[0])

    def bound(self, context):
        self.driver.bind_port(context)
        binding = context._binding
        return (context._new_bound_segment, binding.vif_type,
                json.loads(binding.vif_details), context._new_port_status)

    def test_binds_a_flat_segment_to_the_adapter_port(self):
        flat = segment('flat')
        self.assertEqual(
            (flat['id'], 'dpm_adapter',
             {'port_filter': False, 'connectivity': 'l2', 'object_id': OSA,
              'port_element_id': '0'}, 'ACTIVE'),
            self.bound(port_context([flat])))

    def test_binds_a_vlan_segment_with_its_vlan_id(self):
        vlan = segment('vlan', 'physnet2', 120)
        self.assertEqual(
            (vlan['id'], 'dpm_adapter',
             {'port_filter': False, 'connectivity': 'l2', 'object_id': ROCE,
              'port_element_id': '1', 'vlan': 120}, 'ACTIVE'),
            self.bound(port_context([vlan])))

    def test_binds_the_segment_that_the_host_reaches(self):
        first, second = segment('vlan', 'physnet1', 5), segment(
            'vlan', 'physnet2', 6)
        self.assertEqual(
            second['id'],
            self.bound(port_context([segment('vxlan'), first, second],
                                    host='compute2'))[0])

    def test_binds_the_segment_of_the_subnet(self):
        first, second = segment('vlan', 'physnet1', 5), segment(
            'vlan', 'physnet2', 6)
        Plugin.subnets = {'a': {'segment_id': second['id']}}
        with mock.patch.object(directory, 'get_plugin', return_value=Plugin()):
            self.assertEqual(
                second['id'],
                self.bound(port_context([first, second], subnets=['a']))[0])

    def test_details_of_one_port_do_not_reach_the_next(self):
        self.bound(port_context([segment('vlan', 'physnet1', 7)]))
        self.assertNotIn('vlan', self.bound(port_context([segment('flat')]))[2])

    def test_does_not_bind_on_an_unknown_host(self):
        self.not_bound(port_context([segment('flat')], host='network1'),
                       'INFO', r'on host "network1": no value of \[ml2_dpm\] '
                       'physical_network_adapter_mappings names this host')

    def test_logs_a_refusal_once(self):
        context = port_context([segment('flat')], vnic_type='direct')
        with self.assertLogs(LOGGER, 'INFO') as logged:
            for _ in range(10):
                self.driver.bind_port(context)
        self.assertEqual(1, len(logged.output))

    def test_does_not_bind_without_a_mapping(self):
        self.not_bound(
            port_context([segment('flat', 'physnet9')]), 'WARNING',
            r'physical network "physnet9" has no adapter port on host '
            r'"compute1" in \[ml2_dpm\] physical_network_adapter_mappings '
            r'\(it has: physnet1, physnet2\)')

    def test_does_not_bind_another_vnic_type(self):
        self.not_bound(port_context([segment('flat')], vnic_type='direct'),
                       'WARNING', 'vnic_type is "direct", expected "normal"')

    def test_does_not_bind_a_tunnel(self):
        self.not_bound(port_context([segment('vxlan', None, 9)]), 'WARNING',
                       'is of type "vxlan", expected flat or vlan')

    def test_knows_the_hosts_with_access(self):
        hosts = {'compute1', 'compute2', 'network1'}
        self.assertEqual(
            {'compute1'}, self.driver.filter_hosts_with_segment_access(
                None, [segment('flat')], hosts, None))
        self.assertEqual(
            {'compute1', 'compute2'},
            self.driver.filter_hosts_with_segment_access(
                None, [segment('vlan', 'physnet2', 3)], hosts, None))

    def test_refuses_to_start_with_a_wrong_value(self):
        with self.assertRaisesRegex(mappings.MappingError, '"compute1:x"'):
            self.start(['compute1:x'])

    def test_warns_of_a_physical_network_that_neutron_does_not_have(self):
        cfg.CONF.set_override('flat_networks', ['physnet1'], 'ml2_type_flat')
        with self.assertLogs(LOGGER, 'WARNING') as logged:
            self.start(['compute1:physnet1:%s' % OSA,
                        'compute1:physent2:%s' % ROCE])
        self.assertEqual(1, len(logged.output))
        self.assertRegex(logged.output[0], '"physent2" is in neither')

    def test_warns_without_a_value(self):
        with self.assertLogs(LOGGER, 'WARNING') as logged:
            self.start([])
        self.assertRegex(logged.output[0], 'has no value')


if __name__ == '__main__':
    unittest.main()
