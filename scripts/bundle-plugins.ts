/*
 * What keeps the bundle quick to load: without it, most of the time of a short command is spent on modules of Node.js and of
 * packages that the command never uses.
 */
import type { Plugin } from 'rolldown';

/**
 * Modules of Node.js that are slow to import, because an import reads all exports: those of `http` include `WebSocket`,
 * whose getter loads the whole of undici. `process.getBuiltinModule` reads none. Axios imports `http2` without using it.
 */
export const quickBuiltins: Plugin = {
  name: 'quick-builtins',
  resolveId: (id, _importer, { kind }) =>
    kind === 'import-statement' && /^(?:node:)?(?:https?|http2)$/.test(id) ? `\0${id.replace('node:', '')}` : null,
  load: (id) => {
    const name = id.slice(1);
    if (id === '\0http2') return lazyModule(name);
    return id.startsWith('\0http') ? eagerModule(name) : null;
  },
};

/** A module with the plain values of a module of Node.js, without those that a getter loads. */
function eagerModule(name: string): string {
  const properties = Object.getOwnPropertyDescriptors(process.getBuiltinModule(name) ?? {});
  const names = Object.entries(properties).flatMap(([key, property]) => ('value' in property ? [key] : []));
  const get = `const loaded = process.getBuiltinModule('${name}');`;
  return `${get} export default loaded; ${names.map((key) => `export const ${key} = loaded.${key};`).join(' ')}`;
}

/** A module whose default export loads a module of Node.js when one of its properties is read. */
function lazyModule(name: string): string {
  const getters = Object.keys(process.getBuiltinModule(name) ?? {}).map(
    (key) => `get ${key}() { return process.getBuiltinModule('${name}').${key}; }`,
  );
  return `export default { ${getters.join(', ')} };`;
}

/** A reference to `FormData` of Node.js, which loads undici. */
const globalFormData = "typeof G.FormData !== 'undefined' ? G.FormData : undefined";

/**
 * Axios without its fetch adapter and without forms: src/http uses the adapter for `http` and sends JSON. Axios replaces its
 * own modules by `null` in the same way for browsers (the field `browser` in its package.json).
 */
export const leanAxios: Plugin = {
  name: 'lean-axios',
  resolveId: (id, importer) => {
    const isAxios = importer?.includes('/axios/lib/') === true;
    return isAxios && (id === 'form-data' || id === './fetch.js') ? `\0axios ${id}` : null;
  },
  load: (id) => {
    if (id === '\0axios form-data') return 'export default null;';
    return id === '\0axios ./fetch.js' ? 'export const getFetch = () => null;' : null;
  },
  transform: (code, id) => {
    if (!id.endsWith('/axios/lib/utils.js')) return null;
    if (!code.includes(globalFormData)) throw new Error('bundle: axios refers to FormData in another way');
    return code.replace(globalFormData, 'undefined');
  },
};
