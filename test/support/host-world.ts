import { openCinder } from '../../src/cinder-client/index.ts';
import type { Attachment, CinderClient, Connector } from '../../src/cinder-client/index.ts';
import { silentLogger } from '../../src/base/index.ts';
import { parseFcConnection } from '../../src/volume/index.ts';
import type { FcConnection } from '../../src/volume/index.ts';
import { HostView } from '../../src/volume/paths/index.ts';
import type { KnownVolume } from '../../src/volume/paths/index.ts';
import { FakeHost } from './fake-host/fake-host.ts';
import type { FakeMask, FakeVolume } from './fake-host/model.ts';
import { fcpDevice, GIB, initiators, quickPolicies } from './fake-host/scenes.ts';
import { quickCinder } from './quick-policies.ts';
import type { World } from './world.ts';

/** A fake host on the simulator's SAN, and its view of itself beside a real Cinder client. */
export interface HostWorld extends Disposable {
  readonly cinder: CinderClient;
  readonly host: FakeHost;
  readonly view: HostView;
  /** Records of attaches to this host. */
  readonly known: KnownVolume[];
  /** Has Cinder attach a volume to this host, and the host find it. */
  attach(name: string): Promise<HostVolume>;
  /** The array presents a LUN to this host, and the kernel finds it, without Cinder. */
  present(of: Pick<HostVolume, 'connection' | 'disk'>): void;
  readonly connector: Connector;
  /** An attachment that was not for this host at all. */
  attachElsewhere(name: string): Promise<HostVolume>;
}

/** A volume as Cinder, array and host know it. */
export interface HostVolume {
  readonly volumeId: string;
  readonly attachment: Attachment;
  readonly connection: FcConnection;
  readonly wwid: string;
  readonly disk: FakeVolume;
}

const connector: Connector = {
  host: 'lnx1',
  wwpns: [...initiators],
  wwnns: initiators.map((wwpn) => wwpn.replace(/^c0/, 'c1')),
  multipath: true,
  platform: 's390x',
  os_type: 'linux',
};

export function openHostWorld(world: World): HostWorld {
  const cinder = openCinder({ ...world.settings.cinder, ...quickCinder });
  const ports = world.sim.san.arrays.flatMap((array) => array.ports);
  const targets = () => ports.map(({ wwpn }, id) => ({ wwpn, id, appears: 'always' as const }));
  const masks: FakeMask[] = [];
  const host = new FakeHost({
    kind: 'zfcp',
    adapters: [fcpDevice(0, targets()), fcpDevice(1, targets())],
    masks,
    multipathd: 'when told',
  });
  const known: KnownVolume[] = [];
  const view = new HostView({
    ...{ system: host, log: silentLogger, policies: quickPolicies, cinder, host: host.hostname },
    known: () => known,
  });
  const attachAs = async (name: string, as: Connector): Promise<HostVolume> => {
    const { id: volumeId } = (await cinder.findVolume(name, world.context))!;
    const attachment = await cinder.attachments.create({ volumeId, connector: as }, world.context);
    await cinder.attachments.complete(attachment.id, world.context);
    const connection = parseFcConnection(attachment.connectionInfo!);
    const uuid = world.sim.san.findVolume(volumeId)!.uuid.toLowerCase();
    const disk = { wwid: `naa.${uuid}`, bytes: GIB, alive: true };
    return { volumeId, attachment, connection, wwid: `3${uuid}`, disk };
  };
  const present = ({ connection, disk }: Pick<HostVolume, 'connection' | 'disk'>) => {
    for (const adapter of host.adapters) {
      for (const { targetWwpn, lun } of connection.targets) {
        const mask = { initiator: adapter.wwpn, target: targetWwpn, lun, volume: disk };
        masks.push(mask);
        host.addDisk(
          adapter,
          adapter.targets.find(({ wwpn }) => wwpn === targetWwpn)!,
          mask,
        );
      }
    }
    for (const each of host.disks) host.multipathd.addPath(each);
    host.changed();
  };
  return {
    ...{ cinder, host, view, known, present, connector },
    attach: async (name) => {
      const volume = await attachAs(name, connector);
      present(volume);
      return volume;
    },
    attachElsewhere: async (name) =>
      await attachAs(name, { ...connector, host: 'other', wwpns: ['c05076ffe6800001'], wwnns: ['c15076ffe6800001'] }),
    [Symbol.dispose]: () => {
      cinder[Symbol.dispose]();
    },
  };
}
