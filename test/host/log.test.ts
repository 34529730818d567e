/* The host connector logs every write to sysfs and every command. */
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { neverAborted } from '../../src/base/index.ts';
import { connectionInfo, fourPaths, hostConnector } from '../support/fake-host/scenes.ts';

const signal = neverAborted();

interface Line {
  readonly event?: string;
  readonly path?: string;
  readonly text?: string;
  readonly command?: string;
  readonly errno?: string;
  readonly status?: number;
}

test('every write and command is in the log at debug, in order, with its outcome', async () => {
  const lines: Line[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Line); // what pino writes
      done();
    },
  });
  const host = fourPaths({ allowLunScan: false });
  host.fail(/0\.0\.8002.*unit_add/, 'EIO', 1);
  host.fail(/flushbufs \/dev\/sda/, { status: 1 }, 1);
  const connector = await hostConnector(host, { log: pino({ level: 'debug' }, sink) });

  const device = await connector.connectVolume(connectionInfo(), { signal });
  await connector.disconnectVolume(connectionInfo(), device, { signal, force: true });

  const shown = lines.flatMap(({ event, path, text, command }) =>
    event === 'host.write' ? [`write ${path} ${text}`] : event === 'host.run' ? [`run ${command}`] : [],
  );
  expect(shown).toEqual(host.log);
  expect(lines.filter(({ errno }) => errno === 'EIO')).toHaveLength(1);
  expect(lines.filter(({ command, status }) => command?.includes('/dev/sda') === true && status === 1)).toHaveLength(1);
});
