/* Form of the answers of the simulated HMC. */
import { describe, expect, it } from 'vitest';

import { bench, bootablePartition, newPartition, text } from './hmc-support.ts';

describe('Location headers of the simulated HMC', () => {
  // IBM WS API, HTTP status codes, 3932-LA2: the header belongs to 201. python-zhmcclient `_session.py` takes one on a
  // 202 for the URI of what the job creates, and adds it to the result of the job.
  it('are not sent with the answers that name a job', async () => {
    const of = await bench();
    const { partition } = await bootablePartition(of);
    const answers = [];
    for (const operation of ['start', 'psw-restart', 'stop'])
      answers.push(await of.caller.post(`${partition}/operations/${operation}`));
    const recent = await bench({ machine: 'z16' });
    const cpcUri = recent.cpc;
    const { body } = await recent.caller.post('/api/storage-groups', { name: 'g', 'cpc-uri': cpcUri, type: 'fcp' });
    const group = text(body['object-uri']);
    answers.push(await recent.caller.post(`${group}/operations/start-fcp-storage-discovery`));

    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: 202,
        body: { 'job-uri': expect.stringMatching(/^\/api\/jobs\//u) as string },
      });
      expect(answer.headers.get('location')).toBeNull();
    }
  });

  it('name what was created', async () => {
    const of = await bench();
    const partition = await newPartition(of);

    const made = await of.caller.post(`${partition}/hbas`, { name: 'h', 'adapter-port-uri': of.ports[0] });

    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(made.body['element-uri']);
  });
});
