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

import datetime
import ipaddress
import os
import ssl
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography import x509

from nova import exception
from nova.virt import dpm
from nova.virt.dpm import client
from nova.virt import virtapi

import fake_service
import world


def destroyed():
    """Returns the arguments of destroy and cleanup."""
    return world.make_context(), world.make_instance(), [], None


class LostConnectionTest(world.ServiceTestCase):

    def setUp(self):
        super().setUp()
        self.pauses = self.no_pauses()
        self.driver._describe()
        self.service.requests.clear()

    def keys(self):
        return [each[1] for each in self.service.requests]

    def test_a_lost_call_is_repeated_with_the_same_key(self):
        for when in ('before', 'after', 'half', 'stopping'):
            with self.subTest(when):
                self.service.requests.clear()
                self.service.calls.clear()
                self.service.lose = [when]
                self.driver.power_off(world.make_instance())

                self.assertEqual(len(self.keys()), 2)
                self.assertEqual(len(set(self.keys())), 1)
                self.assertEqual(len(self.service.calls), 1)

    def test_the_answer_that_was_lost_arrives(self):
        self.service.results['get_volume_connector'] = {'wwpns': ['c05']}
        self.service.lose = ['after', 'before', 'after']

        self.assertEqual(
            self.driver.get_volume_connector(world.make_instance()),
            {'wwpns': ['c05']})
        self.assertEqual(len(self.service.calls), 1)

    def test_an_error_is_not_repeated(self):
        self.service.errors['power_off'] = 422, {
            'code': 'X', 'message': 'No.',
            'nova_exception': 'InstancePowerOffFailure'}

        self.assertRaises(exception.InstancePowerOffFailure,
                          self.driver.power_off, world.make_instance())
        self.assertEqual(len(self.keys()), 1)

    def test_an_answer_without_an_exception_of_nova_is_an_error(self):
        self.service.lose = ['no JSON']

        with self.assertRaisesRegex(exception.NovaException, 'status 502'):
            self.driver.power_off(world.make_instance())
        self.assertEqual(len(self.keys()), 1)

    def test_nova_keeps_the_addresses_when_the_answer_is_unreadable(self):
        self.service.lose = ['no JSON']
        with self.assertRaisesRegex(exception.InstancePowerOffFailure,
                                    'status 502'):
            self.driver.destroy(*destroyed())
        self.service.lose = ['no JSON']
        with self.assertRaisesRegex(exception.InstancePowerOffFailure,
                                    'status 502'):
            self.driver.cleanup(*destroyed())

    def test_nova_keeps_the_addresses_when_the_service_lacks_the_method(self):
        self.driver._description['methods'].remove('destroy')
        self.assertRaises(exception.InstancePowerOffFailure,
                          self.driver.destroy, *destroyed())

        self.driver._description['methods'].append('destroy')
        self.service.errors['destroy'] = 404, {
            'code': 'NO_SUCH_METHOD', 'message': 'No method destroy'}
        self.assertRaises(exception.InstancePowerOffFailure,
                          self.driver.destroy, *destroyed())

    def test_a_named_exception_of_a_destroy_is_raised(self):
        self.service.errors['destroy'] = 422, {
            'code': 'X', 'message': 'No.',
            'nova_exception': 'InstanceTerminationFailure'}

        self.assertRaises(exception.InstanceTerminationFailure,
                          self.driver.destroy, *destroyed())

    def test_a_busy_service_is_an_error(self):
        self.service.errors['spawn'] = 503, {
            'code': 'BUSY', 'message': 'No.',
            'nova_exception': 'ComputeResourcesUnavailable'}

        self.assertRaises(
            exception.ComputeResourcesUnavailable, self.driver.spawn,
            world.make_context(), world.make_instance(), None, [], None, {})

    def test_the_log_says_once_what_is_unreachable_since_when(self):
        self.service.lose = ['before'] * 5
        self.driver.power_off(world.make_instance())

        lines = [line for line in self.log.lines if 'dpm service at' in line]
        self.assertEqual(len(lines), 2)
        self.assertRegex(
            lines[0], '^The dpm service at unix:.* is unreachable since '
            r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00: the connection was '
            'closed without an answer. Calls wait for it, for example '
            'power_off.$')
        self.assertRegex(lines[1], 'answers again, for the first time since')
        self.assertEqual(self.pauses, [0.2, 0.4, 0.8, 1.6, 3.2])


class DeadlineTest(world.ServiceTestCase):

    def setUp(self):
        super().setUp()
        self.driver._describe()

    def give_up_after(self, seconds):
        patch = mock.patch.object(client, 'READ_TIMEOUT', seconds)
        patch.start()
        self.addCleanup(patch.stop)

    def is_logged(self, text):
        return any(text in line for line in self.log.lines)

    def test_the_service_ends_a_read_before_the_client_gives_up(self):
        self.service.results['get_info'] = {'state': 'running'}
        self.driver.get_info(world.make_instance())

        self.assertTrue(50 < int(self.service.deadlines[0]) <= 55,
                        self.service.deadlines)

    def test_each_attempt_of_a_read_has_what_remains_of_the_minute(self):
        self.service.results['get_info'] = {'state': 'running'}
        self.service.lose = ['before', 'before']
        now = [0.0]
        with mock.patch.object(client, 'time') as time:
            time.monotonic.side_effect = lambda: now[0]
            time.sleep.side_effect = lambda seconds: now.__setitem__(
                0, now[0] + 29)
            self.driver.get_info(world.make_instance())

        self.assertEqual(self.service.deadlines, ['55', '26', '1'])

    def test_a_read_without_an_answer_is_given_up(self):
        self.give_up_after(0.5)
        self.service.lose = ['silent']

        with self.assertRaisesRegex(
                exception.HypervisorUnavailable,
                'is unreachable: no answer in time. The call of get_info was '
                'given up after'):
            self.driver.get_info(world.make_instance())
        self.assertTrue(self.is_logged('unreachable since'))

    def test_periodic_tasks_skip_a_read_without_an_answer(self):
        self.give_up_after(0.5)
        self.service.lose = ['silent']

        self.assertRaises(exception.VirtDriverNotReady,
                          self.driver.get_num_instances)

    def test_a_read_that_the_service_gave_up(self):
        self.service.errors['get_info'] = 504, {
            'code': 'DEADLINE', 'message': 'get_info took longer than 55 s',
            'nova_exception': 'NovaException'}

        with self.assertRaisesRegex(
                exception.HypervisorUnavailable,
                'gave no answer in time: get_info took longer than 55 s.'):
            self.driver.get_info(world.make_instance())
        self.assertEqual(len(self.service.requests), 1)
        self.assertTrue(self.is_logged('get_info took longer than 55 s'))

    def test_a_change_has_no_deadline_but_the_timeout_of_the_service(self):
        self.give_up_after(0.5)
        self.service.lose = ['silent']
        self.no_pauses()
        self.driver._client._timeout = 2
        with self.assertRaisesRegex(exception.HypervisorUnavailable,
                                    'was given up after 2 seconds'):
            self.driver.power_off(world.make_instance())
        self.assertEqual(set(self.service.deadlines), {None})


class AwayTest(world.TestCase):
    """No service listens. The time passes only while the client pauses."""

    def setUp(self):
        super().setUp()
        self.now = 0.0
        for name, fake in (('sleep', self.sleep),
                           ('monotonic', lambda: self.now)):
            patch = mock.patch.object(client.time, name, fake)
            patch.start()
            self.addCleanup(patch.stop)
        self.settings(service_url='unix:' + self.path('serve.sock'),
                      service_timeout=600)
        self.driver = dpm.DPMDriver(virtapi.VirtAPI())
        self.driver._description = {
            'methods': sorted(fake_service.METHODS), 'traits': {}}

    def sleep(self, seconds):
        self.now += seconds

    def test_a_change_is_given_up_after_the_time_limit(self):
        with self.assertRaisesRegex(
                exception.HypervisorUnavailable,
                'serve.sock is unreachable: No such file or directory. '
                'The call of power_off was given up after 600 seconds'):
            self.driver.power_off(world.make_instance())

        self.assertEqual(self.now, 600)
        lines = [line for line in self.log.lines if 'is unreachable' in line]
        self.assertEqual(len(lines), 10)

    def test_nova_keeps_the_addresses_of_a_guest_that_may_still_run(self):
        for method in ('destroy', 'cleanup'):
            with self.assertRaisesRegex(
                    exception.InstancePowerOffFailure,
                    'The call of %s was given up after 600' % method):
                getattr(self.driver, method)(*destroyed())

    def test_nova_keeps_the_addresses_when_nothing_can_be_asked(self):
        self.driver._description = None
        with self.assertRaisesRegex(exception.InstancePowerOffFailure,
                                    'is unreachable'):
            self.driver.destroy(*destroyed())

    def test_a_read_is_given_up_after_a_minute(self):
        self.assertRaises(exception.HypervisorUnavailable,
                          self.driver.get_info, world.make_instance())

        self.assertEqual(self.now, 60)

    def test_periodic_tasks_learn_that_the_driver_is_not_ready(self):
        for method in ('get_available_nodes', 'get_num_instances'):
            self.assertRaises(exception.VirtDriverNotReady,
                              getattr(self.driver, method))

    def test_nova_compute_waits_for_a_service_that_starts_later(self):
        path = self.path('serve.sock')
        self.driver._description = None
        services = []

        def start_after_a_while(seconds):
            self.now += seconds
            if self.now > 100 and not services:
                services.append(fake_service.FakeService(path))
                self.addCleanup(services[0].close)

        with mock.patch.object(client.time, 'sleep', start_after_a_while):
            self.driver.init_host('compute1')
        self.addCleanup(self.driver.cleanup_host, 'compute1')
        self.assertEqual(services[0].calls[0][0], 'init_host')


class SettingsTest(world.TestCase):

    def refused(self, pattern, **values):
        self.settings(**values)
        with self.assertRaisesRegex(exception.InvalidConfiguration, pattern):
            dpm.DPMDriver(virtapi.VirtAPI())

    def test_the_default_is_the_socket_of_the_service(self):
        self.assertEqual(dpm.DPMDriver(virtapi.VirtAPI())._client._path,
                         '/run/nova-dpm/serve.sock')

    def test_other_addresses_are_refused(self):
        for url in ('http://127.0.0.1:80', 'https://host', 'unix:serve.sock',
                    '/run/nova-dpm/serve.sock', 'https://host:port'):
            self.refused('service_url is "%s": expected unix:/PATH or '
                         'https://HOST:PORT' % url, service_url=url)

    def test_https_requires_a_token(self):
        self.refused('https requires .dpm. service_token_file',
                     service_url='https://127.0.0.1:1')
        self.refused('service_token_file is "/none", which cannot be read: '
                     'No such file', service_url='https://127.0.0.1:1',
                     service_token_file='/none')
        self.refused('expected a file with one line',
                     service_url='https://127.0.0.1:1',
                     service_token_file=self.write('token', '\n'))

    def test_the_ca_certificates_have_to_be_there(self):
        self.refused('service_ca_certs is "/none": expected a file with '
                     'certificates', service_url='https://127.0.0.1:1',
                     service_token_file=self.write('token', world.SECRET),
                     service_ca_certs='/none')
        self.refused('service_ca_certs',
                     service_ca_certs=self.write('ca', 'no certificate'))


def make_certificate(path, authority=None):
    """Writes a certificate with its key to a file, for 127.0.0.1.

    Returns the pair of certificate and key, to sign others with.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME,
                                         os.path.basename(path))])
    now = datetime.datetime.now(datetime.timezone.utc)
    issuer, signer = authority or (None, key)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None,
                                             path_length=None), True)
        .add_extension(x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), False)
        .sign(signer, hashes.SHA256()))
    with open(path, 'wb') as stream:
        stream.write(certificate.public_bytes(serialization.Encoding.PEM))
        stream.write(key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
    return certificate, key


class TLSTest(world.ServiceTestCase):

    def start_service(self):
        self.authority = make_certificate(self.path('ca.pem'))
        make_certificate(self.path('server.pem'), self.authority)
        service = super().start_service(
            certificate=self.path('server.pem'), token=world.SECRET)
        self.settings(
            service_ca_certs=self.path('ca.pem'),
            service_token_file=self.write('token', world.SECRET + '\n'))
        return service

    def test_calls_carry_the_token(self):
        self.init_host()
        self.driver.power_off(world.make_instance())

        self.assertEqual([each[0] for each in self.service.calls],
                         ['init_host', 'power_off'])

    def test_a_lost_connection(self):
        self.no_pauses()
        self.service.lose = ['before', 'after', 'half']
        self.init_host()

        self.assertEqual(len(self.service.calls), 1)

    def test_events(self):
        seen = []
        self.driver.register_event_listener(seen.append)
        self.init_host()
        self.service.wait_for(lambda: self.service.asked_from)
        self.service.emit('lifecycle', {
            'instance_uuid': world.UUID, 'transition': 'stopped',
            'at': '2026-01-01T00:00:00Z'})
        self.service.end_streams()
        # The client asks again from the event that it has handled.
        self.service.wait_for(lambda: '1' in self.service.asked_from)

        self.assertEqual([each.get_instance_uuid() for each in seen],
                         [world.UUID])

    def test_a_new_token_is_read_from_the_file(self):
        self.init_host()
        self.service.token = world.SECRET + '-new'
        self.write('token', self.service.token)
        self.driver.power_off(world.make_instance())

        self.assertEqual(self.service.calls[-1][0], 'power_off')

    def test_a_token_that_is_refused(self):
        self.service.token = 'another'

        with self.assertRaisesRegex(
                exception.HypervisorUnavailable,
                'refused the token in .dpm. service_token_file'):
            self.driver.init_host('compute1')
        self.assertEqual(self.service.calls, [])

    def test_a_certificate_of_a_stranger_is_refused_at_once(self):
        make_certificate(self.path('stranger.pem'))
        self.settings(service_ca_certs=self.path('stranger.pem'))

        with self.assertRaisesRegex(exception.HypervisorUnavailable,
                                    'certificate .* is not trusted'):
            dpm.DPMDriver(virtapi.VirtAPI()).init_host('compute1')
        self.assertEqual(self.service.requests, [])

    def test_a_certificate_for_another_name_is_refused(self):
        self.settings(
            service_url=self.service.url.replace('127.0.0.1', 'localhost'))

        with self.assertRaisesRegex(exception.HypervisorUnavailable,
                                    'certificate .* is not trusted'):
            dpm.DPMDriver(virtapi.VirtAPI()).init_host('compute1')

    def waits_until(self, mend):
        """Makes the second pause of the client call a function."""
        pauses = []

        def pause(seconds):
            pauses.append(seconds)
            if len(pauses) == 2:
                mend()

        patch = mock.patch.object(client.time, 'sleep', pause)
        patch.start()
        self.addCleanup(patch.stop)
        return pauses

    def log_of_the_service(self):
        return [line for line in self.log.lines if 'dpm service at' in line]

    def test_a_change_waits_for_a_new_token(self):
        self.driver._describe()
        self.service.token = world.SECRET + '-new'
        pauses = self.waits_until(
            lambda: self.write('token', self.service.token))
        self.driver.power_off(world.make_instance())

        self.assertEqual(len(pauses), 2)
        self.assertEqual(self.service.calls[-1][0], 'power_off')
        lines = self.log_of_the_service()
        self.assertEqual(len(lines), 2)
        self.assertRegex(
            lines[0], '^The dpm service at https:.* refused the token in '
            r'.dpm. service_token_file. Calls that change something wait '
            r'since \d{4}-.*, for example power_off.$')
        self.assertRegex(lines[1], 'answers again')

    def test_a_change_waits_for_a_readable_token_file(self):
        self.driver._describe()
        os.unlink(self.path('token'))
        pauses = self.waits_until(lambda: self.write('token', world.SECRET))
        self.driver.power_off(world.make_instance())

        self.assertEqual(len(pauses), 2)
        lines = [line for line in self.log.lines if 'Calls that' in line]
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], 'token", which cannot be read: No such '
                         'file or directory. Calls that change')

    def test_a_change_waits_for_a_new_certificate(self):
        self.driver._describe()
        good = self.service.server.tls
        make_certificate(self.path('stranger.pem'))
        stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        stranger.load_cert_chain(self.path('stranger.pem'))
        self.service.server.tls = stranger
        pauses = self.waits_until(
            lambda: setattr(self.service.server, 'tls', good))
        self.driver.power_off(world.make_instance())

        self.assertEqual(len(pauses), 2)
        self.assertEqual(len(self.log_of_the_service()), 2)
        self.assertRegex(self.log_of_the_service()[0],
                         'certificate .* is not trusted: .* Calls that')

    def test_nova_keeps_the_addresses_when_no_new_token_arrives(self):
        self.driver._describe()
        self.service.token = 'another'
        self.driver._client._timeout = 10
        now = [0.0]
        with mock.patch.object(client, 'time') as time:
            time.monotonic.side_effect = lambda: now[0]
            time.sleep.side_effect = lambda seconds: now.__setitem__(
                0, now[0] + seconds)
            with self.assertRaisesRegex(
                    exception.InstancePowerOffFailure,
                    'refused the token in .dpm. service_token_file. The call '
                    'of destroy was given up after 10 seconds'):
                self.driver.destroy(*destroyed())
            os.unlink(self.path('token'))
            with self.assertRaisesRegex(exception.InstancePowerOffFailure,
                                        'cannot be read'):
                self.driver.cleanup(*destroyed())

    def test_a_read_does_not_wait_for_a_new_token(self):
        self.driver._describe()
        self.service.token = 'another'
        pauses = self.no_pauses()

        with self.assertRaisesRegex(exception.HypervisorUnavailable,
                                    'refused the token'):
            self.driver.get_info(world.make_instance())
        self.assertEqual(pauses, [])
