import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleCommand } from '../../scripts/bundle.ts';

/** Builds `dpm` once for all tests that start it as a process: loading the sources one by one takes most of their time. */
export async function setup(): Promise<() => void> {
  const directory = mkdtempSync(join(tmpdir(), 'nova-dpm-built-'));
  process.env.DPM_MAIN = await bundleCommand(directory);
  return () => rmSync(directory, { recursive: true, force: true });
}
