import type { SimResponse } from '../../server/index.ts';
import type { ApiRequest, CinderService } from './service.ts';
import type { VolumeRecord } from './state.ts';

/** What an action handler gets: `args` is what stands under the action's name, `{}` for null. */
export interface ActionCall {
  readonly api: ApiRequest;
  readonly service: CinderService;
  readonly volume: VolumeRecord;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Carries out one volume action. */
export type ActionHandler = (call: ActionCall) => SimResponse;

/** What most actions answer. */
export const ACCEPTED: SimResponse = { status: 202 };
