/*
 * npm run audit: runs npm audit on the packages that users install. Fails on a known vulnerability. If the registry has
 * no audit service, says so and passes.
 */
import { spawnSync } from 'node:child_process';
import { z } from 'zod';

const answer = z.looseObject({
  metadata: z.looseObject({ vulnerabilities: z.looseObject({ total: z.number() }) }).optional(),
  error: z.unknown().optional(),
  message: z.string().optional(),
});

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' });
const { metadata } = answer.parse(JSON.parse(stdout));
if (metadata === undefined) {
  console.log('audit: the registry in use has no audit service; nothing was checked');
} else {
  const { total } = metadata.vulnerabilities;
  console.log(`audit: ${total} known vulnerabilities in what users install`);
  if (total > 0) process.exitCode = 1;
}
