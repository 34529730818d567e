import { playConversation } from '../support/nock-conversation.ts';
import { HttpTransport } from '/work/main/src/http/index.ts';
import { silentLogger } from '/work/main/src/base/index.ts';
const c = playConversation('https://hmc1:6794', [
  { method: 'POST', path: '/api/x', reply: { status: 200, body: { a: 1 } } },
  { method: 'POST', path: '/api/y', reply: { error: 'ECONNRESET' } },
]);
const t = new HttpTransport({
  baseUrl: 'https://hmc1:6794',
  connectTimeoutMs: 1000,
  requestTimeoutMs: 3000,
  maxConcurrent: 2,
  maxQueued: 10,
  maxResponseBytes: 1000,
  log: silentLogger,
});
for (const path of ['/api/x', '/api/y'])
  try {
    console.log(await t.request({ method: 'POST', path, body: { a: 1 }, signal: new AbortController().signal }));
  } catch (e) {
    console.log(e, (e as any).cause);
  }
console.log(c.seen);
