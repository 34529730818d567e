import type { ComputeManager, OpenManagerOptions } from '../../compute/index.ts';

export type { ComputeManager, OpenManagerOptions };

/** Settings by section and option. */
type Sections = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

const FILE = 'simulator.conf';

/**
 * Opens a compute manager with the settings of a simulator. Environment and settings files of the user are not read.
 *
 * @remarks Loads the manager on demand: the servers of the simulator must not share code with the client that they test.
 */
export async function openManagerWith(settings: Sections, options: OpenManagerOptions): Promise<ComputeManager> {
  const { formatSettings, loadSettings, nodeFiles } = await import('../../config/index.ts');
  const { openManager } = await import('../../compute/index.ts');
  const text = formatSettings(settings);
  const files = { ...nodeFiles, read: (path: string) => (path === FILE ? text : nodeFiles.read(path)) };
  return await openManager(loadSettings({ configFile: FILE, env: {}, files }), options);
}
