"""Run the API, the scheduler and the volume service of Cinder in one process.

    run_cinder.py --config-file FILE

The services are Cinder's own. In one process they can use the transport in memory (transport_url = fake://), and
their database needs no locks between processes.
"""

import eventlet

eventlet.monkey_patch()

import __original_module_threading as original_threading  # noqa: E402
import threading  # noqa: E402

original_threading.current_thread.__globals__["_active"] = threading._active

import signal  # noqa: E402
import sys  # noqa: E402

from oslo_config import cfg  # noqa: E402
from oslo_log import log as logging  # noqa: E402

from cinder import i18n  # noqa: E402

i18n.enable_lazy()
from cinder.common import config  # noqa: E402
from cinder import coordination  # noqa: E402
from cinder import objects  # noqa: E402
from cinder import rpc  # noqa: E402
from cinder import service  # noqa: E402
from cinder import version  # noqa: E402
import cinder.cmd.volume as volume_command  # noqa: E402

CONF = cfg.CONF


def main():
    objects.register_all()
    CONF(sys.argv[1:], project="cinder", version=version.version_string())
    config.set_middleware_defaults()
    logging.setup(CONF, "cinder")
    coordination.COORDINATOR.start()
    rpc.init(CONF)

    scheduler = service.Service.create(binary="cinder-scheduler")
    # The start of the scheduler waits for a report of the volume service, so both start at the same time.
    starting = eventlet.spawn(scheduler.start)
    eventlet.sleep(0)
    running = [scheduler]
    for backend in CONF.enabled_backends:
        CONF.register_opt(volume_command.host_opt, group=backend)
        host = "%s@%s" % (getattr(CONF, backend).backend_host or CONF.host, backend)
        volume = service.Service.create(
            host=host, service_name=backend, binary="cinder-volume", coordination=True
        )
        volume.start()
        running.append(volume)
    starting.wait()
    api = service.WSGIService("osapi_volume")
    api.start()
    running.append(api)

    done = eventlet.event.Event()

    def finish(_signal, _frame):
        if not done.ready():
            done.send()

    signal.signal(signal.SIGTERM, finish)
    signal.signal(signal.SIGINT, finish)
    done.wait()
    for each in reversed(running):
        each.stop()
    sys.exit(0)


if __name__ == "__main__":
    main()
