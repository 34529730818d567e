/** How much really happened: a model test in which nothing goes wrong proves little. */
export interface Tally {
  operations: number;
  struck: number;
  crashes: number;
  rolledBack: number;
  stuck: number;
  resumed: number;
}

export function newTally(): Tally {
  return { operations: 0, struck: 0, crashes: 0, rolledBack: 0, stuck: 0, resumed: 0 };
}
