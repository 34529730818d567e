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

from unittest import mock

from nova.compute import power_state
from nova import objects
from nova.virt.dpm import events
from nova.virt import event as virtevent

import world


class EventTest(world.ServiceTestCase):

    def setUp(self):
        super().setUp()
        self.seen = []
        self.driver.register_event_listener(self.seen.append)
        self.init_host()
        self.service.wait_for(lambda: self.service.asked_from)

    def lifecycle(self, transition, at='2026-01-01T00:00:00.500Z'):
        self.service.emit('lifecycle', {
            'instance_uuid': world.UUID, 'transition': transition, 'at': at})

    def finish(self):
        """Waits until the client has handled every event."""
        self.service.end_streams()
        last = str(len(self.service.events))
        self.service.wait_for(lambda: last in self.service.asked_from)

    def transitions(self):
        return [each.get_transition() for each in self.seen]

    def test_the_first_stream_starts_at_the_present(self):
        self.assertEqual(self.service.asked_from, [None])

    def test_lifecycle_events_reach_nova(self):
        for transition in ('started', 'stopped', 'paused', 'resumed',
                           'suspended'):
            self.lifecycle(transition)
        self.finish()

        self.assertEqual(self.transitions(), [
            virtevent.EVENT_LIFECYCLE_STARTED,
            virtevent.EVENT_LIFECYCLE_STOPPED,
            virtevent.EVENT_LIFECYCLE_PAUSED,
            virtevent.EVENT_LIFECYCLE_RESUMED,
            virtevent.EVENT_LIFECYCLE_SUSPENDED])
        self.assertEqual(self.seen[0].get_instance_uuid(), world.UUID)
        self.assertEqual(self.seen[0].get_timestamp(), 1767225600.5)

    def test_no_event_is_lost_or_repeated_when_the_stream_ends(self):
        self.lifecycle('stopped')
        self.finish()
        self.lifecycle('started')
        self.finish()

        self.assertEqual(self.transitions(), [
            virtevent.EVENT_LIFECYCLE_STOPPED,
            virtevent.EVENT_LIFECYCLE_STARTED])
        self.assertEqual(self.service.asked_from, [None, '1', '2'])

    def test_a_stream_that_ends_before_an_event_asks_for_a_resync(self):
        with mock.patch.object(objects.InstanceList, 'get_by_host',
                               return_value=[]) as asked:
            self.service.end_streams()
            self.service.wait_for(lambda: 'none' in self.service.asked_from)
            self.finish()

        self.assertEqual(asked.call_count, 1)

    def test_an_event_that_cannot_be_read_does_not_stop_the_others(self):
        self.service.emit('lifecycle', {'transition': 'stopped'})
        self.lifecycle('exploded')
        self.service.emit('something new', {})
        self.lifecycle('started')
        self.finish()

        self.assertEqual(self.transitions(),
                         [virtevent.EVENT_LIFECYCLE_STARTED])

    def test_resync_emits_what_nova_has_not_recorded(self):
        states = {'running': power_state.SHUTDOWN,
                  'shutdown': power_state.SHUTDOWN,
                  'crashed': power_state.RUNNING,
                  'gone': power_state.RUNNING}
        instances = [world.make_instance(uuid=world.UUID[:-1] + str(index),
                                         display_name=name,
                                         power_state=recorded)
                     for index, (name, recorded) in enumerate(states.items())]

        def execute(method, body, key, real=self.service.execute):
            name = body['instance']['name']
            if name == 'gone':
                return 422, {'error': {'message': 'It is gone.',
                                       'nova_exception': 'InstanceNotFound'}}
            self.assertFalse(body['use_cache'])
            return 200, {'result': {'state': name, 'internal_id': None}}

        self.service.execute = execute
        with mock.patch.object(objects.InstanceList, 'get_by_host',
                               return_value=instances) as asked:
            self.service.emit('resync', {})
            self.finish()

        self.assertEqual(asked.call_args[0][1], 'compute1')
        self.assertEqual(
            [(each.get_instance_uuid(), each.get_transition())
             for each in self.seen],
            [(instances[0].uuid, virtevent.EVENT_LIFECYCLE_STARTED)])

    def test_resync_goes_on_after_an_instance_whose_state_is_unknown(self):
        instances = [world.make_instance(uuid=world.UUID[:-1] + str(index),
                                         display_name=name, power_state=4)
                     for index, name in enumerate(('doubt', 'late', 'web'))]

        def execute(method, body, key):
            name = body['instance']['name']
            if name == 'web':
                return 200, {'result': {'state': 'running'}}
            code = 'DEADLINE' if name == 'late' else 'CONFLICT'
            return 422, {'error': {'code': code, 'message': 'In doubt.',
                                   'nova_exception': 'NovaException'}}

        self.service.execute = execute
        with mock.patch.object(objects.InstanceList, 'get_by_host',
                               return_value=instances) as asked:
            self.service.emit('resync', {})
            self.finish()

        self.assertEqual([each.get_instance_uuid() for each in self.seen],
                         [instances[2].uuid])
        self.assertEqual(asked.call_count, 1)
        self.assertTrue(any('state of instance %s cannot be read: In doubt'
                            % instances[0].uuid in line
                            for line in self.log.lines))

    def test_a_resync_that_fails_is_repeated(self):
        instances = [world.make_instance(power_state=power_state.SHUTDOWN)]
        self.service.results['get_info'] = {'state': 'running'}
        with mock.patch.object(objects.InstanceList, 'get_by_host',
                               side_effect=[OSError('gone'), instances]):
            self.service.emit('resync', {})
            self.service.wait_for(lambda: 'none' in self.service.asked_from)
            self.finish()

        self.assertEqual(self.transitions(),
                         [virtevent.EVENT_LIFECYCLE_STARTED])
        self.assertEqual(self.service.asked_from, [None, 'none', '1'])

    def test_a_resync_that_reads_no_state_at_all_is_repeated(self):
        answers = [
            (422, {'error': {'code': 'HMC_CONNECTION', 'message': 'No HMC.',
                             'nova_exception': 'HypervisorUnavailable'}}),
            (200, {'result': {'state': 'shutdown'}})]
        self.service.execute = lambda method, body, key: answers.pop(0)
        with mock.patch.object(objects.InstanceList, 'get_by_host',
                               return_value=[world.make_instance()]):
            self.service.emit('resync', {})
            self.service.wait_for(lambda: 'none' in self.service.asked_from)
            self.finish()

        self.assertEqual(self.transitions(),
                         [virtevent.EVENT_LIFECYCLE_STOPPED])


class ClosedStreamTest(world.TestCase):

    def test_the_log_says_once_that_the_stream_is_closed(self):
        client = mock.Mock()
        client.events.side_effect = OSError('gone')
        reader = events.EventReader(client, None, None)
        with mock.patch.object(reader, '_stopped') as stopped:
            stopped.is_set.side_effect = [False] * 5 + [True]
            reader._run()

        closed = [line for line in self.log.lines if 'stream' in line]
        self.assertEqual(len(closed), 1)
        self.assertIn('is closed: gone. Until', closed[0])
