import { channel } from 'node:diagnostics_channel';
import { describe, expect, test } from 'vitest';
import { ConflictError, silentLogger } from '../base/index.ts';
import type { GuestUsage, HostUsage, PlatformGuest } from '../virt/index.ts';
import { ServiceMetrics } from './metrics.ts';
import type { MetricsSource } from './metrics.ts';
import { operationOf } from './metrics/operation.ts';

const usage = {
  at: null,
  processorPercent: 25,
  networkPercent: 1,
  storagePercent: null,
  acceleratorPercent: null,
  cryptoPercent: null,
};
const hostUsage: HostUsage = {
  ...usage,
  iflSharedPercent: 50,
  iflDedicatedPercent: null,
  powerWatts: 900,
  temperatureCelsius: 21,
};
const guestUsage: GuestUsage = { ...usage, processorPercent: 12.5, interfaces: [] };
const guest: PlatformGuest = {
  name: 'OpenStack-compute1-u1',
  uri: '/api/partitions/1',
  status: 'active',
  isAtRest: false,
  instanceUuid: 'u1',
  iflProcessors: 2,
  memoryMib: 4096,
  nicUris: [],
};
const parked: PlatformGuest = { ...guest, name: 'P2', status: 'stopped', instanceUuid: null, parkedFor: 'u2' };

/** Metrics of a host with two partitions, which count how often the HMC is asked. */
function begin({ guests = [guest, parked] }: { guests?: readonly PlatformGuest[] } = {}) {
  const state = { now: 0, asked: 0, error: undefined as Error | undefined, isStarted: true };
  const source = {
    host: 'compute1',
    hmcHosts: new Set(['hmc1:6794']),
    isEventStreamConnected: () => true,
    driver: {
      getAvailableResource: async () => {
        state.asked += 1;
        if (state.error !== undefined) throw state.error;
        return await Promise.resolve({
          ...{ vcpus: 10, vcpusUsed: 3, memoryMb: 65_536, memoryMbUsed: 8192, stats: { cpc: 'CPC1' } },
        });
      },
      listGuests: async () => await Promise.resolve(guests),
      readHostUsage: async () => await Promise.resolve(hostUsage),
      readGuestUsage: async () => await Promise.resolve(new Map([['u1', guestUsage]])),
    },
    manager: {
      listFlows: async () => await Promise.resolve([{ state: 'waiting' }, { state: 'stuck' }, { state: 'stuck' }]),
      waitingRequests: () => ['a'],
    },
  } as unknown as MetricsSource; // what the metrics look at
  const metrics = new ServiceMetrics({
    source: () => (state.isStarted ? source : undefined),
    release: '0.1.0',
    log: silentLogger,
    now: () => state.now,
  });
  return { metrics, state };
}

/** The lines of a metric. */
async function linesOf(metrics: ServiceMetrics, name: string): Promise<readonly string[]> {
  const text = await metrics.text();
  return text.split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line));
}

describe('the metrics of the service', () => {
  test('have the names, units and labels of zhmc-prometheus-exporter for what the HMC shows', async () => {
    using metrics = begin().metrics;
    const text = await metrics.text();

    const partition = 'cpc="CPC1",partition="OpenStack-compute1-u1"';
    for (const line of [
      'zhmc_cpc_processor_usage_ratio{cpc="CPC1"} 0.25',
      'zhmc_cpc_ifl_shared_processor_usage_ratio{cpc="CPC1"} 0.5',
      'zhmc_cpc_power_watt{cpc="CPC1"} 900',
      'zhmc_cpc_ambient_temperature_celsius{cpc="CPC1"} 21',
      `zhmc_partition_processor_usage_ratio{${partition}} 0.125`,
      `zhmc_partition_status_int{${partition},value="active"} 0`,
      'zhmc_partition_status_int{cpc="CPC1",partition="P2",value="stopped"} 11',
      `zhmc_partition_ifl_processor_count{${partition}} 2`,
      `zhmc_partition_initial_memory_mib{${partition}} 4096`,
      `nova_dpm_partition_info{${partition},instance="u1"} 1`,
      'nova_dpm_parked_partitions 1',
      'nova_dpm_vcpus_used 3',
      'nova_dpm_flows{state="waiting"} 1',
      'nova_dpm_flows{state="stuck"} 2',
      'nova_dpm_flows{state="running"} 0',
      'nova_dpm_waiting_requests 1',
      'nova_dpm_events_connected 1',
      'nova_dpm_build_info{version="0.1.0"} 1',
      'nova_dpm_hmc_values_age_seconds 0',
      'nova_dpm_hmc_values_read 1',
    ])
      expect(text).toContain(`\n${line}\n`);
    expect(text).not.toContain('zhmc_cpc_storage_adapter_usage_ratio{'); // the HMC does not report it
  });

  test('ask the HMC at most once in 30 seconds, however many scrape', async () => {
    const { metrics, state } = begin();
    using _metrics = metrics;
    await Promise.all([metrics.text(), metrics.text(), metrics.text()]);
    state.now = 29_000;
    await metrics.text();
    expect(state.asked).toBe(1);
    expect(await linesOf(metrics, 'nova_dpm_hmc_values_age_seconds')).toEqual(['nova_dpm_hmc_values_age_seconds 29']);

    state.now = 31_000;
    await metrics.text();
    expect(state.asked).toBe(2);
  });

  test('keep the last values, with their age, while the HMC does not answer', async () => {
    const { metrics, state } = begin();
    using _metrics = metrics;
    await metrics.text();
    state.error = new ConflictError('no answer');
    state.now = 60_000;

    expect(await linesOf(metrics, 'nova_dpm_vcpus')).toEqual(['nova_dpm_vcpus 10']);
    expect(await linesOf(metrics, 'nova_dpm_hmc_values_age_seconds')).toEqual(['nova_dpm_hmc_values_age_seconds 60']);
    expect(await linesOf(metrics, 'nova_dpm_hmc_values_read')).toEqual(['nova_dpm_hmc_values_read 0']);
  });

  test('of a service that is not ready yet have no values of the HMC', async () => {
    const { metrics, state } = begin();
    using _metrics = metrics;
    state.isStarted = false;
    const text = await metrics.text();

    expect(state.asked).toBe(0);
    expect(text).not.toMatch(/^nova_dpm_(?:vcpus|parked_partitions|hmc_values_age_seconds)[ {]/m);
    expect(text).not.toMatch(/^zhmc_.*[ {]\d/m);
  });

  test('drop a partition that is gone', async () => {
    const guests = [guest];
    const { metrics, state } = begin({ guests });
    using _metrics = metrics;
    await metrics.text();
    guests.pop();
    state.now = 31_000;

    expect(await linesOf(metrics, 'zhmc_partition_status_int')).toEqual([]);
  });

  test('count calls, background work and requests', async () => {
    using metrics = begin().metrics;
    metrics.onCallEnd({ method: 'spawn', ms: 1500, error: undefined });
    metrics.onCallEnd({ method: 'spawn', ms: 10, error: new ConflictError('no') });
    metrics.onCallEnd({ method: 'spawn', ms: 10, error: new Error('no code') });
    metrics.onDutyEnd({ duty: 'resume-flows', seconds: 0.1, error: 'no database' });
    const request = { host: 'hmc1:6794', method: 'GET', path: '/api/partitions/2f0c1a34-9c7e-4b7e-8a63-d2c5bd2e3ec6' };
    channel('nova-dpm.http').publish({ ...request, outcome: 200, durationMs: 12 });
    const text = await metrics.text();

    for (const line of [
      'nova_dpm_calls_total{method="spawn",result="ok"} 1',
      'nova_dpm_calls_total{method="spawn",result="CONFLICT"} 1',
      'nova_dpm_calls_total{method="spawn",result="INTERNAL"} 1',
      'nova_dpm_call_duration_seconds_bucket{le="2.5",method="spawn"} 3',
      'nova_dpm_duty_runs_total{duty="resume-flows",result="failed"} 1',
      'nova_dpm_http_requests_total{peer="hmc",operation="GET /api/partitions/{id}",result="200"} 1',
      'nova_dpm_http_request_duration_seconds_count{peer="hmc"} 1',
    ])
      expect(text).toContain(`\n${line}\n`);
  });

  test('end with the service', async () => {
    const { metrics } = begin();
    metrics[Symbol.dispose]();
    channel('nova-dpm.http').publish({ host: 'h', method: 'GET', path: '/', outcome: 200, durationMs: 1 });

    expect(await metrics.text()).not.toContain('nova_dpm_http_requests_total{');
  });
});

test.each([
  ['GET', '/api/cpcs', 'GET /api/cpcs'],
  [
    'POST',
    '/api/partitions/0a1b2c3d-1234-11e9-8000-000000000000/operations/start',
    'POST /api/partitions/{id}/operations/start',
  ],
  [
    'GET',
    '/api/adapters/dfb2147a-e578-11e8-a87c-00106f239c31/storage-ports/0',
    'GET /api/adapters/{id}/storage-ports/{id}',
  ],
  ['GET', '/v3/0123456789abcdef0123456789abcdef/volumes/detail?limit=10', 'GET /v3/{id}/volumes/detail'],
  ['POST', '/v3/auth/tokens', 'POST /v3/auth/tokens'],
  ['GET', '/', 'GET /'],
])('the class of %s %s is %s', (method, path, expected) => {
  expect(operationOf(method, path)).toBe(expected);
});
