import { expect, test } from 'vitest';
import { hmcRoutes } from '../../src/simulator/hmc/index.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import { bench } from './hmc-support.ts';

/*
 * What the real peers say of a Content-Type. HMC: IBM WS API, Common request validation reason codes. Cinder:
 * cinder/api/openstack/wsgi.py. Keystone: keystone/server/flask/request_processing/json_body.py.
 */

const changing = hmcRoutes.filter(({ method }) => method !== 'GET');
const form = { 'content-type': 'application/x-www-form-urlencoded' };

test('an HMC refuses a form for each operation, with a body or without one', async () => {
  const { caller } = await bench();
  const refused = { status: 400, reason: 2 };

  for (const { method, path } of changing) {
    const uri = path.replaceAll(/:\w+/gu, 'x');
    expect(await caller.send(method, uri, undefined, form), `${method} ${path}`).toMatchObject(refused);
    expect(await caller.send(method, uri, 'name=x', form), `${method} ${path}`).toMatchObject(refused);
  }
});

test('an HMC takes JSON, with parameters or without, and a request without a body that names no type', async () => {
  const { caller, hmc, cpc } = await bench();
  const json = { 'content-type': 'Application/JSON; charset=utf-8' };
  const wrong = { ...json, 'content-type': 'application/octet-stream' };

  expect(await caller.send('POST', `${cpc}/partitions`, '{}', json)).toMatchObject({ status: 400, reason: 5 });
  expect(await caller.send('POST', `${cpc}/partitions`, '{}', wrong)).toMatchObject({ status: 400, reason: 2 });
  const bare = await fetch(`${hmc.url}/api/jobs/x/operations/cancel`, {
    method: 'POST',
    headers: { 'x-api-session': caller.session ?? '' },
  });
  expect(bare.status).toBe(404);
});

test('an HMC takes an image as octets only', async () => {
  const { caller } = await bench();
  const uri = '/api/partitions/x/operations/mount-iso-image?image-name=a.iso&ins-file-name=/b.ins';
  const image = Buffer.from('{}');

  expect(await caller.send('POST', uri, image)).toMatchObject({ status: 400, reason: 2 });
  const octets = { 'content-type': 'application/octet-stream' };
  expect(await caller.send('POST', uri, image, octets)).toMatchObject({ status: 404, reason: 1 });
});

test('Keystone refuses a body of another type, and reads one of no type as JSON', async () => {
  await using simulator = await startSimulator();
  const ask = async (type: Readonly<Record<string, string>>) => {
    const body = Buffer.from('{"auth": {"identity": {"methods": []}}}');
    const answer = await fetch(`${simulator.keystone.url}/auth/tokens`, { method: 'POST', headers: type, body });
    return { status: answer.status, text: await answer.text() };
  };

  expect(await ask(form)).toMatchObject({
    status: 400,
    text: expect.stringContaining('Expecting to find application/json in Content-Type header') as string,
  });
  for (const type of [{}, { 'content-type': 'application/json' }]) {
    expect((await ask(type)).text).not.toContain('Content-Type');
  }
});
