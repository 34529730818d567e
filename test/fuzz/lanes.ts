export function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Works through jobs, so many at once. */
export async function inLanes<T>(lanes: number, jobs: readonly T[], work: (job: T) => Promise<void>): Promise<void> {
  const queue = jobs.values();
  const lane = async () => {
    for (const job of queue) await work(job);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
