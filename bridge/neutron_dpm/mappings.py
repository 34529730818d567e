"""The option [ml2_dpm] physical_network_adapter_mappings.

networking-dpm had an option of this name in the settings of an agent, which
ran once for each compute host. Without an agent, each value also names the
compute host.
"""

import collections
import re

OPTION = '[ml2_dpm] physical_network_adapter_mappings'
FORM = 'HOST:PHYSICAL_NETWORK:ADAPTER_OBJECT_ID[:PORT], with a port from 0 to 3'

# The form of an object ID: HMC WS API book, "Data types". nova-dpm accepts
# the same spellings in its own settings.
_OBJECT_ID = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
_VALUE = re.compile(r'([^:,\s]+):([^:,\s]+):(%s)(?::([0-3]))?' % _OBJECT_ID)

AdapterPort = collections.namedtuple('AdapterPort', 'object_id element_id')


class MappingError(ValueError):
    """A value of the option is wrong. The message names all wrong values."""


def parse(values):
    """Returns {host: {physical network: AdapterPort}}.

    :raises MappingError: names every wrong value, and what was expected
    """
    mappings, findings = {}, []
    for value in values:
        match = _VALUE.fullmatch(value.strip())
        if match is None:
            findings.append('"%s": expected %s' % (value, FORM))
            continue
        host, network, object_id, element_id = match.groups()
        port = AdapterPort(object_id.lower(), element_id or '0')
        ports = mappings.setdefault(host, {})
        if network in ports:
            findings.append('"%s": expected each physical network once for '
                            'host "%s"' % (value, host))
        elif port in ports.values():
            # Two networks on one port could use one VLAN ID twice.
            findings.append('"%s": expected each adapter port once for host '
                            '"%s"' % (value, host))
        else:
            ports[network] = port
    if findings:
        raise MappingError('; '.join(
            '%s = %s' % (OPTION, finding) for finding in findings))
    return mappings


def networks_of(mappings):
    """Returns the names of all physical networks, sorted."""
    return sorted({name for ports in mappings.values() for name in ports})
