/*
 * npm run lint:shell: shellcheck over every shell file of the guest tools and of their tests. Where there is no
 * shellcheck it says so and ends with status 3, which the CI counts neither as passed nor as failed.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const NOT_RUN = 3;

/** Fewer means that this script looks in the wrong place. */
const MIN_FILES = 14;

/** With what they source; each as the shell that its first line names. */
const programs = globSync([
  'guest/dpm-guest',
  'guest/install.sh',
  'guest/deb/post*',
  'guest/dracut/*/*.sh',
  'guest/initramfs-tools/hooks/*',
  'guest/initramfs-tools/scripts/*/*',
  'test/guest/fake/*',
]);
const libraries = globSync('guest/lib/*.sh');

if (spawnSync('shellcheck', ['--version']).status !== 0) {
  console.log('shellcheck: NOT RUN: there is no shellcheck here (Debian: apt-get install shellcheck)');
  process.exit(NOT_RUN);
}
const { status } = spawnSync('shellcheck', ['--external-sources', '--check-sourced', ...programs], {
  stdio: 'inherit',
});
const files = programs.length + libraries.length;
console.log(`shellcheck: ${files} files, ${status === 0 ? 'no findings' : 'see above'}`);
process.exitCode = status === 0 && files >= MIN_FILES ? 0 : 1;
