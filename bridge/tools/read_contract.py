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

"""Writes contract.json from the source of Nova.

    python3 bridge/tools/read_contract.py CLONE > bridge/contract.json

CLONE is a git clone of openstack/nova with its tags. The contract
of the first release is written whole, later releases as their differences.
A series counts only if all of its tags have the same contract.
"""

import ast
import json
import re
import subprocess
import sys

FIRST_SERIES = 26

NAMES = {
    26: 'Zed', 27: '2023.1 Antelope', 28: '2023.2 Bobcat',
    29: '2024.1 Caracal', 30: '2024.2 Dalmatian', 31: '2025.1 Epoxy',
    32: '2025.2 Flamingo', 33: '2026.1 Gazpacho',
}


def git(repository, *args):
    return subprocess.run(('git', '-C', repository) + args, check=True,
                          capture_output=True, text=True).stdout


def tree(repository, revision, path):
    return ast.parse(git(repository, 'show', '%s:%s' % (revision, path)))


def parameters(arguments):
    """Returns the parameters as text, without self, cls and annotations."""
    for each in (arguments.args + arguments.kwonlyargs +
                 [arguments.vararg, arguments.kwarg]):
        if each is not None:
            each.annotation = None
    return ast.unparse(arguments).partition(', ')[2]


def methods(repository, revision):
    """Returns the public methods of ComputeDriver: name to parameters."""
    module = tree(repository, revision, 'nova/virt/driver.py')
    contract = next(node for node in module.body
                    if isinstance(node, ast.ClassDef) and
                    node.name == 'ComputeDriver')
    return {node.name: parameters(node.args) for node in contract.body
            if isinstance(node, ast.FunctionDef) and
            not node.name.startswith('_')}


def exceptions(repository, revision):
    """Returns the names of the classes in nova.exception."""
    module = tree(repository, revision, 'nova/exception.py')
    return {node.name for node in module.body
            if isinstance(node, ast.ClassDef)}


def series(repository):
    """Returns the number of each series with its tags."""
    found = {}
    for tag in git(repository, 'tag').split():
        match = re.fullmatch(r'(\d+)\.\d+\.\d+', tag)
        if match and FIRST_SERIES <= int(match.group(1)) < 100:
            found.setdefault(int(match.group(1)), []).append(tag)
    return found


def one(repository, revisions, read):
    values = [read(repository, each) for each in revisions]
    for revision, value in zip(revisions, values):
        if value != values[0]:
            sys.exit('%s and %s differ' % (revisions[0], revision))
    return values[0]


def main(repository):
    date = git(repository, 'log', '-1', '--format=%cs', 'master').strip()
    revisions = [
        (NAMES.get(number, str(number)), tags)
        for number, tags in sorted(series(repository).items())]
    revisions.append(('master of ' + date, ['master']))
    releases, before, common = [], {}, None
    for name, tags in revisions:
        now = one(repository, tags, methods)
        changes = {method: now.get(method)
                   for method in sorted(set(before) | set(now))
                   if before.get(method) != now.get(method)}
        releases.append({'release': name, 'checked': ' '.join(tags),
                         'methods': changes})
        before = now
        for tag in tags:
            present = exceptions(repository, tag)
            common = present if common is None else common & present
    json.dump({
        'source': 'openstack/nova, nova/virt/driver.py and nova/exception.py',
        'releases': releases,
        'exceptions_of_all_releases': sorted(common),
    }, sys.stdout, indent=2)
    sys.stdout.write('\n')


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
