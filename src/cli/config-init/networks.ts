import type { Waiting } from '../../base/index.ts';
import { settingsSchema } from '../../config/index.ts';
import type { Adapter, Cpc, HmcSession } from '../../hmc-client/index.ts';
import { networkFamily, networkPortsOf } from '../../partition/network/index.ts';
import type { Questions } from '../questions.ts';
import { askUntil, showChoices } from './answers.ts';
import type { Choice, Reader } from './answers.ts';

/** Asks for names of networks on the network ports of the CPC. @returns values of `dpm.networks`; none if there is no port */
export async function askNetworks(
  hmc: HmcSession,
  cpc: Cpc,
  questions: Questions,
  w: Waiting,
): Promise<readonly string[]> {
  const listed = await hmc.adapters.list(cpc.uri, {}, w);
  const wanted = listed.filter(({ family }) => networkFamily(family) !== undefined);
  const adapters = await Promise.all(wanted.map(({ uri }) => hmc.adapters.get(uri, w)));
  const choices = adapters.flatMap(portChoices);
  if (choices.length === 0) return [];
  showChoices(questions, 'Network adapter ports:', choices);
  const question =
    'Networks, each as NAME=NUMBER[,vlan=N] with the number of a port, separated by blanks; empty for none';
  return await askUntil(questions, question, undefined, readNetworks(choices), w);
}

function portChoices(adapter: Adapter): readonly Choice<string>[] {
  return networkPortsOf(adapter).map((port) => {
    const value = `${adapter.objectId}:${port}`;
    return { value, names: [value], line: `${adapter.name}, port ${port}, type ${adapter.type}, ${adapter.status}` };
  });
}

/** Accepts none, or several networks, each name once. */
function readNetworks(choices: readonly Choice<string>[]): Reader<readonly string[]> {
  return (answer) => {
    const words = answer.split(/\s+/).filter((word) => word !== '');
    const values = words.flatMap((word) => networkOf(word, choices) ?? []);
    const names = new Set(values.map((value) => value.split('=')[0]));
    if (values.length === words.length && names.size === words.length) return { value: values };
    return { expected: `such as prod=1 dev=1,vlan=120: each name once, numbers from 1 to ${choices.length}` };
  };
}

function networkOf(word: string, choices: readonly Choice<string>[]): string | undefined {
  const [, name = '', number = '', rest = ''] = /^([^=]+)=(\d+)(,.*)?$/.exec(word) ?? [];
  const port = choices[Number(number) - 1];
  const value = `${name}=${port?.value ?? ''}${rest}`;
  return port !== undefined && settingsSchema.dpm.networks.schema.safeParse(value).success ? value : undefined;
}
