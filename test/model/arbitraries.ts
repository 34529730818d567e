import fc from 'fast-check';
import type { FaultRule } from '../../src/simulator/index.ts';
import { faultKinds, powerFaultKinds, powerOperation } from '../support/fault-kinds.ts';
import { CrashAtRest, Fault, Restart, Resume } from './event-commands.ts';
import { Create, Delete, Power } from './server-commands.ts';
import { Attach, Detach } from './volume-commands.ts';
import type { Model } from './model.ts';
import { bootVolumes, dataVolumes } from './rig.ts';
import type { Rig, RigOptions } from './rig.ts';

const name = fc.constantFrom('s1', 's2');
const boot = fc.constantFrom(...bootVolumes);
const data = fc.constantFrom(...dataVolumes);

/** Most operations are not died in. The longest flow, with its way back, passes some sixty failpoints. */
const crash = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.record({ at: fc.nat(60), keepsFault: fc.boolean() }) },
);

type Target = Pick<FaultRule, 'server' | 'operation' | 'kind'>;

const target: fc.Arbitrary<Target> = fc.oneof(
  ...(['hmc', 'cinder', 'keystone'] as const).map((server) => ({
    weight: server === 'keystone' ? 1 : 6,
    arbitrary: fc.constantFrom(...faultKinds[server]).map((kind) => ({ server, operation: '*', kind })),
  })),
  {
    weight: 3,
    arbitrary: fc.constantFrom(...powerFaultKinds).map((kind) => {
      return { server: 'hmc' as const, operation: powerOperation(kind), kind };
    }),
  },
);

/** Once, a few times, or until the operation has ended. */
const times = fc.constantFrom(1, 2, 5, -1);

const fault = fc
  .tuple(target, fc.nat(12), times)
  .map(([where, skip, often]) => new Fault({ id: 'armed', ...where, when: { skip, times: often } }));

const create = fc
  .record({ name, boot, data: fc.option(data, { nil: undefined }), starts: fc.boolean(), crash })
  .map((options) => new Create(options));
const remove = fc.tuple(name, crash).map(([server, when]) => new Delete(server, when));
const power = fc
  .tuple(fc.constantFrom('start', 'stop', 'reboot'), name)
  .map(([verb, server]) => new Power(verb, server));
const mode = fc.constantFrom('rw', 'ro');
const attach = fc.record({ name, volume: data, mode, crash }).map((options) => new Attach(options));
const detach = fc
  .record({ name, volume: fc.oneof({ weight: 5, arbitrary: data }, boot), mode, crash })
  .map((options) => new Detach(options));
const resume = fc.constant(new Resume());
const rest = fc.constantFrom(new Restart('hmc'), new Restart('cinder'), new CrashAtRest());

/** Sequences; what is listed twice comes twice as often. */
export const sequence = fc.commands<Model, Rig, false>(
  [
    create,
    create,
    create,
    attach,
    attach,
    attach,
    detach,
    detach,
    remove,
    power,
    fault,
    fault,
    fault,
    fault,
    resume,
    rest,
  ],
  { maxCommands: 45, size: 'max' },
);

/** Machine and flow are the test's; the order of a spawn is one of two at random. */
export const order: fc.Arbitrary<RigOptions['order']> = fc.constantFrom('deferred', 'stock');
