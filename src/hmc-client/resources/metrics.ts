import { z } from 'zod';
import type { Waiting } from '../../base/index.ts';
import { HmcSchemaError, isHmcError } from '../errors/index.ts';
import type { Requester } from '../requester.ts';
import { noContent } from '../wire/common.ts';
import { METRICS_TYPE, metricsContextAnswer, MetricsSyntaxError, parseMetrics } from '../wire/metrics.ts';
import type { MetricRow, MetricsContext } from '../wire/metrics.ts';

/** The shortest time between two reads of a context that an HMC accepts. Source: IBM WS API, Create Metrics Context, 3932-AGZ. */
const FREQUENCY_SECONDS = 15;

/** The metrics service of the HMC: how much processors, adapters and network interfaces are used. @public */
export class MetricsResource {
  readonly #requester: Requester;

  /** @internal */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /**
   * Returns the current values of these groups, of every object that the user may see. Performs "Create Metrics Context",
   * "Get Metrics" and, in the background, "Delete Metrics Context".
   *
   * The HMC collects values at most every 15 seconds. A group that this HMC does not have has no rows.
   *
   * @throws HmcSchemaError when the text of the answer is not in its documented form
   */
  async read(groups: readonly string[], w: Waiting): Promise<readonly MetricRow[]> {
    const context = await this.#create(groups, w);
    try {
      return await this.#get(context, w);
    } catch (error) {
      // The context belongs to the session: a session that was renewed has lost it.
      if (!isHmcError(error, 404, 1) && !isHmcError(error, 409, 1)) throw error;
      return await this.#get(await this.#create(groups, w), w);
    }
  }

  async #create(groups: readonly string[], w: Waiting): Promise<MetricsContext> {
    const call = {
      operation: 'Create Metrics Context',
      what: 'create a metrics context',
      kind: 'update', // a second context changes nothing, and ends with the session
      method: 'POST',
      uri: '/api/services/metrics/context',
      body: { 'anticipated-frequency-seconds': FREQUENCY_SECONDS, 'metric-groups': groups },
      answer: metricsContextAnswer,
    } as const;
    return await this.#requester.call(call, w);
  }

  async #get({ uri, groups }: MetricsContext, w: Waiting): Promise<readonly MetricRow[]> {
    const call = {
      operation: 'Get Metrics',
      what: 'read the metrics',
      kind: 'read',
      method: 'GET',
      uri,
      textType: METRICS_TYPE,
      answer: z.string(),
    } as const;
    const text = await this.#requester.call(call, w);
    this.#requester.inBackground('delete a metrics context', async (inner) => {
      await this.#delete(uri, inner);
    });
    try {
      return parseMetrics(text, groups);
    } catch (error) {
      if (!(error instanceof MetricsSyntaxError)) throw error;
      throw new HmcSchemaError(call.what, { operation: call.operation, uri, issues: [error.message] });
    }
  }

  async #delete(uri: string, w: Waiting): Promise<void> {
    const call = {
      operation: 'Delete Metrics Context',
      what: 'delete a metrics context',
      kind: 'delete',
      method: 'DELETE',
      uri,
      answer: noContent,
    } as const;
    await this.#requester.call(call, w);
  }
}
