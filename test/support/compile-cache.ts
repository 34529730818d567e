import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Many tests start `dpm` as a process of its own. Half of what a start costs is compiling the same modules again: all
 * processes of a run share one cache, which goes with the run.
 */
export function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-modules-'));
  process.env.NODE_COMPILE_CACHE = directory;
  return () => rmSync(directory, { recursive: true, force: true });
}
