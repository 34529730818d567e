import { expect, it } from 'vitest';
import { serialConsole } from './console.ts';

it.each([
  ['hmc1:6794', 'hmc1', 6794],
  ['hmc1', 'hmc1', 443], // the port of the scheme is not part of the host of a URL
  ['[fd00::17]:6794', '[fd00::17]', 6794],
])('the console of a partition at HMC %s is at host %s, port %i', (hmcHost, host, port) => {
  const deps = { hmc: { hmcHost: () => hmcHost } } as unknown as Parameters<typeof serialConsole>[0]; // all that it reads

  expect(serialConsole(deps, { uri: '/api/partitions/1', name: 'web1' })).toMatchObject({ host, port });
});
