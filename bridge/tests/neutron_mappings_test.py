"""Tests of the option [ml2_dpm] physical_network_adapter_mappings."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from neutron_dpm import mappings  # noqa: E402

OSA = '5b0c2a3e-6f0d-3c8f-9a63-d2c5bd2e3ec6'
ROCE = '7f1d9e52-8a41-3b0c-b1de-4c2f6a9e0d11'


class ParseTest(unittest.TestCase):

    def test_reads_hosts_networks_and_ports(self):
        found = mappings.parse(['compute1:physnet1:%s' % OSA.upper(),
                                ' compute1:physnet2:%s:1 ' % OSA,
                                'compute2:physnet1:%s:0' % OSA])
        self.assertEqual({'compute1': {'physnet1': (OSA, '0'),
                                       'physnet2': (OSA, '1')},
                          'compute2': {'physnet1': (OSA, '0')}}, found)
        self.assertEqual(['physnet1', 'physnet2'],
                         mappings.networks_of(found))

    def test_no_value_maps_nothing(self):
        self.assertEqual({}, mappings.parse([]))

    def test_names_the_wrong_value_and_the_form(self):
        for value in ('physnet1:%s:0' % OSA,
                      'compute1:physnet1:%s:4' % OSA,
                      'compute1:physnet1:%s:' % OSA,
                      'compute1:physnet1:%s' % OSA[:-1],
                      'compute1::%s' % OSA, ':physnet1:%s' % OSA,
                      'compute 1:physnet1:%s' % OSA,
                      'compute1:a:%s,compute1:b:%s' % (OSA, ROCE), ''):
            with self.assertRaises(mappings.MappingError) as caught:
                mappings.parse(['compute1:other:%s' % ROCE, value])
            self.assertEqual(
                '%s = "%s": expected %s' % (
                    mappings.OPTION, value, mappings.FORM),
                str(caught.exception))

    def test_names_a_network_that_a_host_has_twice(self):
        again = 'compute1:physnet1:%s:1' % ROCE
        with self.assertRaisesRegex(
                mappings.MappingError,
                '"%s": expected each physical network once for host '
                '"compute1"' % again):
            mappings.parse(['compute1:physnet1:%s' % OSA, again])

    def test_names_an_adapter_port_that_a_host_has_twice(self):
        again = 'compute1:physnet2:%s' % OSA
        with self.assertRaisesRegex(
                mappings.MappingError,
                '"%s": expected each adapter port once for host '
                '"compute1"' % again):
            mappings.parse(['compute1:physnet1:%s:0' % OSA, again])

    def test_names_all_wrong_values(self):
        with self.assertRaises(mappings.MappingError) as caught:
            mappings.parse(['one', 'two'])
        self.assertIn('"one"', str(caught.exception))
        self.assertIn('"two"', str(caught.exception))


if __name__ == '__main__':
    unittest.main()
