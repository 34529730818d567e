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

"""Reads the event stream of dpm serve in a thread.

Under eventlet's monkey patches, the thread is a green thread.
"""

import contextlib
import json
import threading

from oslo_log import log as logging
from oslo_utils import timeutils

LOG = logging.getLogger(__name__)

#: How long to wait before the stream is opened again, in seconds.
PAUSE = 1

#: An ID that no event has: the service answers with a resync.
NO_EVENT = 'none'


class EventReader:

    def __init__(self, client, on_lifecycle, on_resync):
        """Does not start to read.

        :param on_lifecycle: called with the UUID of the instance, the name of
            the transition and its time in seconds since the epoch
        :param on_resync: called when events may have been lost
        """
        self._client = client
        self._on_lifecycle = on_lifecycle
        self._on_resync = on_resync
        self._stopped = threading.Event()
        self._last_id = None

    def start(self):
        threading.Thread(target=self._run, name='dpm-events',
                         daemon=True).start()

    def stop(self):
        self._stopped.set()

    def _run(self):
        was_open = True
        while not self._stopped.is_set():
            try:
                was_open = self._read() or was_open
            except Exception as error:
                # Calls log an unreachable service themselves.
                if was_open:
                    LOG.warning('The event stream of the dpm service is '
                                'closed: %s. Until it is open again, power '
                                'states are synchronised periodically.',
                                error)
                was_open = False
            self._stopped.wait(PAUSE)

    def _read(self):
        with contextlib.closing(self._client.events(self._last_id)) as stream:
            for event in stream:
                if self._stopped.is_set():
                    return True
                if event is None:
                    LOG.info('The event stream of the dpm service is open.')
                    # Events that are missed from now on are asked for again.
                    self._last_id = self._last_id or NO_EVENT
                    continue
                event_id, name, data = event
                try:
                    self._dispatch(name, data)
                except Exception:
                    LOG.exception('The event "%s" of the dpm service cannot '
                                  'be handled.', name)
                    if name == 'resync':
                        # The next stream begins with a resync.
                        self._last_id = NO_EVENT
                        return True
                self._last_id = event_id
        return True

    def _dispatch(self, name, data):
        if name == 'lifecycle':
            event = json.loads(data)
            self._on_lifecycle(
                event['instance_uuid'], event['transition'],
                timeutils.parse_isotime(event['at']).timestamp())
        elif name == 'resync':
            self._on_resync()
