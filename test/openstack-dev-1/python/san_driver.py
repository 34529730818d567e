"""Cinder's volume driver for the simulated SAN.

Each call acts on the SAN of the simulator through its control API, so that a simulated partition reaches a volume only
if Cinder has masked it. The driver keeps no state.
"""

import requests
from oslo_config import cfg

from cinder import exception
from cinder import interface
from cinder.volume import configuration
from cinder.volume import driver
from cinder.zonemanager import utils as zone_manager

OPTIONS = [
    cfg.StrOpt("san_control_url", help="URL of the SAN's control API"),
    cfg.IntOpt("san_capacity_gb", default=4096, help="Capacity in GiB"),
]
cfg.CONF.register_opts(OPTIONS, group=configuration.SHARED_CONF_GROUP)

# The machine reads only the boot record, at the beginning of a disk.
CONTENT_BYTES = 4096
TIMEOUT_SECONDS = 60


@interface.volumedriver
class SimulatedSanDriver(driver.VolumeDriver):
    VERSION = "1.0.0"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(OPTIONS)
        self.session = requests.Session()
        self.session.trust_env = False

    def _call(self, method, path, **request):
        url = self.configuration.san_control_url + "/v1" + path
        try:
            answer = self.session.request(method, url, timeout=TIMEOUT_SECONDS, **request)
        except requests.RequestException as error:
            raise exception.VolumeBackendAPIException(data=str(error))
        if answer.status_code == 404 and method == "DELETE":
            return None
        if not answer.ok:
            raise exception.VolumeBackendAPIException(data=answer.text)
        return answer.json() if answer.content else None

    def do_setup(self, context):
        pass

    def check_for_setup_error(self):
        self._call("GET", "/state")

    def _update_volume_stats(self):
        self._stats = {
            "volume_backend_name": self.configuration.safe_get("volume_backend_name"),
            "vendor_name": "nova-dpm",
            "driver_version": self.VERSION,
            "storage_protocol": "FC",
            "total_capacity_gb": self.configuration.san_capacity_gb,
            "free_capacity_gb": self.configuration.san_capacity_gb,
            "reserved_percentage": 0,
            "multiattach": True,
            "thin_provisioning_support": True,
            "max_over_subscription_ratio": 20,
            "provisioned_capacity_gb": 0,
            "online_extend_support": True,
        }

    def _create(self, volume, source=None):
        body = {"id": volume.id, "size_gib": volume.size}
        if source is not None:
            body["source"] = source
        self._call("POST", "/volumes", json=body)

    def create_volume(self, volume):
        self._create(volume)

    def create_cloned_volume(self, volume, src_vref):
        self._create(volume, src_vref.id)

    def delete_volume(self, volume):
        self._call("DELETE", "/volumes/" + volume.id)

    def extend_volume(self, volume, new_size):
        self._call("PATCH", "/volumes/" + volume.id, json={"size_gib": new_size})

    def create_snapshot(self, snapshot):
        self._call(
            "POST",
            "/volumes",
            json={"id": snapshot.id, "size_gib": snapshot.volume_size, "source": snapshot.volume_id},
        )

    def delete_snapshot(self, snapshot):
        self._call("DELETE", "/volumes/" + snapshot.id)

    def create_volume_from_snapshot(self, volume, snapshot):
        self._create(volume, snapshot.id)

    def copy_image_to_volume(self, context, volume, image_service, image_id, disable_sparse=False):
        content = _Beginning()
        image_service.download(context, image_id, content)
        self._call(
            "PUT",
            "/volumes/%s/content" % volume.id,
            data=bytes(content.data),
            headers={"Content-Type": "application/octet-stream"},
        )

    def ensure_export(self, context, volume):
        pass

    def create_export(self, context, volume, connector):
        pass

    def remove_export(self, context, volume):
        pass

    def validate_connector(self, connector):
        if not connector.get("wwpns"):
            raise exception.InvalidConnectorException(missing="wwpns")

    def initialize_connection(self, volume, connector, **kwargs):
        body = {"host": connector["host"], "initiators": connector["wwpns"]}
        shown = self._call("POST", "/volumes/%s/map" % volume.id, json=body)
        connection = {
            "driver_volume_type": "fibre_channel",
            "data": {
                "target_discovered": False,
                "volume_id": volume.id,
                "target_lun": shown["lun"],
                "target_wwn": shown["targets"],
                "initiator_target_map": shown["initiator_target_map"],
            },
        }
        zone_manager.add_fc_zone(connection)
        return connection

    def terminate_connection(self, volume, connector, **kwargs):
        # Without a connector, nobody may see the volume any more.
        initiators = connector["wwpns"] if connector else None
        released = self._call("POST", "/volumes/%s/unmap" % volume.id, json={"initiators": initiators})
        connection = {"driver_volume_type": "fibre_channel", "data": released}
        zone_manager.remove_fc_zone(connection)
        return connection


class _Beginning:
    """A file that keeps only the first bytes."""

    def __init__(self):
        self.data = bytearray()

    def write(self, chunk):
        self.data += chunk[: max(0, CONTENT_BYTES - len(self.data))]
        return len(chunk)

    def flush(self):
        pass
