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

"""The bridge against Nova's contract, in each release and as installed."""

import inspect
import json
import os
import unittest

import nova.exception
from nova.virt import dpm
from nova.virt.dpm import methods
from nova.virt import driver

import fake_service

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..',
                       'contract.json')) as stream:
    CONTRACT = json.load(stream)

#: Parameters that are not sent, and why.
NOT_SENT = {
    'context': 'the request ID is sent as a header',
    'image_meta': 'instances boot from volumes; only rescue sends it',
    'injected_files': 'DPM cannot write to volumes',
    'admin_password': 'DPM cannot set passwords',
    'rescue_password': 'DPM cannot set passwords',
    'allocations': 'the service reads the CPC itself',
    'accel_info': 'no accelerators',
    'share_info': 'no shares',
    'destroy_disks': 'instances have no local disks',
    'destroy_secrets': 'no encrypted disks',
    'destroy_vifs': 'NICs are deleted with the partition',
    'migrate_data': 'no live migration',
    'migration': 'the service records migrations by instance',
    'refresh': 'the list of nodes does not change',
    'bad_volumes_callback': 'the service reports bad volumes as errors',
    'encryption': 'encrypted volumes are not supported',
    'disk_bus': 'DPM has FCP only',
    'device_type': 'DPM has FCP only',
}


def releases():
    """Yields each release with its whole contract."""
    contract = {}
    for each in CONTRACT['releases']:
        for method, parameters in each['methods'].items():
            if parameters is None:
                del contract[method]
            else:
                contract[method] = parameters
        yield each['release'], dict(contract)


def signature(parameters):
    """Returns the signature that Python makes of the text of parameters."""
    namespace = {}
    exec('def method(self, %s): pass' % parameters, namespace)
    return inspect.signature(namespace['method'])


class ContractTest(unittest.TestCase):

    def test_the_data_cover_zed_to_master(self):
        names = [each['release'] for each in CONTRACT['releases']]
        self.assertEqual(names[0], 'Zed')
        self.assertIn('master of', names[-1])
        self.assertEqual(len(names), 9)

    def test_every_release_has_the_parameters_that_are_sent(self):
        for release, contract in releases():
            for method, sent in methods.FORWARDED.items():
                if method not in contract:
                    continue
                with self.subTest(release=release, method=method):
                    present = signature(contract[method]).parameters
                    self.assertLessEqual(set(sent), set(present))
                    self.assertLessEqual(
                        set(present) - set(sent) - {'self'}, set(NOT_SENT))
            for method in set(methods.REFUSED) & set(contract):
                self.assertIn('instance',
                              signature(contract[method]).parameters)

    def test_every_release_has_the_methods_of_the_protocol(self):
        for release, contract in releases():
            for method in fake_service.METHODS:
                self.assertIn(method, contract, release)

    def test_methods_of_the_class_itself_bind_every_release(self):
        for release, contract in releases():
            for method in ('init_host', 'cleanup_host',
                           'capabilities_as_traits', 'update_provider_tree'):
                with self.subTest(release=release, method=method):
                    self.assertEqual(
                        inspect.signature(getattr(dpm.DPMDriver, method)),
                        signature(contract[method]))

    def test_the_bridge_has_the_signatures_of_the_installed_nova(self):
        for name, base in inspect.getmembers(driver.ComputeDriver,
                                             inspect.isfunction):
            with self.subTest(name):
                self.assertEqual(
                    inspect.signature(getattr(dpm.DPMDriver, name)),
                    inspect.signature(base))

    def test_the_installed_nova_is_a_release_of_the_data(self):
        installed = {
            name: inspect.signature(base)
            for name, base in inspect.getmembers(driver.ComputeDriver,
                                                 inspect.isfunction)
            if not name.startswith('_')}
        self.assertTrue(any(
            names_of(installed) == names_of({
                name: signature(text) for name, text in contract.items()
                if name != 'get_instance_driver_metadata'})
            for _, contract in releases()))

    def test_every_method_of_the_protocol_is_forwarded(self):
        own = {'update_provider_tree'}
        self.assertLessEqual(set(fake_service.METHODS) - own,
                             set(methods.FORWARDED))
        self.assertLessEqual(
            methods.READS - set(methods.REFUSED),
            {name for name, (_, changes) in fake_service.METHODS.items()
             if not changes})

    def test_the_exceptions_that_the_bridge_raises_itself(self):
        for name in ('HypervisorUnavailable', 'VirtDriverNotReady',
                     'InvalidConfiguration', 'InstanceNotFound',
                     'NovaException'):
            self.assertIn(name, CONTRACT['exceptions_of_all_releases'])
            self.assertTrue(hasattr(nova.exception, name))


def names_of(contract):
    return {name: list(each.parameters) for name, each in contract.items()}
