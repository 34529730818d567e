import type { FaultKind, FaultRule } from '../../src/simulator/index.ts';
import { faultKinds, powerFaultKinds, powerOperation } from '../../test/support/fault-kinds.ts';

/** Returns rules that make this share of the requests to every server fail. Each kind of fault is equally frequent. */
export function faultRules(share: number): readonly FaultRule[] {
  return [
    ...powerFaultKinds.map((kind) => rule('hmc', powerOperation(kind), kind, share / 4)),
    ...(['hmc', 'cinder', 'keystone'] as const).flatMap((server) =>
      faultKinds[server].map((kind) => rule(server, '*', kind, share / faultKinds[server].length)),
    ),
  ];
}

function rule(server: FaultRule['server'], operation: string, kind: FaultKind, probability: number): FaultRule {
  const id = `${server} ${operation} ${JSON.stringify(kind)}`;
  return { id, server, operation, kind, when: { times: -1, probability } };
}
