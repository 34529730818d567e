/*
 * A change of power state on the HMC reaches whoever listens to the service. No poll is due while the test runs, so only the
 * notification of the HMC can bring the news.
 */
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ServiceEvents } from '../../src/cli/service-events.ts';
import type { LoggedEvent } from '../../src/serve/events.ts';
import { serveWorld } from '../support/service-client.ts';
import { startWorld } from '../support/world.ts';

const never = { pollMs: 600_000, slowPollMs: 600_000, minMs: 0 };

test.each(['z13', 'z16'] as const)(
  'a guest that ends on a %s wakes server list --watch and is an event',
  async (machine) => {
    await using world = await startWorld({ machine });
    await using manager = await world.open();
    const { id } = await manager.create({ name: 'web1', vcpus: 1, memoryMib: 1024, volumes: [{ volumeId: 'boot-1' }] });
    await using served = await serveWorld(world);
    const { hmc } = world.sim;
    const [partition] = hmc.model.all('partition');
    const { signal } = new AbortController();
    using news = new ServiceEvents(() => served.socket, never);
    await news.next(signal); // the connection
    await untilConnected(served.socket);
    const told = new Promise<LoggedEvent>((resolve) => {
      served.service.events.listen(undefined, (event) => {
        if (event.event === 'lifecycle') resolve(event);
      });
    });

    hmc.endFromInside(partition?.uri ?? '', 'paused');

    expect((await told).data).toMatchObject({ instance_uuid: id, transition: 'stopped' });
    await news.next(signal);
    await using reader = await world.open({ access: 'read' });
    expect(await reader.list()).toMatchObject([{ name: 'web1', power_state: 'shutdown' }]);
  },
);

/** Waits until the metrics say that the HMC reports changes. */
async function untilConnected(socketPath: string): Promise<void> {
  for (;;) {
    const metrics = await new Promise<string>((resolve, reject) => {
      get({ socketPath, path: '/metrics' }, (response) => void text(response).then(resolve, reject)).on(
        'error',
        reject,
      );
    });
    if (metrics.includes('nova_dpm_events_connected 1')) return;
    await new Promise(setImmediate);
  }
}
