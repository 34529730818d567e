"""ML2 mechanism driver `dpm`: binds ports to adapter ports of a DPM machine.

A partition has no hypervisor beneath it in which an agent could run, and
nothing has to be set up on the compute host: the HMC connects a NIC to an
adapter port or its virtual switch, and sets the VLAN ID. The driver therefore
binds without an agent. It tells Nova which adapter port the NIC needs, and the
driver of nova-dpm in nova-compute creates the NIC.

Sources: neutron_lib plugins/ml2/api.py for the calls of ML2; networking-dpm
ml2/mech_dpm.py for vif_type and vif_details. networking-dpm planned the type
"dpm_adapter" with the element ID of the port; nova-dpm finds out by itself
whether the machine reaches the port through a virtual switch.
"""

from neutron_lib.api.definitions import portbindings
from neutron_lib import constants
from neutron_lib import context as neutron_context
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg
from oslo_log import log

from neutron_dpm import config
from neutron_dpm import mappings

LOG = log.getLogger(__name__)

VIF_TYPE = 'dpm_adapter'
NETWORK_TYPES = (constants.TYPE_FLAT, constants.TYPE_VLAN)


class DPMMechanismDriver(api.MechanismDriver):
    """Binds ports of the compute hosts that [ml2_dpm] names."""

    def initialize(self):
        config.register()
        self._last_refusal = None
        self._mappings = mappings.parse(
            cfg.CONF.ml2_dpm.physical_network_adapter_mappings)
        if not self._mappings:
            LOG.warning('%s has no value: the mechanism driver dpm binds no '
                        'port', mappings.OPTION)
        for name in _networks_without_segments(self._mappings):
            LOG.warning('%(option)s: physical network "%(name)s" is in '
                        'neither [ml2_type_flat] flat_networks nor '
                        '[ml2_type_vlan] network_vlan_ranges',
                        {'option': mappings.OPTION, 'name': name})
        for host, ports in sorted(self._mappings.items()):
            LOG.info('Host %(host)s: %(ports)s', {'host': host, 'ports': ', '.join(
                '%s on port %s of adapter %s' % (
                    name, port.element_id, port.object_id)
                for name, port in sorted(ports.items()))})

    @property
    def connectivity(self):
        return portbindings.CONNECTIVITY_L2

    def check_vlan_transparency(self, context):
        """A NIC has one VLAN ID, which the machine adds and removes."""
        return False

    def bind_port(self, context):
        """Binds the port to the first segment that its host reaches.

        A bound port is ACTIVE at once: no agent reports later, and Neutron
        tells Nova "network-vif-plugged" when a port becomes ACTIVE.
        """
        port_id, host = context.current['id'], context.host
        ports = self._mappings.get(host)
        if ports is None:
            # Also asked for ports of hosts that other drivers serve.
            self._refuse(log.INFO, port_id, host, 'no value of %s names this '
                         'host' % mappings.OPTION)
            return
        reasons = []
        vnic_type = context.current.get(
            portbindings.VNIC_TYPE, portbindings.VNIC_NORMAL)
        if vnic_type != portbindings.VNIC_NORMAL:
            reasons.append('vnic_type is "%s", expected "%s"' % (
                vnic_type, portbindings.VNIC_NORMAL))
        else:
            for segment in _segments_of_addresses(context):
                reason = _unreachable(segment, host, ports)
                if reason is None:
                    _bind(context, segment, ports)
                    return
                reasons.append(reason)
        self._refuse(log.WARNING, port_id, host,
                     '; '.join(reasons) or 'no segment to bind')

    def _refuse(self, level, *refusal):
        # ML2 tries ten times to bind a port. One line is enough.
        if refusal != self._last_refusal:
            LOG.log(level, 'Port %s not bound by dpm on host "%s": %s',
                    *refusal)
        self._last_refusal = refusal

    def filter_hosts_with_segment_access(
            self, context, segments, candidate_hosts, agent_getter):
        return {host for host in candidate_hosts
                if any(_unreachable(segment, host,
                                    self._mappings.get(host, {})) is None
                       for segment in segments)}


def _bind(context, segment, ports):
    adapter_port = ports[segment[api.PHYSICAL_NETWORK]]
    details = {portbindings.CAP_PORT_FILTER: False,
               portbindings.VIF_DETAILS_CONNECTIVITY:
                   portbindings.CONNECTIVITY_L2,
               'object_id': adapter_port.object_id,
               'port_element_id': adapter_port.element_id}
    if segment[api.NETWORK_TYPE] == constants.TYPE_VLAN:
        details[portbindings.VIF_DETAILS_VLAN] = segment[api.SEGMENTATION_ID]
    context.set_binding(segment[api.ID], VIF_TYPE, details,
                        status=constants.PORT_STATUS_ACTIVE)


def _unreachable(segment, host, ports):
    """Returns why the host does not reach the segment; None if it does."""
    network_type = segment[api.NETWORK_TYPE]
    if network_type not in NETWORK_TYPES:
        return 'segment %s is of type "%s", expected flat or vlan' % (
            segment[api.ID], network_type)
    name = segment[api.PHYSICAL_NETWORK]
    if name not in ports:
        return ('physical network "%s" has no adapter port on host "%s" in %s'
                ' (it has: %s)' % (name, host, mappings.OPTION,
                                   ', '.join(sorted(ports)) or 'none'))
    return None


def _segments_of_addresses(context):
    """Returns the segments in which the fixed addresses of the port are valid.

    A subnet of a routed provider network belongs to one segment.
    """
    segments = context.segments_to_bind
    if len(segments) < 2:
        return segments
    plugin, admin = directory.get_plugin(), neutron_context.get_admin_context()
    ids = {plugin.get_subnet(admin, fixed['subnet_id']).get('segment_id')
           for fixed in context.current.get('fixed_ips', [])} - {None}
    return [each for each in segments if not ids or each[api.ID] in ids]


def _networks_without_segments(known):
    """Returns physical networks of which Neutron can have no segment."""
    flat = _values('ml2_type_flat', 'flat_networks')
    ranges = _values('ml2_type_vlan', 'network_vlan_ranges')
    if '*' in flat:
        return []
    segments = set(flat) | {value.split(':')[0].strip() for value in ranges}
    return [name for name in mappings.networks_of(known)
            if name not in segments]


def _values(group, name):
    """Returns the values of an option; none without its type driver."""
    try:
        return cfg.CONF[group][name]
    except (cfg.NoSuchOptError, cfg.NoSuchGroupError):
        return []
