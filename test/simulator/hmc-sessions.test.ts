/* Logon, sessions and logoff of the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, Caller, newHba, newPartition, otherUser, smallPartition, text } from './hmc-support.ts';

describe('sessions of the simulated HMC', () => {
  it('tell the API version without a logon, and nothing else', async () => {
    const { hmc } = await bench();
    const stranger = new Caller(hmc.url);

    expect((await stranger.get('/api/version')).body).toEqual({
      'api-major-version': 2,
      'api-minor-version': 2,
      'hmc-version': '2.13.1',
      'hmc-name': 'HMCZ13',
    });
    expect(await stranger.get('/api/cpcs')).toMatchObject({ status: 403, reason: 4 });
    expect(await stranger.get('/api/nothing')).toMatchObject({ status: 403, reason: 4 });
  });

  it('answer a logon with session, topics and versions', async () => {
    const { hmc } = await bench();

    const { status, body } = await new Caller(hmc.url).logon(hmc.username, hmc.password);

    expect(status).toBe(200);
    expect(body).toMatchObject({
      'notification-topic': 'nova.2',
      'job-notification-topic': 'nova.2job',
      'password-expires': -1,
    });
    expect(body['api-session']).toMatch(/^\S{20,}$/u);
  });

  it.each([
    ['a wrong password', { userid: 'nova', password: 'x' }, 403, 0],
    ['an unknown user', { userid: 'nobody', password: 'x' }, 403, 0],
    ['a missing password', { userid: 'nova' }, 400, 5],
    ['an unknown field', { userid: 'nova', password: 'x', passwd: 'x' }, 400, 6],
    ['a password that is no text', { userid: 'nova', password: 1 }, 400, 7],
  ])('refuse a logon with %s', async (_, body, status, reason) => {
    const { hmc } = await bench();

    expect(await new Caller(hmc.url).post('/api/sessions', body)).toMatchObject({ status, reason });
  });

  it.each([
    ['disabled', { disabled: true }, 403, 40],
    ['kept from the Web Services API', { withoutWebServices: true }, 403, 41],
    ['with an expired password', { passwordExpired: true }, 400, 45],
    ['without any session left', { maxSessions: 0 }, 400, 13],
  ])('refuse a user who is %s', async (_, trait, status, reason) => {
    const { hmc } = await bench({
      users: [
        { userid: 'admin', password: 'a' },
        { ...otherUser, ...trait },
      ],
    });

    expect(await new Caller(hmc.url).logon(otherUser.userid, otherUser.password)).toMatchObject({ status, reason });
  });

  it('accept a new password in place of the expired one', async () => {
    const { hmc } = await bench({
      users: [
        { userid: 'admin', password: 'a' },
        { ...otherUser, passwordExpired: true },
      ],
    });
    const change = { ...{ userid: otherUser.userid, password: otherUser.password }, 'new-password': 'fresh' };

    expect(await new Caller(hmc.url).post('/api/sessions', change)).toMatchObject({ status: 200 });
    expect(await new Caller(hmc.url).logon(otherUser.userid, 'fresh')).toMatchObject({ status: 200 });
  });

  it('lock a user out for a minute after three wrong passwords in a row', async () => {
    const { hmc, clock } = await bench();
    const caller = new Caller(hmc.url);

    for (const reason of [0, 0, 0, 40])
      expect(await caller.logon('nova', 'wrong')).toMatchObject({ status: 403, reason });
    expect(await caller.logon('nova', hmc.password)).toMatchObject({ status: 403, reason: 40 });
    clock.advance(60_001);

    expect(await caller.logon('nova', hmc.password)).toMatchObject({ status: 200 });
  });

  it('end by logoff, by idleness and by a restart, after which the id is unknown', async () => {
    const { caller, clock, hmc } = await bench({ timing: { sessionIdleMs: 1000 } });

    expect((await caller.delete('/api/sessions/this-session')).status).toBe(204);
    expect(await caller.get('/api/cpcs')).toMatchObject({ status: 403, reason: 5 });
    expect(await caller.delete('/api/sessions/this-session')).toMatchObject({ status: 403, reason: 5 });
    await caller.logon(hmc.username, hmc.password);
    clock.advance(900);
    expect((await caller.get('/api/cpcs')).status).toBe(200);
    clock.advance(900);
    expect((await caller.get('/api/cpcs')).status).toBe(200);
    clock.advance(1001);
    expect(await caller.get('/api/cpcs')).toMatchObject({ status: 403, reason: 5 });
    await caller.logon(hmc.username, hmc.password);
    hmc.restart();
    expect(await caller.get('/api/cpcs')).toMatchObject({ status: 403, reason: 5 });
    expect(hmc.sessionCount).toBe(0);
  });

  it('free their place when they end, so that a limit holds exactly', async () => {
    const { hmc } = await bench({ users: [{ ...otherUser, maxSessions: 2 }] });
    const second = new Caller(hmc.url);

    expect((await second.logon(hmc.username, hmc.password)).status).toBe(200);
    expect(await new Caller(hmc.url).logon(hmc.username, hmc.password)).toMatchObject({ status: 400, reason: 13 });
    await second.delete('/api/sessions/this-session');

    expect((await new Caller(hmc.url).logon(hmc.username, hmc.password)).status).toBe(200);
  });

  it('are lost by the fault session-lost once, and the answer is 403.5', async () => {
    const { caller, hmc, fault, faults } = await bench();
    fault({ type: 'session-lost' }, '*');

    expect(await caller.get('/api/cpcs')).toMatchObject({ status: 403, reason: 5 });
    await caller.logon(hmc.username, hmc.password);

    expect((await caller.get('/api/cpcs')).status).toBe(200);
    expect(faults.struck('fault')).toBe(1);
  });
});

describe('every request to the simulated HMC', () => {
  it("is refused in the HMC's form, which repeats the request without its secrets", async () => {
    const { caller, hmc } = await bench();

    const { body } = await caller.post('/api/cpcs/none?x=1', { description: 'd' });
    const { body: logon } = await caller.post('/api/sessions', { userid: 'nova', password: 'plain-text-secret' });

    expect(body).toMatchObject({
      'http-status': 404,
      reason: 1,
      'request-method': 'POST',
      'request-uri': '/api/cpcs/none',
      'request-query-parms': [{ name: 'x', value: '1' }],
      'request-authenticated-as': 'nova',
      'request-body': { description: 'd' },
    });
    expect(JSON.stringify([body, logon])).not.toContain(caller.session);
    expect(JSON.stringify(logon)).not.toContain('plain-text-secret');
    expect(hmc.sessionCount).toBe(1);
  });

  it('must be JSON where a body is wanted, and an object', async () => {
    const { caller, cpc } = await bench();
    const create = (body?: string) => caller.send('POST', `${cpc}/partitions`, body);

    expect(await create()).toMatchObject({ status: 400, reason: 3 });
    expect(await create('{"name":')).toMatchObject({ status: 400, reason: 9 });
    expect(await create('[]')).toMatchObject({ status: 400, reason: 7 });
    expect(await create('null')).toMatchObject({ status: 400, reason: 7 });
  });

  it('gets 405 for a wrong method, 404.1 for an unknown URI, 406 for what cannot be answered', async () => {
    const { caller, cpc } = await bench();

    expect((await caller.send('PUT', cpc)).status).toBe(405);
    expect((await caller.delete(cpc)).status).toBe(405);
    expect(await caller.get('/api/unheard-of')).toMatchObject({ status: 404, reason: 1 });
    expect((await caller.send('GET', cpc, undefined, { accept: 'text/html' })).status).toBe(406);
    expect((await caller.send('GET', cpc, undefined, { accept: 'text/html, */*;q=0.1' })).status).toBe(200);
  });

  it('is checked for object access before task permission, then for its body, then for the state', async () => {
    const admin = { userid: 'admin', password: 'admin' };
    const of = await bench({ users: [admin, { ...otherUser, withoutTasks: ['New Partition'], hidden: ['p1'] }] });
    const { hmc, cpc } = of;
    const partition = await newPartition(of);
    const hba = await newHba(of, partition);
    const limited = new Caller(hmc.url);
    await limited.logon(otherUser.userid, otherUser.password);

    expect(await limited.get(partition)).toMatchObject({ status: 404, reason: 1 });
    expect(await limited.get(text(hba['element-uri']))).toMatchObject({ status: 404, reason: 1 });
    expect((await limited.get(`${cpc}/partitions`)).body).toEqual({ partitions: [] });
    expect(await limited.post(`${cpc}/partitions`, { wrong: 1 })).toMatchObject({ status: 403, reason: 1 });
    hmc.model.find('cpc', cpc)!.props.status = 'not-operating';
    expect(await of.caller.post(`${cpc}/partitions`, { wrong: 1 })).toMatchObject({ status: 400, reason: 6 });
    expect(await of.caller.post(`${cpc}/partitions`, { ...smallPartition, name: 'p2' })).toMatchObject({
      status: 409,
      reason: 1,
    });
    expect(await of.caller.post(partition, { description: 'x' })).toMatchObject({ status: 409, reason: 6 });
  });

  it('may be larger than others only where images are uploaded', async () => {
    const of = await bench();
    const partition = await newPartition(of);
    const image = Buffer.alloc(2 << 20);
    const uri = `${partition}/operations/mount-iso-image`;
    const headers = { 'content-type': 'application/octet-stream' };

    expect(await of.caller.send('POST', uri, image, headers)).toMatchObject({ status: 400, reason: 1 });
    expect(await of.caller.send('POST', `${uri}?image-name=a.img&ins-file-name=/b`, image, headers)).toMatchObject({
      reason: 14,
    });
    expect((await of.caller.send('POST', `${uri}?image-name=a.iso&ins-file-name=/b.ins`, image, headers)).status).toBe(
      204,
    );
    expect((await of.caller.get(partition)).body).toMatchObject({
      'boot-iso-image-name': 'a.iso',
      'boot-iso-ins-file': '/b.ins',
    });
    expect((await of.caller.post(`${partition}/operations/unmount-iso-image`)).status).toBe(204);
    expect((await of.caller.post(`${partition}/operations/unmount-iso-image`)).status).toBe(409);
  });
});
