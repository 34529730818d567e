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

"""Settings of section [dpm] in nova.conf."""

from oslo_config import cfg

import nova.conf

CONF = nova.conf.CONF

GROUP = cfg.OptGroup(
    'dpm',
    title='nova-dpm options',
    help='How nova-compute reaches the service dpm serve, which runs the '
         'instances as partitions of an IBM Z or LinuxONE machine.')

OPTIONS = [
    cfg.StrOpt(
        'service_url',
        default='unix:/run/nova-dpm/serve.sock',
        help='Address of dpm serve: unix:PATH or https://HOST:PORT.'),
    cfg.StrOpt(
        'service_token_file',
        help='File that contains the bearer token. Required for https. The '
             'file is read again for each call.'),
    cfg.StrOpt(
        'service_ca_certs',
        help='File with the certificates of the CA that signed the '
             'certificate of dpm serve. Default: the CAs of the system.'),
    cfg.IntOpt(
        'service_timeout',
        default=3600,
        min=1,
        help='How long a call is repeated while dpm serve is unreachable, '
             'and how long an answer may take, in seconds.'),
]


def register(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTIONS, group=GROUP)


def list_opts():
    """Returns the options for oslo-config-generator."""
    return [(GROUP, OPTIONS)]


register(CONF)
