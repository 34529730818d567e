import { Argument } from 'commander';
import type { Command } from 'commander';
import type { AddCommand } from '../add-command.ts';
import { flowDetail, flowSummary } from '../flow-views.ts';
import { nameOrId } from '../usage.ts';

/** The fields of `dpm flow list`. */
const flowColumns = [
  'id',
  'flow',
  'subject',
  'state',
  'started_at',
  'ended_at',
  'error',
  'left_behind',
  'waits_for',
] as const;

/** `dpm flow …` */
export function addFlowCommands(program: Command, add: AddCommand): void {
  const group = program.command('flow').description('The journal: running, rolled back, waiting and stuck flows');
  const id = () => new Argument('<id>', 'id of the flow').argParser(nameOrId);
  add(group, 'list', 'List the flows, newest first', async (context) => {
    context.checkColumns(flowColumns);
    const rows = await context.io.backend.listFlows(context.settingsWithoutHmc());
    context.print({ kind: 'list', rows: rows.map(flowSummary), columns: flowColumns });
  });
  add(group, 'show', 'Show a flow and its steps', async (context, command) => {
    const id = String(command.processedArgs[0]); // commander has seen to it that it is there
    const flow = await context.io.backend.showFlow(context.settingsWithoutHmc(), id);
    context.print({ kind: 'object', object: flowDetail(flow) });
  }).addArgument(id());
  add(
    group,
    'resume',
    'Take up a flow that is stuck or waits: finish it, or put back what it did',
    async (context, command) => {
      const id = String(command.processedArgs[0]);
      const flow = await context.withManager('write', async (manager, request) => {
        await manager.resumeFlow(id, request);
        return await manager.showFlow(id);
      });
      context.print({ kind: 'object', object: flowDetail(flow) });
    },
  ).addArgument(id());
}
