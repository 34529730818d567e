import type { HmcContext } from './context.ts';
import { GuestTerminal, runInShell, type ShellSurroundings } from './guest-shell.ts';
import { textOf } from './model/json.ts';
import type { Resource } from './model/model.ts';
import { say } from './os-console.ts';
import { shutDown } from './power/power.ts';

/** The size of a line-mode console, which no program asks for. */
const lineMode = { rows: 24, columns: 80 };

/** A command arrives at the guest's line-mode console: what listens there prints its answer as messages. */
export function commandGuest(context: HmcContext, partition: Resource, command: string): void {
  const prompt = `${hostNameOf(partition)} login: `;
  if (context.options.lineModeConsole === 'login') {
    say(context, partition, [`${prompt}${command}`, 'Password:']);
    return;
  }
  say(context, partition, [command, ...runInShell(command, surroundingsOf(context, partition), lineMode)]);
}

/** The terminal behind the ASCII console of a partition, which a later client finds as the earlier one left it. */
export function terminalOf(context: HmcContext, partition: Resource): GuestTerminal {
  const { terminals, asciiConsoles } = context;
  const known = terminals.get(partition.uri);
  if (known !== undefined) return known;
  const show = (text: string) => asciiConsoles.lineOf(partition.uri)?.show(text);
  const terminal = new GuestTerminal(surroundingsOf(context, partition), show);
  terminals.set(partition.uri, terminal);
  return terminal;
}

function surroundingsOf(context: HmcContext, partition: Resource): ShellSurroundings {
  return { hostName: hostNameOf(partition), shutDown: () => shutDown(context, partition) };
}

function hostNameOf({ props }: Resource): string {
  return textOf(props, 'name').toLowerCase();
}
