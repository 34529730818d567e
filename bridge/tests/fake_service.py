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

"""A service that speaks the protocol of dpm serve and refuses what it must.

It shares nothing with the driver under test.
"""

import http.server
import json
import os
import re
import socket
import socketserver
import ssl
import threading

WITH_INSTANCE = ('instance',)
NETWORKS = ('instance', 'network_info')
DISKS = ('instance', 'network_info', 'block_device_info')

#: Method to the keys of its body and whether it changes something.
METHODS = {
    'init_host': (('host',), True),
    'prepare_for_spawn': (WITH_INSTANCE, True),
    'failed_spawn_cleanup': (WITH_INSTANCE, True),
    'get_volume_connector': (WITH_INSTANCE, True),
    'spawn': (DISKS + ('power_on',), True),
    'destroy': (DISKS, True),
    'cleanup': (DISKS, True),
    'attach_volume': (('instance', 'connection_info', 'mountpoint'), True),
    'detach_volume': (('instance', 'connection_info', 'mountpoint'), True),
    'extend_volume': (('instance', 'connection_info', 'requested_size'),
                      True),
    'power_on': (DISKS, True),
    'resume_state_on_host_boot': (DISKS, True),
    'power_off': (('instance', 'timeout', 'retry_interval'), True),
    'reboot': (DISKS + ('reboot_type',), True),
    'get_info': (('instance', 'use_cache'), False),
    'instance_exists': (WITH_INSTANCE, False),
    'list_instances': ((), False),
    'list_instance_uuids': ((), False),
    'get_num_instances': ((), False),
    'get_available_nodes': ((), False),
    'node_is_available': (('nodename',), False),
    'get_available_resource': (('nodename',), False),
    'update_provider_tree': (('nodename', 'inventory', 'traits'), False),
    'get_host_uptime': ((), False),
    'get_host_ip_addr': ((), False),
    'get_console_output': (WITH_INSTANCE, False),
    'get_serial_console': (WITH_INSTANCE, False),
    'get_diagnostics': (WITH_INSTANCE, False),
    'get_instance_diagnostics': (WITH_INSTANCE, False),
    'plug_vifs': (NETWORKS, True),
    'unplug_vifs': (NETWORKS, True),
    'attach_interface': (('instance', 'vif'), True),
    'detach_interface': (('instance', 'vif'), True),
    'rescue': (DISKS + ('image_meta',), True),
    'unrescue': (WITH_INSTANCE, True),
    'trigger_crash_dump': (WITH_INSTANCE, True),
    'migrate_disk_and_power_off': (
        DISKS + ('dest', 'flavor', 'timeout', 'retry_interval'), True),
    'finish_migration': (
        DISKS + ('disk_info', 'resize_instance', 'power_on'), True),
    'confirm_migration': (NETWORKS, True),
    'finish_revert_migration': (DISKS + ('power_on',), True),
}

#: What DPM cannot have: not in the list of methods, answered with a reason.
REFUSED = {
    'pause': 'NotImplementedError', 'snapshot': 'NotImplementedError',
    'set_admin_password': 'SetAdminPasswdNotSupported',
    'get_vnc_console': 'ConsoleTypeUnavailable',
}

FLAVOR = {'name': str, 'vcpus': int, 'memory_mb': int, 'extra_specs': dict}
INSTANCE = {
    'uuid': str, 'name': str, 'hostname': str, 'host': (str, type(None)),
    'project_id': str, 'user_id': str, 'flavor': FLAVOR,
    'old_flavor': (FLAVOR, type(None)), 'new_flavor': (FLAVOR, type(None)),
}
BLOCK_DEVICE = {
    'volume_id': str, 'volume_size': (int, type(None)),
    'boot_index': (int, type(None)), 'mount_device': (str, type(None)),
    'attachment_id': (str, type(None)), 'delete_on_termination': bool,
    'connection_info': (dict, type(None)),
}
VIF = {
    'id': str, 'address': str, 'type': str, 'vnic_type': str,
    'details': dict, 'profile': (dict, type(None)),
    'devname': (str, type(None)), 'active': bool, 'preserve_on_delete': bool,
    'network': {'id': str, 'label': str, 'bridge': (str, type(None)),
                'subnets': list, 'meta': dict},
}
SHAPES = {
    'instance': INSTANCE,
    'flavor': FLAVOR,
    'network_info': [VIF],
    'vif': VIF,
    'block_device_info': ({'root_device_name': (str, type(None)),
                           'block_device_mapping': [BLOCK_DEVICE]},
                          type(None)),
    'image_meta': {'id': str, 'name': str, 'disk_format': str,
                   'properties': dict},
    'connection_info': {'driver_volume_type': str, 'data': dict},
    'host': str, 'nodename': str, 'mountpoint': str, 'reboot_type': str,
    'dest': str, 'disk_info': str, 'use_cache': bool, 'power_on': bool,
    'resize_instance': bool, 'timeout': int, 'retry_interval': int,
    'requested_size': int, 'inventory': dict, 'traits': list,
}


def flaw(value, shape, where):
    """Returns what is wrong with a value, or None."""
    if isinstance(shape, tuple):
        flaws = [flaw(value, each, where) for each in shape]
        return None if None in flaws else flaws[0]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return '%s: expected a list' % where
        for index, each in enumerate(value):
            found = flaw(each, shape[0], '%s[%d]' % (where, index))
            if found:
                return found
        return None
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return '%s: expected an object' % where
        for key, each in shape.items():
            if key not in value:
                return '%s.%s is missing' % (where, key)
            found = flaw(value[key], each, '%s.%s' % (where, key))
            if found:
                return found
        return None
    return None if isinstance(value, shape) else (
        '%s is %r: expected %s' % (where, value, shape.__name__))


class FakeService:
    """Serves on a Unix socket, or with TLS on a free port of loopback."""

    def __init__(self, path=None, certificate=None, token=None):
        self.token = token
        self.description = {
            'api_version': 1, 'release': '0.1.0', 'host': 'compute1',
            'nodes': ['compute1'],
            'capabilities': {'supports_extend_volume': True},
            'traits': {'CUSTOM_DPM': True}, 'methods': sorted(METHODS)}
        self.results = {}   # method to result
        self.errors = {}    # method to (status, error)
        self.calls = []     # executed: (method, body, headers)
        self.requests = []  # received: (method, idempotency key)
        self.deadlines = []  # X-Deadline-Seconds of each request
        self.lose = []      # 'before' or 'after': when to lose a connection
        self.answers = {}   # idempotency key to (method, body, answer)
        self.events = []    # (ID, name, data)
        self.asked_from = []  # Last-Event-ID of each stream
        self.changed = threading.Condition()
        self.streams_to_end = 0
        self.is_closed = False
        service = self

        class Handler(_Handler):
            pass

        Handler.service = service
        if path is not None:
            if os.path.exists(path):
                os.unlink(path)
            self.server = _UnixServer(path, Handler)
            self.url = 'unix:' + path
        else:
            self.server = _Server(('127.0.0.1', 0), Handler)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.tls = context
            self.url = 'https://127.0.0.1:%d' % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         kwargs={'poll_interval': 0.01}, daemon=True).start()

    def close(self):
        self.is_closed = True
        self.end_streams()
        self.server.shutdown()
        self.server.server_close()

    def emit(self, name, data):
        with self.changed:
            self.events.append((str(len(self.events) + 1), name,
                                json.dumps(data)))
            self.changed.notify_all()

    def end_streams(self):
        with self.changed:
            self.streams_to_end += 1
            self.changed.notify_all()

    def wait_for(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, timeout=30)

    def execute(self, method, body, key):
        """Returns status and answer of a call."""
        if method in REFUSED:
            self.calls.append((method, body))
            return 501, refusal('NOT_IMPLEMENTED', method + ': DPM cannot.',
                                nova_exception=REFUSED[method])
        if method not in METHODS:
            return 404, refusal('NO_SUCH_METHOD', 'No method ' + method)
        keys, changes = METHODS[method]
        if set(body) != set(keys):
            return 400, refusal('INVALID_REQUEST', 'Keys %s: expected %s' % (
                sorted(body), sorted(keys)))
        for name in keys:
            found = flaw(body[name], SHAPES[name], name)
            if found:
                return 400, refusal('INVALID_REQUEST', found)
        if changes and not re.fullmatch(r'[A-Za-z0-9._-]{1,128}', key or ''):
            return 400, refusal('INVALID_REQUEST', 'No idempotency key')
        if key in self.answers:
            first_method, first_body, answer = self.answers[key]
            if (first_method, first_body) != (method, body):
                return 409, refusal('IDEMPOTENCY_MISMATCH', 'Other call')
            return answer
        self.calls.append((method, body))
        if method in self.errors:
            status, error = self.errors[method]
            answer = status, {'error': error}
        else:
            answer = 200, {'result': self.results.get(method)}
        if key:
            self.answers[key] = (method, body, answer)
        return answer


def refusal(code, message, **more):
    return {'error': dict({'code': code, 'message': message}, **more)}


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    tls = None

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = 'localhost', 0

    def finish_request(self, request, client_address):
        if self.tls is not None:
            request.settimeout(30)
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # a client that went away


class _UnixServer(_Server):
    address_family = socket.AF_UNIX


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    service = None

    def log_message(self, *args):
        pass

    def address_string(self):
        return ''

    def answer(self, status, value, headers=()):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(text)))
        for name, content in headers:
            self.send_header(name, content)
        self.end_headers()
        self.wfile.write(text)

    def is_allowed(self):
        token = self.service.token
        if token is None or (self.headers.get('Authorization') ==
                             'Bearer ' + token):
            return True
        self.answer(401, refusal('AUTH', 'No such token'))
        return False

    def do_GET(self):
        if not self.is_allowed():
            return
        if self.path == '/v1/driver':
            self.answer(200, self.service.description)
        elif self.path == '/v1/events':
            self.stream()
        else:
            self.answer(404, refusal('NO_SUCH_METHOD', self.path))

    def do_POST(self):
        length = int(self.headers.get('Content-Length') or 0)
        body = json.loads(self.rfile.read(length))
        if not self.is_allowed():
            return
        service = self.service
        method = self.path.rpartition('/')[2]
        key = self.headers.get('Idempotency-Key')
        with service.changed:
            service.requests.append(
                (method, key, self.headers.get('X-Openstack-Request-Id')))
            service.changed.notify_all()
        deadline = self.headers.get('X-Deadline-Seconds')
        service.deadlines.append(deadline)
        if deadline is not None and not (
                re.fullmatch(r'\d{1,9}(\.\d{1,6})?', deadline) and
                0 < float(deadline) <= 2000000):
            self.answer(400, refusal('INVALID_REQUEST', 'X-Deadline-Seconds'))
            return
        when = service.lose.pop(0) if service.lose else None
        if when == 'silent':
            with service.changed:
                service.changed.wait_for(lambda: service.is_closed)
            self.close_connection = True
            return
        if when == 'before':
            self.close_connection = True
            return
        if when == 'no JSON':
            self.send_error(502)
            self.close_connection = True
            return
        if when == 'stopping':
            self.answer(503, refusal(
                'STOPPING', 'The service stops',
                nova_exception='InstancePowerOffFailure'),
                        [('Retry-After', '1')])
            return
        status, value = service.execute(method, body, key)
        if when == 'after':
            self.close_connection = True
        elif when == 'half':
            self.send_response(status)
            self.send_header('Content-Length', '1000')
            self.end_headers()
            self.wfile.write(b'{"result": ')
            self.close_connection = True
        else:
            self.answer(status, value)

    def stream(self):
        service = self.service
        last = self.headers.get('Last-Event-ID')
        with service.changed:
            is_known = last is not None and last.isdecimal()
            next_one = int(last) if is_known else len(service.events)
            end = service.streams_to_end
            service.asked_from.append(last)
            service.changed.notify_all()
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        self.chunk(':\n\n')
        if last is not None and not is_known:
            self.chunk('id: %d\nevent: resync\ndata: {}\n\n' % next_one)
        while True:
            with service.changed:
                service.changed.wait_for(
                    lambda: service.streams_to_end > end or
                    len(service.events) > next_one, timeout=30)
                waiting = service.events[next_one:]
                next_one = len(service.events)
                is_over = service.streams_to_end > end
            for each in waiting:
                self.chunk('id: %s\nevent: %s\ndata: %s\n\n' % each)
            if is_over:
                break
        self.close_connection = True

    def chunk(self, text):
        self.wfile.write(b'%x\r\n%s\r\n' % (len(text), text.encode()))
        self.wfile.flush()
