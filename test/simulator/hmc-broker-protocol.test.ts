/* The protocol of the simulated HMC's message broker: what it accepts, and that everything else ends the connection. */
import { afterEach, describe, expect, it } from 'vitest';

import { bench, otherUser, smallPartition, text } from './hmc-support.ts';
import { connected, endPeers, openTopics, stranger, subscribed } from './stomp-peer.ts';

afterEach(endPeers);

describe('a logon at the broker', () => {
  it.each([
    ['1.1,1.2', '1.2'],
    ['1.0,1.1', '1.1'],
    ['1.2', '1.2'],
  ])('with the versions %s agrees on %s', async (offered, version) => {
    const of = await bench();
    const { login, passcode } = await openTopics(of);
    const peer = await stranger(of);

    peer.send('STOMP', { 'accept-version': offered, host: 'hmc', login, passcode });

    expect(await peer.next()).toMatchObject({ command: 'CONNECTED', headers: { version, 'heart-beat': '0,0' } });
    expect(of.hmc.broker?.connectionCount).toBe(1);
  });

  it('succeeds with the user and the password', async () => {
    const of = await bench();
    const topics = await openTopics(of);

    await subscribed(of, { ...topics, login: of.hmc.username, passcode: of.hmc.password });

    expect(of.hmc.broker?.subscriptions).toEqual([topics.object, topics.job]);
  });

  it.each([
    ['without a version', { 'accept-version': '' }, /versions of STOMP are 1.2, 1.1/u],
    ['with an unknown version', { 'accept-version': '2.0' }, /versions of STOMP are 1.2, 1.1/u],
    ['without a login', { login: '' }, /CONNECT frame has no header 'login'/u],
    ['without a passcode', { passcode: '' }, /CONNECT frame has no header 'passcode'/u],
    ['with a wrong passcode', { passcode: 'wrong' }, /user name or the password is invalid/u],
    ['with an unknown user', { login: 'nobody' }, /user name or the password is invalid/u],
    ['with heart-beats that are no numbers', { 'heart-beat': 'often' }, /heart-beat is not two numbers/u],
    ['with a receipt', { receipt: '1' }, /CONNECT frame cannot ask for a receipt/u],
  ])('%s is refused', async (_, change: Readonly<Record<string, string>>, message) => {
    const of = await bench();
    const { login, passcode } = await openTopics(of);
    const peer = await stranger(of);

    const headers = { 'accept-version': '1.2', host: 'hmc', login, passcode, ...change };
    peer.send('CONNECT', Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== '')));

    const failure = await peer.failure();
    expect(failure).toMatch(message);
    for (const secret of [login, passcode]) expect(failure).not.toContain(secret);
    expect(of.hmc.broker?.connectionCount).toBe(0);
  });

  it('counts wrong passwords like a logon at the Web Services: the third one disables the user', async () => {
    const of = await bench({ users: [{ userid: 'admin', password: 'a' }, otherUser] });

    for (let attempt = 0; attempt < 3; attempt += 1) {
      const peer = await stranger(of);
      peer.send('CONNECT', { 'accept-version': '1.2', host: 'hmc', login: otherUser.userid, passcode: 'wrong' });
      await peer.failure();
    }

    expect(await of.caller.logon(otherUser.userid, otherUser.password)).toMatchObject({ status: 403, reason: 40 });
  });

  it.each(['SUBSCRIBE', 'DISCONNECT', 'SEND', 'ACK'])('has to come before %s', async (command) => {
    const peer = await stranger(await bench());

    peer.send(command, { id: '1', destination: '/topic/x' });

    expect(await peer.failure()).toMatch(/the first frame is .*, not CONNECT/u);
  });
});

describe('frames in a connection', () => {
  it.each([
    ['that is unknown', 'HELLO\n\n\0', /no command "HELLO"/u],
    ['in lower case', 'disconnect\n\n\0', /no command "disconnect"/u],
    ['of a server', 'MESSAGE\n\n\0', /no command "MESSAGE"/u],
    ['SEND', 'SEND\ndestination:/topic/x\n\nhello\0', /may not publish/u],
    ['BEGIN', 'BEGIN\ntransaction:1\n\n\0', /no transactions/u],
    ['CONNECT again', 'CONNECT\naccept-version:1.2\nhost:x\nlogin:x\npasscode:x\n\n\0', /connected already/u],
    ['without a header that it needs', 'SUBSCRIBE\nid:1\n\n\0', /SUBSCRIBE frame has no header 'destination'/u],
    ['with a header without colon', 'SUBSCRIBE\nid\n\n\0', /no name or no colon/u],
    ['with a header without name', 'SUBSCRIBE\n:1\n\n\0', /no name or no colon/u],
    ['with an escape sequence that is not defined', 'SUBSCRIBE\nid:\\t\n\n\0', /escape sequence .* is not defined/u],
    ['with a colon that is not escaped', 'SUBSCRIBE\nid:a:b\n\n\0', /colon that is not escaped/u],
    ['with a body', 'UNSUBSCRIBE\nid:o\n\nbody\0', /has no body/u],
    ['with a wrong content-length', 'UNSUBSCRIBE\nid:o\ncontent-length:3\n\nab\0cd', /no NUL/u],
    ['with a content-length that is no number', 'UNSUBSCRIBE\nid:o\ncontent-length:-1\n\n\0', /not a number of bytes/u],
    ['with bytes that are not UTF-8', Buffer.from('SUBSCRIBE\nid:\u00FF\n\n\0', 'latin1'), /not valid UTF-8/u],
    ['of another destination than a topic', 'SUBSCRIBE\nid:1\ndestination:/queue/x\n\n\0', /is not a topic/u],
    ['with an unknown ack mode', 'SUBSCRIBE\nid:1\ndestination:/topic/x\nack:never\n\n\0', /ack is not one of auto/u],
    ['with the id of another subscription', 'SUBSCRIBE\nid:o\ndestination:/topic/x\n\n\0', /"o" exists already/u],
    ['UNSUBSCRIBE of nothing', 'UNSUBSCRIBE\nid:x\n\n\0', /no subscription "x"/u],
    ['ACK of nothing', 'ACK\nid:x\n\n\0', /no message "x" waits/u],
    ['with a long command', 'X'.repeat(2_000), /command is longer than 1024 bytes/u],
    ['with a long header', `SUBSCRIBE\nid:${'x'.repeat(20_000)}`, /header is longer than 10240 bytes/u],
    ['with many headers', `SUBSCRIBE\n${'a:b\n'.repeat(1_001)}`, /more than 1000 headers/u],
    ['with a long body', `SEND\ndestination:/topic/x\n\n${'x'.repeat(100_000)}`, /body is longer than 65536 bytes/u],
    ['that announces a long body', 'SEND\ncontent-length:99999999\n\nx', /body is longer than 65536 bytes/u],
  ])('%s get an ERROR frame, and the connection ends', async (_, bytes, message) => {
    const of = await bench();
    const peer = await subscribed(of, await openTopics(of));

    peer.write(bytes);

    expect(await peer.failure()).toMatch(message);
    expect(of.hmc.broker).toMatchObject({ connectionCount: 0, subscriptions: [] });
  });

  it('may come in any pieces, with line ends between them, and with CR LF in version 1.2', async () => {
    const of = await bench();
    const { login, passcode, object } = await openTopics(of);
    const peer = await stranger(of);
    const connect = `CONNECT\r\naccept-version:1.2\r\nhost:x\r\nlogin:${login}\r\npasscode:${passcode}\r\n\r\n\0`;
    const subscribe = `SUBSCRIBE\r\nid:a\\cb\r\nid:second\r\ndestination:/topic/${object}\r\nreceipt:r\\\\1\r\n\r\n\0`;

    for (const byte of `\n\r\n${connect}\r\n\n${subscribe}\n`) peer.write(byte);

    expect((await peer.next()).command).toBe('CONNECTED');
    expect(await peer.next()).toMatchObject({ command: 'RECEIPT', headers: { 'receipt-id': String.raw`r\\1` } });
    await of.caller.post(`${of.cpc}/partitions`, smallPartition);
    expect((await peer.next()).headers.subscription).toBe('a:b');
  });

  it('with CR LF break version 1.1', async () => {
    const of = await bench();
    const topics = await openTopics(of);
    const peer = await subscribed(of, topics, { 'accept-version': '1.1' });

    peer.write('UNSUBSCRIBE\r\nid:o\r\n\r\n\0');

    expect(await peer.failure()).toMatch(/no name or no colon/u);
  });

  it('without the NUL wait for the rest', async () => {
    const of = await bench();
    const topics = await openTopics(of);
    const peer = await connected(of, topics);

    peer.write(`SUBSCRIBE\nid:1\ndestination:/topic/${topics.job}\nreceipt:r\n\n`);
    await of.caller.post(`${of.cpc}/partitions`, smallPartition);
    expect(of.hmc.broker?.subscriptions).toEqual([]);
    peer.write('\0');

    expect((await peer.next()).command).toBe('RECEIPT');
  });

  it('of DISCONNECT get a receipt, and the broker closes', async () => {
    const of = await bench();
    const peer = await subscribed(of, await openTopics(of));

    peer.send('DISCONNECT', { receipt: 'bye' });

    expect(await peer.next()).toMatchObject({ command: 'RECEIPT', headers: { 'receipt-id': 'bye' } });
    await peer.closed();
    expect(of.hmc.broker?.connectionCount).toBe(0);
  });

  it('that fail name the receipt that the client wanted', async () => {
    const of = await bench();
    const peer = await subscribed(of, await openTopics(of));

    peer.send('HELLO', { receipt: 'r7' });

    expect(await peer.next()).toMatchObject({ command: 'ERROR', headers: { 'receipt-id': 'r7' } });
  });
});

describe('subscriptions', () => {
  it('are only for topics of the own session, or of sessions of the own user', async () => {
    const of = await bench({ users: [{ userid: 'admin', password: 'a' }, otherUser] });
    const [first, second] = [await openTopics(of), await openTopics(of)];
    const other = await openTopics(of, otherUser.userid, otherUser.password);
    const destination = `/topic/${first.object}`;

    const own = await connected(of, { ...second, login: 'admin', passcode: 'a' });
    own.send('SUBSCRIBE', { id: '1', destination, receipt: 'r' });
    expect((await own.next()).command).toBe('RECEIPT');
    for (const topics of [second, other, { ...other, login: otherUser.userid, passcode: otherUser.password }]) {
      const peer = await connected(of, topics);
      peer.send('SUBSCRIBE', { id: '1', destination });
      expect(await peer.failure()).toMatch(/not authorized to read the topic/u);
    }
  });

  it('end with the logoff of their session', async () => {
    const of = await bench();
    const topics = await openTopics(of);
    const peers = [
      await subscribed(of, topics),
      await subscribed(of, { ...topics, login: 'nova', passcode: 'nova-on-z' }),
    ];

    await of.caller.delete('/api/sessions/this-session');

    for (const peer of peers) expect(await peer.failure()).toMatch(/session .* has ended/u);
    const late = await stranger(of);
    late.send('CONNECT', { 'accept-version': '1.2', host: 'hmc', login: topics.login, passcode: topics.passcode });
    expect(await late.failure()).toMatch(/invalid/u);
  });

  it('end with the expiry of their session, which they do not delay', async () => {
    const of = await bench({ timing: { sessionIdleMs: 1_000 } });
    const peer = await subscribed(of, await openTopics(of));

    of.clock.advance(1_001);
    expect(of.hmc.sessionCount).toBe(0);

    expect(await peer.failure()).toMatch(/session .* has ended/u);
  });

  it('end with a restart of the HMC', async () => {
    const of = await bench();
    const peer = await subscribed(of, await openTopics(of));

    of.hmc.restart();

    await peer.closed();
  });

  it.each(['client', 'client-individual'])('in mode %s want an ACK for each message', async (ack) => {
    const of = await bench();
    const topics = await openTopics(of);
    const peer = await connected(of, topics);
    peer.send('SUBSCRIBE', { id: '1', destination: `/topic/${topics.object}`, ack });
    for (const name of ['a', 'b']) await of.caller.post(`${of.cpc}/partitions`, { ...smallPartition, name });
    const [first, second] = [await peer.next(), await peer.next()].map(({ headers }) => text(headers.ack));

    peer.send('ACK', { id: text(second).replaceAll(':', String.raw`\c`), receipt: 'r' });
    expect((await peer.next()).command).toBe('RECEIPT');
    peer.send('ACK', { id: text(first).replaceAll(':', String.raw`\c`), receipt: 'r' });

    // In mode `client`, the ACK of the second message was one of the first message too.
    expect((await peer.next()).command).toBe(ack === 'client' ? 'ERROR' : 'RECEIPT');
  });
});

describe('heart-beats', () => {
  it('are sent and demanded as the client offers', async () => {
    const of = await bench();
    const topics = await openTopics(of);
    const peer = await stranger(of);
    const { login, passcode } = topics;

    peer.send('CONNECT', { 'accept-version': '1.2', host: 'hmc', login, passcode, 'heart-beat': '150,100' });

    expect((await peer.next()).headers['heart-beat']).toBe('100,150');
    // It sends none itself: after twice the time, the broker gives up. Until then it sends its own.
    expect(await peer.failure()).toMatch(/no heart-beat in time/u);
    expect(peer.heartBeats).toBeGreaterThan(0);
  });
});

it('without a broker, nothing listens', async () => {
  expect((await bench({ broker: false })).hmc.broker).toBeUndefined();
});
