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

"""Runs the tests of the bridge with the installed Nova.

    /usr/bin/python3 bridge/tests/run.py [--eventlet] [MODULE…]

With --eventlet, the standard library is patched first, as nova-compute does
in its releases before native threads.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BRIDGE = os.path.dirname(HERE)

if __name__ == '__main__':
    arguments = sys.argv[1:]
    if '--eventlet' in arguments:
        arguments.remove('--eventlet')
        os.environ['OS_NOVA_DISABLE_EVENTLET_PATCHING'] = '0'
        import eventlet
        eventlet.monkey_patch()

    import unittest
    import warnings

    warnings.simplefilter('ignore')
    import nova.virt

    nova.virt.__path__.append(os.path.join(BRIDGE, 'nova', 'virt'))
    sys.path.insert(0, HERE)
    loader = unittest.TestLoader()
    suite = (loader.loadTestsFromNames(arguments) if arguments else
             loader.discover(HERE, pattern='test_*.py'))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    sys.exit(0 if result.wasSuccessful() else 1)
