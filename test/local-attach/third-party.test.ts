import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SanHost } from '../support/fake-host/san-host.ts';
import { temporaryFiles } from '../support/packages.ts';
import { startStage } from '../support/stage.ts';
import type { Stage, StageOptions } from '../support/stage.ts';

const example = join(import.meta.dirname, '..', '..', 'examples', 'alua', 'index.ts');

interface HostStage extends Stage {
  readonly host: SanHost;
}

async function startHostStage(connector: string, more: StageOptions = {}): Promise<HostStage> {
  let host: SanHost | undefined;
  const set = { 'dpm.host_connectors': connector };
  const cinder = { connectionShape: 'alua' as const };
  const stage = await startStage({ set, cinder, ...more, linux: (sim) => (host = new SanHost(sim.san)) });
  return Object.assign(stage, { host: host! }); // the line before has made it
}

/** A host connector without devices of the kernel: volumes are files that it makes. */
const filesConnector = `
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const directory = import.meta.dirname;
const fileOf = (info) => join(directory, 'lun-' + info.data.target_lun + '.volume');
export class FilesConnector {
  constructor({ system }) { this.host = system.hostname; }
  async getConnectorProperties() { return { host: this.host, wwpns: [], files_home: directory }; }
  async connectVolume(info) { writeFileSync(fileOf(info), ''); return { type: 'block', path: fileOf(info) }; }
  async disconnectVolume(info) { rmSync(fileOf(info), { force: true }); }
  async extendVolume() { return 4096; }
  async getVolumePaths(info) { return (await this.getAllVolumes()).filter(({ path }) => path === fileOf(info)); }
  getSearchPath() { return directory; }
  async getAllVolumes() {
    return readdirSync(directory).filter((name) => name.endsWith('.volume')).map((name) => ({ path: join(directory, name) }));
  }
}
export class Blind extends FilesConnector {
  async getAllVolumes() { return 'everything'; }
}
`;

describe('a connector that the setting names', () => {
  test('serves attach, paths, verify and detach of a host with devices of the kernel', async () => {
    await using stage = await startHostStage(`fibre_channel_alua@s390x=${example}#AluaHostConnector`);
    const { host, sim } = stage;
    const before = { host: host.snapshot(), sim: sim.snapshot() };

    const attached = await stage.dpm('local-attach', 'data-1', '--multipath', 'True');
    expect(attached, attached.stderr).toMatchObject({ code: 0, printed: { type: 'block' } });
    const [id] = sim.volumes.flatMap((volume) => (volume.name === 'data-1' ? volume.id : []));
    const paths = await stage.dpm('volume', 'paths', 'data-1', '--host');
    expect(paths.printed).toHaveLength(4);
    expect(paths.printed).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ volume_id: id, state: 'active' }) as unknown),
    );
    const repaired = await stage.dpm('verify', '--repair');
    expect(repaired, 'what is attached is nobody’s orphan').toMatchObject({ code: 0, printed: [] });

    const gone = await stage.dpm('local-detach', 'data-1');
    expect(gone, gone.stderr).toMatchObject({ code: 0, printed: { detached: true, left_behind: [] } });
    host.settle();
    expect({ host: host.snapshot(), sim: sim.snapshot() }).toEqual(before);
    expect(host.violations).toEqual([]);
  });

  test('serves the same without any device of the kernel, and tells what Cinder has forgotten', async () => {
    using files = temporaryFiles({ 'files.mjs': filesConnector });
    await using stage = await startHostStage(`fibre_channel_alua=${join(files.path, 'files.mjs')}#FilesConnector`);
    const { host, sim } = stage;
    const before = { host: host.snapshot(), sim: sim.snapshot() };
    const [volume] = sim.volumes.filter(({ name }) => name === 'data-1');

    const attached = await stage.dpm('local-attach', 'data-1');
    const path = join(files.path, readdirSync(files.path).find((name) => name.endsWith('.volume')) ?? 'none');
    expect(attached, attached.stderr).toMatchObject({ code: 0, printed: { type: 'block', path } });
    const own = { connector: 'lnx1', kind: 'host', volume_id: volume?.id, device: path, state: 'configured' };
    expect(await stage.dpm('volume', 'paths', 'data-1', '--host')).toMatchObject({ code: 0, printed: [own] });
    expect(await stage.dpm('verify')).toMatchObject({ code: 0, printed: [] });
    expect((await stage.dpm('volume', 'search-path', '--host')).printed).toContainEqual({
      ...{ connector: 'lnx1', kind: 'host', server: null, search_path: files.path },
    });

    const gone = await stage.dpm('local-detach', 'data-1');
    expect(gone, gone.stderr).toMatchObject({ code: 0, printed: { detached: true, left_behind: [] } });
    expect({ host: host.snapshot(), sim: sim.snapshot() }).toEqual(before);
    writeFileSync(path, '');
    expect((await stage.dpm('volume', 'list-paths', '--host')).printed, 'owner unknown').toMatchObject([
      { ...own, volume_id: null },
    ]);
  });

  test('adds what it knows of the host to the connector that Cinder is told, and takes nothing away', async () => {
    using files = temporaryFiles({ 'files.mjs': filesConnector });
    await using stage = await startHostStage(`files=${join(files.path, 'files.mjs')}#FilesConnector`);
    const wwpns = stage.host.adapters.map(({ wwpn }) => wwpn);

    const both = await stage.dpm('get-connector');
    for (const adapter of stage.host.adapters) adapter.portState = 'Linkdown';
    stage.host.changed();
    const alone = await stage.dpm('get-connector');

    expect(both.printed).toMatchObject({ host: 'lnx1', wwpns, os_type: 'linux', files_home: files.path });
    expect(alone.printed).toEqual({ host: 'lnx1', wwpns: [], files_home: files.path });
  });

  test('that does not tell its paths is no reason to say that there are none', async () => {
    using files = temporaryFiles({ 'files.mjs': filesConnector });
    await using stage = await startHostStage(`files=${join(files.path, 'files.mjs')}#Blind`);

    expect(await stage.dpm('verify')).toMatchObject({ code: 1, printed: { error: { code: 'HOST_CONNECTOR' } } });
  });

  test.each([
    ['get-connector', ['get-connector']],
    ['an attach', ['local-attach', 'data-1']],
    ['a look at the host', ['volume', 'list-paths', '--host']],
    ['verify', ['verify']],
  ])('and is not there is refused by %s, with the line of the setting, and nothing is changed', async (_what, argv) => {
    await using stage = await startHostStage('local=no-such-package#Local');
    const before = stage.sim.snapshot();

    const { code, stderr } = await stage.dpm(...argv);

    expect(code).toBe(1);
    expect(stderr).toContain('dpm.host_connectors "local=no-such-package#Local": it cannot be loaded');
    expect(stage.sim.snapshot()).toEqual(before);
  });
});
