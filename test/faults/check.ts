import { runMatrix } from './matrix.ts';
import type { MatrixPlan } from './matrix.ts';
import { fallen, writeFloors } from './pins.ts';
import { isRecordedSample } from './sample.ts';

const isWriting = process.env.FAULT_MATRIX_FLOORS === 'write';

/**
 * Nothing is left behind unnamed, every row ends as its cell of the table says, every fault struck where it was meant to, no
 * step is without one, and no cell has fewer rows than it had. Prints the number of rows by ending and cell.
 */
export async function checkMatrix(plan: MatrixPlan): Promise<void> {
  const { title } = plan;
  const { summary, endings, problems, misfits, misses, untouched, count } = await runMatrix(plan);
  console.log(`${summary}\n${endings}`);
  if (isWriting) writeFloors(title, count);
  const lost = !isWriting && isRecordedSample ? fallen(title, count) : [];
  const found = Object.entries({ problems, misfits, misses, untouched, lost }).filter(([, rows]) => rows.length > 0);
  if (found.length > 0) throw new Error(`${title}\n${found.map(describe).join('\n')}`);
}

/** The rows themselves: a build server shows the message of an error, and not what differs from what was expected. */
function describe([kind, rows]: readonly [string, readonly string[]]): string {
  return `${kind}:\n${rows.map((row) => `  ${row}`).join('\n')}`;
}
