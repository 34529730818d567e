import { expect, test } from 'vitest';
import { fakeIo, runFake } from '../support/cli.ts';

const token = 'a-token-of-some-length';
const row = { kind: 'zfcp-unit', name: 'u', detail: 'd', repair: 'remove it', host: 'lnx1' };

test('the service answers for partitions and this host, until it is interrupted; verify --hosts asks it', async () => {
  const file = { text: `${token}\n`, mode: 0o600 };
  const io = fakeIo({
    files: { '/token': file },
    manager: { verify: async () => [], volumePaths: async () => [], searchPath: async () => [] },
    host: { takesVolumes: async () => true, paths: async () => [], verify: async () => [row] },
  });
  const running = runFake(['path-service', '--port', '0', '--token-file', '/token', '-f', 'json'], io);
  await expect.poll(() => io.out()).toContain('ready');
  const { url } = JSON.parse(io.out()) as { url: string };

  const asking = fakeIo({ env: { NOVA_DPM_PATH_TOKEN: token }, manager: { verify: async () => [] } });
  const verified = await runFake(['verify', '--hosts', url, '-f', 'json'], asking);
  io.signal('SIGINT');

  expect(verified.code).toBe(4);
  expect(JSON.parse(verified.stdout)).toEqual([row]);
  expect((await running).code).toBe(0);
  expect(io.closed()).toBe(1);
  expect(`${io.out()}${io.err()}${asking.err()}`).not.toContain(token);
});

test('findings of this host follow those of the manager, and --repair says of each what came of it', async () => {
  const io = fakeIo({
    manager: { verify: async () => [], repair: async () => [] },
    host: {
      takesVolumes: async () => true,
      verify: async () => [row],
      repair: async () => [{ ...row, outcome: 'repaired', error: null }],
    },
  });

  const { code, stdout, stderr } = await runFake(['verify', '--repair', '-f', 'json'], io);

  expect(JSON.parse(stdout)).toEqual([{ ...row, outcome: 'repaired', error: null }]);
  expect(stderr).toContain('zfcp-unit u: will be repaired: remove it');
  expect(code).toBe(0);
});

test.each([
  ['no token at all', ['path-service'], /a token is needed/],
  ['a token file that is not there', ['path-service', '--token-file', '/none'], /a file that exists/],
  ['a token that can be guessed', ['path-service', '--token-file', '/short'], /16 or more letters/],
  ['an address that is none', ['path-service', '--listen', 'everywhere', '--token-file', '/token'], /an IP address/],
  ['a URL with a path', ['verify', '--hosts', 'https://h/x', '--token-file', '/token'], /comma list of URLs/],
  ['plain http over the network', ['verify', '--hosts', 'http://h:1', '--token-file', '/token'], /SSH tunnel/],
  ['a token for nobody', ['verify', '--token-file', '/token'], /--hosts/],
])('%s is a wrong use', async (_what, argv, words) => {
  const files = { '/short': { text: 'secret1', mode: 0o600 }, '/token': { text: token, mode: 0o600 } };
  const io = fakeIo({ files });

  const { code, stderr } = await runFake(argv, io);

  expect(code).toBe(2);
  expect(stderr).toMatch(words);
  expect(stderr).not.toContain('secret1');
  expect(io.opened).toEqual([]);
});
