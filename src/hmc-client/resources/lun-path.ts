import { z } from 'zod';
import type { Waiting } from '../../base/index.ts';
import { HmcHttpError } from '../errors/index.ts';
import type { Requester } from '../requester.ts';
import { toBody } from '../send.ts';
import { hex16ToSend, noContent, uri } from '../wire/common.ts';
import { field, writerOf } from '../wire/fields.ts';

const lunPathFields = {
  hostWwpn: field('host-world-wide-port-name', z.string(), hex16ToSend),
  adapterPortUri: field('adapter-port-uri', uri),
  targetWwpn: field('target-world-wide-port-name', z.string(), hex16ToSend),
  lun: field('logical-unit-number', z.string(), hex16ToSend),
} as const;

const lunPathBody = writerOf(lunPathFields, ['hostWwpn', 'adapterPortUri', 'targetWwpn', 'lun']);

/** A path to test: initiator, adapter port, target and LUN. @public */
export interface LunPath {
  readonly hostWwpn: string;
  readonly adapterPortUri: string;
  readonly targetWwpn: string;
  readonly lun: string;
}

/** The result of testing a path. @public */
export type LunPathVerdict = 'reachable' | 'target-unreachable' | 'lun-unreachable';

/** Reasons of "Validate LUN Path"; their HTTP status is not public (python-zhmcclient _cpc.py, validate_lun_path). */
const verdicts: ReadonlyMap<number, LunPathVerdict> = new Map([
  [484, 'target-unreachable'],
  [485, 'lun-unreachable'],
]);

/** Performs "Validate LUN Path". */
export async function validateLunPath(
  requester: Requester,
  cpcUri: string,
  path: LunPath,
  w: Waiting,
): Promise<LunPathVerdict> {
  const what = `validate the path to LUN ${path.lun} at ${path.targetWwpn}`;
  const call = {
    operation: 'Validate LUN Path',
    what,
    kind: 'read', // a POST that changes nothing
    method: 'POST',
    uri: `${cpcUri}/operations/validate-lun-path`,
    body: toBody(what, lunPathBody, path),
    answer: noContent,
  } as const;
  try {
    await requester.call(call, w);
    return 'reachable';
  } catch (error) {
    const verdict = error instanceof HmcHttpError ? verdicts.get(error.reason) : undefined;
    if (verdict === undefined) throw error;
    return verdict;
  }
}
