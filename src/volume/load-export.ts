import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A module of a third party and the export to use. Settings write it as `package-or-path#ExportName`. */
export interface ExportReference {
  readonly module: string;
  readonly exportName?: string | undefined;
}

export function parseExportReference(text: string): ExportReference {
  const hash = text.lastIndexOf('#');
  if (hash < 0) return { module: text, exportName: undefined };
  return { module: text.slice(0, hash), exportName: text.slice(hash + 1) };
}

/**
 * Imports the module that a setting names and returns its export. Paths are relative to `baseDir`. Packages are resolved from `baseDir` first, so that a
 * project's own packages are found wherever this package is installed.
 *
 * @returns the named export, else the default export, else the only export
 * @throws Error listing what the module exports, when the named export is missing
 */
export async function loadExport(reference: ExportReference, baseDir: string): Promise<unknown> {
  const loaded = (await import(locate(reference.module, baseDir))) as Record<string, unknown>; // a module namespace
  const name = reference.exportName ?? ('default' in loaded ? 'default' : onlyExport(loaded));
  if (name !== undefined && name in loaded) return loaded[name];
  const found = Object.keys(loaded).join(', ') || 'nothing';
  throw new Error(
    `module "${reference.module}" does not export "${reference.exportName ?? 'default'}" (it exports ${found})`,
  );
}

/**
 * Imports the class that a setting names. Check its methods on an instance.
 *
 * @throws Error when the module cannot be imported, or the export is not a class
 */
export async function loadClass<Class>(reference: ExportReference, baseDir: string): Promise<Class> {
  const loaded = await loadExport(reference, baseDir);
  if (typeof loaded !== 'function') throw new Error(`it exports ${typeof loaded}, expected a class`);
  return loaded as Class;
}

function locate(module: string, baseDir: string): string {
  if (module.startsWith('.') || isAbsolute(module)) return pathToFileURL(resolve(baseDir, module)).href;
  if (module.startsWith('file:')) return module;
  const near = createRequire(resolve(baseDir, 'package.json'));
  try {
    return pathToFileURL(near.resolve(module)).href;
  } catch {
    return importOnly(module, near.resolve.paths(module) ?? []) ?? module; // if it fails, the import names the cause
  }
}

/** Finds a package whose `exports` have only the `import` condition; `require.resolve` ignores those. */
function importOnly(module: string, directories: readonly string[]): string | undefined {
  const root = directories.map((each) => join(each, module)).find((each) => existsSync(join(each, 'package.json')));
  if (root === undefined) return undefined;
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const isObject = typeof manifest === 'object' && manifest !== null && 'exports' in manifest;
  const entry = isObject ? importTarget(manifest.exports) : undefined;
  return entry === undefined ? undefined : pathToFileURL(resolve(root, entry)).href;
}

/** Conditions of `exports` that apply to an import, and `.`, the key of the package itself. */
const importKeys = ['.', 'import', 'module-sync', 'node', 'default'];

/** Returns the first target that applies, in key order, as Node does. */
function importTarget(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const applicable = Object.entries(exports).filter(([key]) => importKeys.includes(key));
  return applicable.map(([, inner]) => importTarget(inner)).find((target) => target !== undefined);
}

function onlyExport(loaded: Record<string, unknown>): string | undefined {
  const [only, ...others] = Object.keys(loaded);
  return others.length === 0 ? only : undefined;
}
