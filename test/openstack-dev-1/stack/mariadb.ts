import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { databaseSocket, keptDirectory, type Bed } from './settings.ts';

const data = (bed: Bed) => join(keptDirectory(bed), 'mariadb');

/** Makes an empty MariaDB. */
export async function installMariadb(bed: Bed): Promise<void> {
  const args = [`--datadir=${data(bed)}`, '--user=root', '--auth-root-authentication-method=normal', '--skip-test-db'];
  await bed.processes.run('mariadb-install-db', { command: 'mariadb-install-db', args: ['--no-defaults', ...args] });
}

/** Starts MariaDB on a Unix socket. It does not wait for the disk: its content ends with the run. */
export async function startMariadb(bed: Bed): Promise<void> {
  const args = [
    '--no-defaults',
    `--datadir=${data(bed)}`,
    `--socket=${databaseSocket(bed)}`,
    '--user=root',
    '--skip-networking',
    '--skip-grant-tables',
    '--max-connections=500',
    '--character-set-server=utf8mb4',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-doublewrite=0',
    '--innodb-log-file-size=16M',
    '--innodb-buffer-pool-size=128M',
    '--innodb-flush-method=nosync',
  ];
  bed.processes.start('mariadb', { command: 'mariadbd', args });
  await bed.processes.until('MariaDB answers', 120, ['mariadb'], () => Promise.resolve(runSql(bed, '', 'select 1')));
}

/** @returns whether it succeeded */
export function runSql(bed: Bed, database: string, sql: string): boolean {
  const args = [
    '--no-defaults',
    `--socket=${databaseSocket(bed)}`,
    '--user=root',
    ...(database === '' ? [] : [database]),
  ];
  return spawnSync('mariadb', args, { input: sql, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}
