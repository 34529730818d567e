"""Serve the WSGI application of Keystone or Placement on loopback, with a thread for each request.

    run_wsgi.py keystone|placement PORT CONFIG_FILE
"""

import os
import socketserver
import sys
import wsgiref.simple_server


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        # WSGIServer would look up the name of the address.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]
        self.setup_environ()


class Handler(wsgiref.simple_server.WSGIRequestHandler):
    def address_string(self):
        return self.client_address[0]


def application(name, config):
    sys.argv = [name]
    if name == "keystone":
        from keystone.server.flask.core import initialize_application

        return initialize_application(name="public", config_files=[config])
    os.environ["OS_PLACEMENT_CONFIG_DIR"] = os.path.dirname(config)
    from placement.wsgi import init_application

    return init_application()


def main():
    name, port, config = sys.argv[1:4]
    server = Server(("127.0.0.1", int(port)), Handler)
    server.set_app(application(name, config))
    server.serve_forever()


if __name__ == "__main__":
    main()
