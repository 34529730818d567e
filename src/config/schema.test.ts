import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, isSecretKey } from '../base/index.ts';
import { goodSettings, loadText, settingsText } from '../../test/support/settings.ts';
import type { Option } from './option.ts';
import { showValue } from './problems.ts';
import type { SettingsProblem } from './problems.ts';
import { sectionNames, sectionOptions } from './schema.ts';

interface Row {
  readonly name: string;
  readonly option: Option;
  readonly wrong: string;
}

/** Every wrong value of every setting: a new row of the table is covered the day it is written. */
const rows: readonly Row[] = sectionNames.flatMap((section) =>
  Object.entries(sectionOptions(section)).flatMap(([name, option]) =>
    option.wrong
      .filter((wrong) => !(option.list === true && wrong === ''))
      .map((wrong) => ({ name: `${section}.${name}`, option, wrong })),
  ),
);

function problemsOf(work: () => unknown): { readonly message: string; readonly problems: readonly SettingsProblem[] } {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { message: error.message, problems: error.facts.problems as unknown as readonly SettingsProblem[] }; // ours
  }
  throw new Error('the settings were accepted');
}

describe('every setting', () => {
  test('has a wrong value, a help text and an expectation', () => {
    for (const section of sectionNames) {
      for (const [name, option] of Object.entries(sectionOptions(section))) {
        expect(option.wrong.length, name).toBeGreaterThan(0);
        expect(option.help, name).toMatch(/^[A-Za-z].*\.$/);
        expect(option.expected, name).not.toBe('');
      }
    }
    expect(rows.length).toBeGreaterThan(150);
  });

  test('accepts its own default and example', () => {
    for (const section of sectionNames) {
      for (const [name, option] of Object.entries(sectionOptions(section))) {
        for (const text of [option.default, option.example]) {
          const parts = text === undefined || text === '' ? [] : option.list === true ? text.split(',') : [text];
          for (const part of parts) expect(option.schema.safeParse(part).success, `${name} = ${part}`).toBe(true);
        }
      }
    }
  });

  test.each(rows)('$name refuses $wrong and says what was expected', ({ name, option, wrong }) => {
    // A line end in a value is a continuation line in a file.
    const text = settingsText({ [name]: wrong.replaceAll('\n', '\n  ') });

    const { message, problems } = problemsOf(() => loadText(text));

    const problem = problems.find((one) => one.option === name);
    const shown = option.secret === true ? '***' : showValue(wrong);
    expect(problem).toMatchObject({ option: name, value: shown });
    expect(problem?.where).toMatch(/^\/cfg\/nova-dpm\.conf:\d+$/);
    expect(problem?.expected).toContain(option.expected);
    expect(message).toContain(`${name} = ${shown}`);
    expect(message).toContain(option.expected);
  });

  test.each(rows)('$name refuses $wrong from the environment too', ({ name, option, wrong }) => {
    // Values of a multi-valued option are divided by commas there, and an empty one is as wrong as in a file.
    const [section = '', key = ''] = name.split('.');
    const variable = `NOVA_DPM_${section.toUpperCase()}__${key.toUpperCase()}`;
    const single = option.multi === true ? wrong.replaceAll(/[,\n]/g, '') : wrong;

    const { problems } = problemsOf(() => loadText(settingsText(), { env: { [variable]: single } }));

    expect(problems).toContainEqual(expect.objectContaining({ option: name, where: variable }));
  });

  test.each(rows.filter(({ option }) => option.secret === true))('$name is shown in no message', ({ name, wrong }) => {
    const { message, problems } = problemsOf(() => loadText(settingsText({ [name]: wrong.replaceAll('\n', '\n  ') })));

    expect(message + JSON.stringify(problems)).not.toContain(wrong.slice(0, 9));
  });
});

test('tells of all problems at once', () => {
  const text = settingsText({
    'dpm.max_memory': 'lots',
    'dpm.max_processors': undefined,
    'dpm.hmc': 'http://hmc1',
    'dpm.max_memroy': '4',
    'cinder.password': undefined,
  });

  const { problems } = problemsOf(() => loadText(text));

  expect(problems.map(({ option }) => option).sort()).toEqual([
    'cinder.password',
    'dpm.hmc',
    'dpm.max_memory',
    'dpm.max_memroy',
    'dpm.max_processors',
  ]);
});

test.each([
  ['dpm.hmc'],
  ['dpm.hmc_username'],
  ['dpm.hmc_password'],
  ['dpm.cpc_object_id'],
  ['dpm.max_processors'],
  ['dpm.max_memory'],
  ['cinder.auth_url'],
  ['cinder.username'],
  ['cinder.password'],
  ['cinder.project_name'],
])('%s is missed when it is left out', (option) => {
  const { message, problems } = problemsOf(() => loadText(settingsText({ [option]: undefined })));

  expect(problems.map((problem) => problem.option)).toEqual([option]);
  expect(message).toContain(`${option} is missing`);
});

test('adapter ports may be left out: machines of FICON or NVMe disks alone have none', () => {
  const settings = loadText(settingsText({ 'dpm.physical_storage_adapter_mappings': undefined }));

  expect(settings.dpm.adapterPorts).toEqual([]);
});

test('any value of any setting is taken or refused, never a crash, and no secret is ever shown', () => {
  const keys = sectionNames.flatMap((section) =>
    Object.keys(sectionOptions(section)).map((name) => `${section}.${name}`),
  );
  const value = fc
    .string({ unit: 'grapheme', maxLength: 40 })
    .map((text) => text.replaceAll(/[\r\n\u2028\u2029]/g, ''));
  // Every secret is blanked in all that this process says: a password such as "toString" would spoil the tests after this.
  const asSecret = (text: string) => (text === '' ? '' : `${text}~generated`);
  fc.assert(
    fc.property(fc.constantFrom(...keys), value, (key, generated) => {
      const text = isSecretKey(key.slice(key.indexOf('.') + 1)) ? asSecret(generated) : generated;
      const changed = settingsText({ [key]: text }, { ...goodSettings, 'DEFAULT.compute_driver': 'dpm.DPMDriver' });
      let seen: string;
      try {
        seen = JSON.stringify(loadText(changed));
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        seen = `${(error as ConfigError).message} ${JSON.stringify((error as ConfigError).facts)}`; // as the line above says
      }
      expect(seen).not.toContain('sentinel-secret');
    }),
    { numRuns: 500 },
  );
});
