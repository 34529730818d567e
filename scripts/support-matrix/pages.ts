import { renderPower } from './power.ts';
import { renderSupportMatrix } from './render.ts';

/** Returns the pages of the docs that are made from tables of the code. */
export function generatedPages(): readonly { readonly file: string; readonly text: string }[] {
  return [
    { file: 'docs/support-matrix.md', text: renderSupportMatrix() },
    { file: 'docs/power.md', text: renderPower() },
  ];
}
