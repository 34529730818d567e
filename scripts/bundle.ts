/*
 * Bundles the sources into JavaScript: one file for each entry, and files that the entries share. Loading hundreds of
 * separate modules would take most of the time of a short command.
 */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { z } from 'zod';
import { leanAxios, quickBuiltins } from './bundle-plugins.ts';

const root = join(import.meta.dirname, '..');
const path = (file: string) => join(root, file);

const entries = {
  index: path('src/index.ts'),
  'hmc-client/index': path('src/hmc-client/index.ts'),
  'simulator/index': path('src/simulator/index.ts'),
  'conformance/index': path('conformance/index.ts'),
  'cli/main': path('src/cli/main.ts'),
};

/**
 * Chunks are two levels below package.json, like the sources. All entries share them, so that a class exists once in a
 * process.
 */
const output = { format: 'esm', chunkFileNames: 'chunks/[name]-[hash].js' } as const;

/** Writes the bundle to the directory `dist`, with the licences of the packages in it. */
export async function bundle(dist: string): Promise<void> {
  const build = await rolldown({
    input: entries,
    platform: 'node',
    // No module acts when it is loaded, except entries. So an import from an index loads only what it names.
    treeshake: { moduleSideEffects: false },
    plugins: [quickBuiltins, leanAxios],
    transform: { target: 'es2023' }, // Node.js 22 has no `using`
    // The conformance kit imports the package by its name, as its users do.
    resolve: { alias: { 'nova-dpm': path('src/index.ts') } },
    onLog(level, log) {
      if (level === 'warn') throw new Error(`bundle: ${log.message}`);
    },
  });
  const { output: chunks } = await build.write({ ...output, dir: dist });
  await build.close();
  const packages = new Set(
    chunks.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds.flatMap(packageOf) : [])),
  );
  writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), [...packages].toSorted().map(licenceOf).join('\n\n'));
}

/** Builds the command into a directory. @returns its main module */
export async function bundleCommand(directory: string): Promise<string> {
  const dist = join(directory, 'dist');
  await bundle(dist);
  cpSync(path('package.json'), join(directory, 'package.json')); // contains the module type and the version
  return join(dist, 'cli', 'main.js');
}

const manifest = z.looseObject({ name: z.string(), version: z.string(), license: z.string() });

/** The directory of the npm package to which a module belongs. */
function packageOf(moduleId: string): string[] {
  const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(moduleId);
  return found === null ? [] : [found[0]];
}

function licenceOf(directory: string): string {
  const { name, version, license } = manifest.parse(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')));
  const file = readdirSync(directory).find((each) => /^licen[cs]e(?:\.(?:md|txt))?$/i.test(each));
  const text = file === undefined ? '' : `\n\n${readFileSync(join(directory, file), 'utf8').trim()}`;
  return `${name} ${version}: ${license}${text}`;
}
