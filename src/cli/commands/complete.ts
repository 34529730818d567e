import { Argument, Command } from 'commander';
import { completionScript, shells } from '../complete.ts';
import type { Shell } from '../complete.ts';
import { findCompleted } from '../complete-words.ts';
import type { Completed } from '../complete-words.ts';
import type { AddCommand } from '../add-command.ts';
import type { CommandContext } from '../context.ts';

export function addCompleteCommand(program: Command, add: AddCommand): void {
  add(program, 'complete', 'Print the completion of this command for a shell', async (context, command) => {
    const shell = command.processedArgs[0] as Shell; // one of the choices
    context.io.stdout.write(completionScript(program, shell));
  })
    .addArgument(new Argument('<shell>', 'the shell').choices([...shells]))
    .addHelpText('after', '\nFor bash: source <(dpm complete bash)\nFor fish: dpm complete fish | source');
  addWordsCommand(program, add);
}

/** Adds the hidden command that the scripts call for names: `dpm __complete -- server show ''`. */
function addWordsCommand(program: Command, add: AddCommand): void {
  const words = add(new Command(), '__complete', 'Print the names that can follow', async (context, command) => {
    const given = command.processedArgs[0] as readonly string[];
    const names = await findNames(context, findCompleted(program, given));
    const current = given.at(-1) ?? '';
    const fitting = [...new Set(names)].toSorted().filter((name) => name.startsWith(current) && !/\p{Cc}/u.test(name));
    context.io.stdout.write(fitting.map((name) => `${name}\n`).join(''));
  }).argument('[words...]', 'the words of the command line');
  program.addCommand(words.copyInheritedSettings(program), { hidden: true });
}

/** Time for HMC and Cinder: a user waits for the shell. */
const PATIENCE_MS = 3_000;

/** Returns names of servers and flows from the state directory, volumes from Cinder, partitions from the HMC; none on failure. */
async function findNames(context: CommandContext, what: Completed | undefined): Promise<readonly string[]> {
  const { backend } = context.io;
  const signal = AbortSignal.any([context.waiting.signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    switch (what?.kind) {
      case undefined:
        return [];
      case 'columns':
        return what.columns;
      case 'servers':
        return await backend.serverNames(context.settingsWithoutHmc());
      case 'flows':
        return (await backend.listFlows(context.settingsWithoutHmc())).map(({ id }) => id);
      case 'volumes': {
        const { log, requestId } = context;
        using volumes = await backend.openVolumes(context.settingsWithoutHmc(), {
          log,
          requestId,
          onStep: () => undefined,
        });
        return (await volumes.list({ signal })).map(({ name, id }) => (name === '' ? id : name));
      }
      case 'partitions': {
        // Without a password in the settings nothing is asked: the shell's own line is on the terminal.
        const { log, requestId, purpose } = context;
        const request = { requestId, signal };
        const quiet = {
          onWait: () => undefined,
          onNote: () => undefined,
          onResume: () => undefined,
          onStep: () => undefined,
        };
        const options = { log, purpose, access: 'read', context: request, ...quiet } as const;
        await using manager = await backend.openManager(context.settings(), options);
        return (await manager.listPartitions({ all: true }, request)).map(({ name }) => name);
      }
    }
  } catch (error) {
    context.log.debug({ event: 'complete.failed', error: String(error) }, 'nothing to complete');
    return [];
  }
}
