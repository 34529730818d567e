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

"""HTTP client of dpm serve, over a Unix socket or TLS.

It uses the standard library only, so that it works with and without
eventlet's monkey patches.
"""

import datetime
import http.client
import json
import math
import os
import re
import socket
import ssl
import threading
import time
import urllib.parse
import uuid

from oslo_log import log as logging
from oslo_serialization import jsonutils

from nova import exception

LOG = logging.getLogger(__name__)

API_VERSION = 1

CONNECT_TIMEOUT = 10
#: How long a call that changes nothing is repeated. The callers of such calls
#: are periodic tasks and API requests that give up after a minute.
READ_TIMEOUT = 60
#: How much earlier the service has to end such a call: its answer says why.
MARGIN = 5
#: The service writes a comment to the event stream every 15 seconds.
EVENTS_TIMEOUT = 45
#: The longest wait before a call is repeated.
MAX_PAUSE = 5
#: How often the log says that the service is still unreachable.
LOG_INTERVAL = 60

_REQUEST_ID = re.compile(
    r'req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')


class Refused(Exception):
    """The service answered with an error. Its body is the only argument."""


class _Away(Exception):
    """The connection was lost, or the service is stopping."""


class _Denied(Exception):
    """The client and the service do not trust each other.

    An administrator has to renew a token or a certificate. The only argument
    is a sentence.
    """


class _UnixConnection(http.client.HTTPConnection):

    def __init__(self, path):
        super().__init__('localhost', timeout=CONNECT_TIMEOUT)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Client:

    def __init__(self, url, token_file=None, ca_certs=None, timeout=3600):
        """Checks the settings. Opens no connection.

        :raises InvalidConfiguration: when a setting cannot be used
        """
        self._url = url
        self._token_file = token_file
        self._timeout = timeout
        self._lock = threading.Lock()
        self._away_since = None
        self._logged_kind = None
        self._logged_at = 0.0
        parts, port = _split(url)
        self._is_unix = parts.scheme == 'unix' and parts.path.startswith('/')
        if self._is_unix:
            self._path = parts.path
            return
        if parts.scheme != 'https' or not parts.hostname or not port:
            raise exception.InvalidConfiguration(
                'Option [dpm] service_url is "%s": expected unix:/PATH or '
                'https://HOST:PORT.' % url)
        self._host, self._port = parts.hostname, port
        if not token_file:
            raise exception.InvalidConfiguration(
                'Option [dpm] service_url is "%s": https requires '
                '[dpm] service_token_file.' % url)
        self._token()
        try:
            self._tls = ssl.create_default_context(cafile=ca_certs)
        except (OSError, ssl.SSLError) as error:
            raise exception.InvalidConfiguration(
                'Option [dpm] service_ca_certs is "%s": expected a file with '
                'certificates in PEM form: %s' % (ca_certs, error))

    def _token(self):
        try:
            with open(self._token_file, encoding='ascii') as stream:
                token = stream.read().strip()
        except (OSError, UnicodeError) as error:
            reason = getattr(error, 'strerror', None) or 'it is not ASCII text'
            raise exception.InvalidConfiguration(
                'Option [dpm] service_token_file is "%s", which cannot be '
                'read: %s.' % (self._token_file, reason))
        if not token or not token.isprintable():
            raise exception.InvalidConfiguration(
                'Option [dpm] service_token_file is "%s": expected a file '
                'with one line, the token.' % self._token_file)
        return token

    def _connect(self, timeout):
        if self._is_unix:
            connection = _UnixConnection(self._path)
        else:
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=CONNECT_TIMEOUT,
                context=self._tls)
        connection.connect()
        connection.sock.settimeout(timeout)
        if not self._is_unix:
            # Finds a dead host while a long call runs.
            connection.sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, seconds in (('TCP_KEEPIDLE', 30),
                                    ('TCP_KEEPINTVL', 10), ('TCP_KEEPCNT', 3)):
                if hasattr(socket, option):
                    connection.sock.setsockopt(
                        socket.IPPROTO_TCP, getattr(socket, option), seconds)
        return connection

    def _open(self, verb, path, body, headers, timeout):
        """Sends a request. Returns connection and response."""
        headers = dict(headers)
        if not self._is_unix:
            try:
                headers['Authorization'] = 'Bearer ' + self._token()
            except exception.InvalidConfiguration as error:
                raise _Denied(str(error))
        if body is not None:
            headers['Content-Type'] = 'application/json'
        connection = None
        try:
            connection = self._connect(timeout)
            connection.request(verb, path, body=body, headers=headers)
            return connection, connection.getresponse()
        except ssl.SSLCertVerificationError as error:
            self._close(connection)
            raise _Denied(
                'The certificate of the dpm service at %s is not trusted: %s. '
                'Check [dpm] service_ca_certs.'
                % (self._url, error.verify_message))
        except (OSError, http.client.HTTPException) as error:
            self._close(connection)
            raise _Away(_reason(error))
        except BaseException:
            self._close(connection)
            raise

    @staticmethod
    def _close(connection):
        if connection is not None:
            connection.close()

    def _once(self, verb, path, body, headers, timeout):
        """Sends a request. Returns the body of a successful answer.

        :raises Refused: when the service answered with an error
        """
        connection, response = self._open(verb, path, body, headers,
                                          timeout)
        try:
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise _Away(_reason(error))
        finally:
            connection.close()
        try:
            answer = json.loads(text or b'{}')
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            answer = {}
        if response.status == 200:
            return answer
        if response.status == 401:
            raise _Denied('The dpm service at %s refused the token in '
                          '[dpm] service_token_file.' % self._url)
        error = answer.get('error')
        if not isinstance(error, dict):
            error = {'message': 'The dpm service at %s answered with HTTP '
                                'status %d.' % (self._url, response.status)}
        if error.get('code') in ('STOPPING', 'NOT_READY'):
            raise _Away(error.get('message'))
        raise Refused(error)

    def _repeat(self, what, timeout, verb, path, body=None, headers=None,
                changes=False):
        """Sends a request until an answer arrives or the time is over.

        A single attempt of a call that changes nothing ends after
        READ_TIMEOUT at the latest.
        """
        end = time.monotonic() + timeout
        pause = 0.2
        while True:
            try:
                answer = self._attempt(end, verb, path, body, headers or {},
                                       changes)
            except (_Away, _Denied) as error:
                reason = str(error)
                if isinstance(error, _Away):
                    reason = 'The dpm service at %s is unreachable: %s.' % (
                        self._url, error)
                elif not changes:
                    raise exception.HypervisorUnavailable(reason)
                self._is_away(what, error)
                left = end - time.monotonic()
                if left <= 0:
                    raise exception.HypervisorUnavailable(
                        '%s The call of %s was given up after %d seconds.'
                        % (reason, what, timeout))
                time.sleep(min(pause, left))
                pause = min(pause * 2, MAX_PAUSE)
            except Refused as refused:
                self._is_back()
                error = refused.args[0]
                if changes or error.get('code') != 'DEADLINE':
                    raise
                late = 'The dpm service at %s gave no answer in time: %s.' % (
                    self._url, error.get('message'))
                LOG.warning('%s', late)
                raise exception.HypervisorUnavailable(late) from None
            else:
                self._is_back()
                return answer

    def _attempt(self, end, verb, path, body, headers, changes):
        if changes:
            return self._once(verb, path, body, headers, self._timeout)
        left = min(max(end - time.monotonic(), 0.1), READ_TIMEOUT)
        seconds = str(max(math.ceil(left) - MARGIN, 1))
        return self._once(verb, path, body,
                          dict(headers, **{'X-Deadline-Seconds': seconds}),
                          left)

    def _is_away(self, what, error):
        kind = type(error)
        with self._lock:
            now = time.monotonic()
            if self._away_since is None:
                self._away_since = datetime.datetime.now(
                    datetime.timezone.utc).isoformat(timespec='seconds')
            elif (kind is self._logged_kind and
                  now - self._logged_at < LOG_INTERVAL):
                return
            self._logged_kind, self._logged_at = kind, now
        told = {'url': self._url, 'since': self._away_since, 'error': error,
                'what': what}
        if kind is _Denied:
            LOG.warning('%(error)s Calls that change something wait since '
                        '%(since)s, for example %(what)s.', told)
        else:
            LOG.warning('The dpm service at %(url)s is unreachable since '
                        '%(since)s: %(error)s. Calls wait for it, for '
                        'example %(what)s.', told)

    def _is_back(self):
        with self._lock:
            since, self._away_since = self._away_since, None
        if since is not None:
            LOG.info('The dpm service at %(url)s answers again, for the '
                     'first time since %(since)s.',
                     {'url': self._url, 'since': since})

    def describe(self):
        """Returns what GET /v1/driver says of the service.

        :raises InvalidConfiguration: when the service has another protocol
        """
        try:
            answer = self._repeat('the description', self._timeout,
                                  'GET', '/v1/driver')
        except Refused as error:
            raise exception.HypervisorUnavailable(error.args[0]['message'])
        if answer.get('api_version') != API_VERSION:
            raise exception.InvalidConfiguration(
                'The dpm service at %s has protocol version %s: expected %d. '
                'Install the same release of nova-dpm on both sides.'
                % (self._url, answer.get('api_version'), API_VERSION))
        return answer

    def call(self, method, body, request_id=None, changes=True):
        """Calls a method of the driver. Returns its result.

        :param changes: False for a method that may be given up early
        :raises Refused: when the service answered with an error
        """
        headers = {}
        if request_id and _REQUEST_ID.fullmatch(request_id):
            headers['X-Openstack-Request-Id'] = request_id
        timeout = min(READ_TIMEOUT, self._timeout)
        if changes:
            # The service recognises a repeated call by the key.
            headers['Idempotency-Key'] = str(uuid.uuid4())
            timeout = self._timeout
        text = json.dumps(body, default=jsonutils.to_primitive).encode()
        answer = self._repeat(method, timeout, 'POST', '/v1/driver/' + method,
                              text, headers, changes)
        return answer.get('result')

    def events(self, last_id=None):
        """Yields the events of one connection: (ID, name, data).

        Ends when the connection is lost. The first element is None: the
        connection is open.
        """
        headers = {'Accept': 'text/event-stream'}
        if last_id is not None:
            headers['Last-Event-ID'] = last_id
        connection, response = self._open('GET', '/v1/events', None, headers,
                                          EVENTS_TIMEOUT)
        try:
            if response.status != 200:
                raise _Away('HTTP status %d' % response.status)
            yield None
            yield from _parse_events(response)
        except (OSError, http.client.HTTPException) as error:
            raise _Away(_reason(error))
        finally:
            connection.close()


def _split(url):
    """Returns the parts of an URL, and its port or None."""
    parts = urllib.parse.urlsplit(url)
    try:
        return parts, parts.port
    except ValueError:
        return parts, None


def _reason(error):
    if isinstance(error, TimeoutError) and not error.errno:
        return 'no answer in time'
    if isinstance(error, http.client.RemoteDisconnected):
        return 'the connection was closed without an answer'
    if isinstance(error, http.client.HTTPException):
        return 'the connection was lost while the answer was read'
    if error.errno and not isinstance(error, (ssl.SSLError, socket.gaierror)):
        return os.strerror(error.errno)  # eventlet has only names of errors
    return error.strerror or str(error) or type(error).__name__


def _parse_events(lines):
    """Yields (ID, name, data) for each event of the stream.

    See the HTML standard, "Interpreting an event stream".
    """
    event_id, name, data = None, 'message', []
    for line in lines:
        line = line.decode('utf-8', 'replace').rstrip('\r\n')
        if not line:
            if data:
                yield event_id, name, '\n'.join(data)
            name, data = 'message', []
            continue
        field, _, value = line.partition(':')
        value = value[1:] if value.startswith(' ') else value
        if field == 'id':
            event_id = value
        elif field == 'event':
            name = value
        elif field == 'data':
            data.append(value)
