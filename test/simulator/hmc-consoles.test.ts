import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import type { Props } from '../../src/simulator/hmc/index.ts';
import { bench, bootablePartition, otherUser, statusOf, text, type Answer, type Bench, Caller } from './hmc-support.ts';

/** A console client that knows nothing of the project's own. */
class Client {
  readonly #socket: WebSocket;
  text = '';

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.on('message', (data) => {
      this.text += (data as Buffer).toString('utf8');
    });
  }

  async opened(): Promise<this> {
    await once(this.#socket, 'open');
    return this;
  }

  /** Types text, and waits until the guest has answered with something that contains `expected`. */
  async type(keys: string, expected: string): Promise<void> {
    this.#socket.send(keys);
    while (!this.text.includes(expected)) await once(this.#socket, 'message');
  }

  sendBinary(): void {
    this.#socket.send(Buffer.from('x'));
  }

  close(): void {
    this.#socket.close();
  }

  async closed(): Promise<{ code: number; reason: string }> {
    const [code, reason] = (await once(this.#socket, 'close')) as [number, Buffer];
    return { code, reason: reason.toString() };
  }
}

const openConsole = (caller: Caller, partition: string, body?: Props): Promise<Answer> =>
  caller.post(`${partition}/operations/get-ascii-console-websocket-uri`, body ?? {});

const socketUrl = (of: Bench, answer: Answer): string =>
  `${of.hmc.url.replace('http', 'ws')}${text(answer.body['websocket-uri'])}`;

async function running(options: Parameters<typeof bench>[0] = {}): Promise<{ of: Bench; partition: string }> {
  const of = await bench({ machine: 'z14', storageManagement: false, ...options });
  const { partition } = await bootablePartition(of);
  await of.caller.job(`${partition}/operations/start`);
  return { of, partition };
}

describe('an ASCII console', () => {
  it('shows what the guest answers to what is typed', async () => {
    const { of, partition } = await running();
    const client = await new Client(socketUrl(of, await openConsole(of.caller, partition))).opened();

    expect(client.text).toBe(''); // a serial line has no memory
    await client.type('\r', 'p1 login: ');
    await client.type('root\r', 'Password: ');
    await client.type('secret\r', '# ');
    await client.type('stty size\r', '24 80');
    await client.type('stty rows 50 cols 132\rstty size\r', '50 132');

    expect(client.text).not.toContain('secret');
    expect(of.hmc.consoleHolder(partition)).toBe('this HMC');
  });

  it('is for one client: a second one is refused, also with force-takeover, because the first is on this HMC', async () => {
    const { of, partition } = await running();
    const first = await new Client(socketUrl(of, await openConsole(of.caller, partition))).opened();

    expect(await openConsole(of.caller, partition)).toMatchObject({ status: 409 });
    expect(await openConsole(of.caller, partition, { 'force-takeover': true })).toMatchObject({ status: 409 });
    first.close();
    await first.closed();
    await expect.poll(() => of.hmc.consoleHolder(partition)).toBeUndefined();

    expect(await openConsole(of.caller, partition)).toMatchObject({ status: 200 });
  });

  it('that another HMC has open is taken over with force-takeover only', async () => {
    const { of, partition } = await running();
    of.hmc.openConsoleElsewhere(partition);

    expect(await openConsole(of.caller, partition)).toMatchObject({ status: 409 });
    const forced = await openConsole(of.caller, partition, { 'force-takeover': true });

    const client = await new Client(socketUrl(of, forced)).opened();
    expect(of.hmc.consoleHolder(partition)).toBe('this HMC');
    of.hmc.openConsoleElsewhere(partition);
    expect(await client.closed()).toEqual({ code: 1008, reason: 'the console was taken over by another HMC' });
  });

  it('opens once with its URI, and not after the session has ended', async () => {
    const { of, partition } = await running();
    const url = socketUrl(of, await openConsole(of.caller, partition));
    const client = await new Client(url).opened();

    await expect(new Client(url).opened()).rejects.toThrow('404');
    const ended = client.closed();
    await of.caller.delete('/api/sessions/this-session');

    expect(await ended).toMatchObject({ reason: 'the session has ended' });
  });

  it('makes an unused URI invalid when the session ends', async () => {
    const { of, partition } = await running();
    const url = socketUrl(of, await openConsole(of.caller, partition));

    of.hmc.restart();

    await expect(new Client(url).opened()).rejects.toThrow('404');
  });

  it('ends when the partition is stopped, and when the client sends a binary frame', async () => {
    const { of, partition } = await running();
    const client = await new Client(socketUrl(of, await openConsole(of.caller, partition))).opened();
    client.sendBinary();
    expect(await client.closed()).toMatchObject({ code: 1003 });
    await expect.poll(() => of.hmc.consoleHolder(partition)).toBeUndefined();

    const next = await new Client(socketUrl(of, await openConsole(of.caller, partition))).opened();
    const ended = next.closed();
    await of.caller.job(`${partition}/operations/stop`);

    expect(await ended).toMatchObject({ reason: 'the partition was stopped' });
  });

  it('needs an HMC of API 2.22, the task, a valid body and a partition that runs', async () => {
    const old = await bench();
    const { partition: ancient } = await bootablePartition(old);
    expect(await openConsole(old.caller, ancient)).toMatchObject({ status: 404 });

    const { of, partition } = await running({
      users: [
        { userid: 'nova', password: 'nova-on-z' },
        { ...otherUser, withoutTasks: ['Integrated ASCII Console'] },
      ],
    });
    const other = new Caller(of.hmc.url);
    await other.logon(otherUser.userid, otherUser.password);

    expect(await openConsole(other, partition)).toMatchObject({ status: 403, reason: 1 });
    expect(await openConsole(of.caller, partition, { 'force-takeover': 1 })).toMatchObject({ status: 400, reason: 7 });
    await of.caller.job(`${partition}/operations/stop`);
    expect(await openConsole(of.caller, partition)).toMatchObject({ status: 409, reason: 1 });
  });
});

describe('Send OS Command', () => {
  const send = (of: Bench, partition: string, command: string) =>
    of.caller.post(`${partition}/operations/send-os-cmd`, { 'operating-system-command-text': command });

  it('shuts the guest down where a root shell listens; IBM calls the end `terminated`', async () => {
    const { of, partition } = await running({ timing: { shutdownMs: 1_000 } });

    expect(await send(of, partition, 'shutdown -h now')).toMatchObject({ status: 204 });
    expect(await statusOf(of, partition)).toBe('active');
    of.clock.advance(1_000);

    expect(await statusOf(of, partition)).toBe('terminated');
    expect(await send(of, partition, 'uname')).toMatchObject({ status: 409, reason: 332 });
  });

  it('is taken for the name of a user where a login prompt listens', async () => {
    const { of, partition } = await running({ lineModeConsole: 'login' });

    await send(of, partition, 'shutdown -h now');

    expect(await statusOf(of, partition)).toBe('active');
    expect(of.hmc.osMessages(partition).slice(-2)).toEqual(['p1 login: shutdown -h now', 'Password:']);
  });
});

it('an HMC keeps the newest messages of a partition and leaves a gap in the sequence numbers', async () => {
  const { of, partition } = await running();

  of.hmc.say(
    partition,
    Array.from({ length: 1_500 }, (_, index) => `line ${index}`),
  );

  const { body } = await of.caller.get(`${partition}/operations/list-os-messages`);
  const messages = body['os-messages'] as Props[];
  expect(messages).toHaveLength(1_000);
  expect(messages.at(-1)).toMatchObject({ 'sequence-number': 1_503, 'message-text': 'line 1499\n' });
});
