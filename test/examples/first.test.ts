import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';

const program = 'examples/first.ts';

test('the program that README prints creates a server, shows its paths and deletes it', async () => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));

  await import('../../examples/first.ts');

  expect(lines[0]).toMatch(/^web1 is ACTIVE in partition OpenStack-compute1-[0-9a-f-]{36}$/);
  // Two vHBAs, four target ports.
  expect(lines).toHaveLength(1 + 8);
  for (const line of lines.slice(1))
    expect(line).toMatch(/^device [0-9a-f]{4}: c05076[0-9a-f]{10} -> 5005076[0-9a-f]{9}, LUN [0-9a-f]{16}$/);
});

test('README prints the program word for word', () => {
  const printed = readFileSync('README.md', 'utf8').matchAll(/^```ts\n(.*?)^```$/gms);

  expect([...printed].map(([, code]) => code)).toContain(readFileSync(program, 'utf8'));
});
