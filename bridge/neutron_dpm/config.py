"""The section [ml2_dpm] of Neutron's settings."""

from oslo_config import cfg

GROUP = cfg.OptGroup('ml2_dpm', title='Mechanism driver dpm')

OPTIONS = [
    cfg.MultiStrOpt(
        'physical_network_adapter_mappings',
        default=[],
        sample_default=[
            'compute1:physnet1:5b0c2a3e-6f0d-3c8f-9a63-d2c5bd2e3ec6:0',
            'compute1:physnet2:7f1d9e52-8a41-3b0c-b1de-4c2f6a9e0d11:1'],
        help="""
The network adapter port through which the partitions of a compute host reach
a physical network, in the form

    <compute host>:<physical network>:<adapter object ID>[:<port>]

One line for each compute host and physical network. The compute host is the
value of "host" in its nova.conf. "dpm adapter list" prints the object IDs. The
port is 0 if it is omitted. A compute host must not have the same physical
network twice, nor the same adapter port twice. neutron-server reads the option
when it starts.
"""),
]


def register(conf=cfg.CONF):
    conf.register_group(GROUP)
    conf.register_opts(OPTIONS, group=GROUP)


def list_opts():
    """Lists the options for oslo-config-generator."""
    return [(GROUP, OPTIONS)]
