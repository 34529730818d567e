import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { blocksOf, pages } from './support.ts';

/** A piece of TypeScript that a reader sees. */
interface Snippet {
  readonly where: string;
  readonly code: string;
  /** Declarations of what a fragment uses, from the comment before the block. */
  readonly context: string;
}

const isProgram = ({ code }: Snippet) => /^import /m.test(code);

function pageSnippets(): readonly Snippet[] {
  return pages()
    .flatMap((page) => blocksOf(page, ['ts', 'typescript']))
    .map(({ where, text, note }) => ({ where, code: text, context: note.replace(/^context:/, '') }));
}

function sourceFiles(folder: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).map((name) => join(folder, name));
}

/** The `ts` blocks of doc comments. */
function commentSnippets(): readonly Snippet[] {
  return [...sourceFiles('src'), ...sourceFiles('conformance')].flatMap((file) => {
    const blocks = readFileSync(file, 'utf8').matchAll(/^ *\* ```ts\n(.*?)^ *\* ```$/gms);
    return [...blocks].map(([, body = '']) => ({ where: file, code: body.replaceAll(/^ *\* ?/gm, ''), context: '' }));
  });
}

/** A program that imports its neighbours is a part of the example of drivers and connectors. */
const folderOf = (code: string) => (code.includes(" from './") ? 'examples/alua' : 'examples');

/** Type-checks all snippets as modules among the examples, in one program. */
function typeErrors(snippets: readonly Snippet[]): readonly string[] {
  const files = new Map(
    snippets.map(({ code, context }, index) => [
      resolve(folderOf(code), `snippet-${index}.ts`),
      `${context}\n${code}\nexport {};`,
    ]),
  );
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, process.cwd());
  const host = ts.createCompilerHost(options);
  const read = host.readFile.bind(host);
  const exists = host.fileExists.bind(host);
  host.readFile = (path) => files.get(path) ?? read(path);
  host.fileExists = (path) => files.has(path) || exists(path);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, target, ...others) => {
    const text = files.get(path);
    return text === undefined ? getSourceFile(path, target, ...others) : ts.createSourceFile(path, text, target, true);
  };
  // A reader's snippet may declare what it does not use.
  const program = ts.createProgram(
    [...files.keys()],
    { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false },
    host,
  );
  return [...files.keys()].flatMap((path, index) => {
    const file = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map((each) => `${snippets[index]?.where}: ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`);
  });
}

describe('the TypeScript that readers see', () => {
  const all = [...pageSnippets(), ...commentSnippets()];
  const checked = all.filter((snippet) => isProgram(snippet) || snippet.context !== '');

  test('every program, and every fragment with declared context, has no type error', () => {
    expect(checked.length).toBeGreaterThan(3);
    expect(typeErrors(checked)).toEqual([]);
  });

  test('a wrong program is found', () => {
    const wrong = {
      where: 'here',
      code: "import { openManager } from 'nova-dpm';\nopenManager({ file: 'x' });",
      context: '',
    };

    expect(typeErrors([wrong])).toEqual([expect.stringMatching(/^here: .*'file'/)]);
  });

  test.each(all.filter((snippet) => !checked.includes(snippet)))('the fragment at $where can be parsed', ({ code }) => {
    const { diagnostics } = ts.transpileModule(code, { reportDiagnostics: true });

    expect(diagnostics?.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([]);
  });
});
