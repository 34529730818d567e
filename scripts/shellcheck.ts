/*
 * npm run lint:shell: runs shellcheck on every shell file of the guest tools, of their tests and of the packages. If shellcheck is not
 * installed, says so and exits with 3, which the CI counts neither as passed nor as failed.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const NOT_RUN = 3;

/** Fewer files mean that this script searches in the wrong place. */
const MIN_FILES = 20;

/** Checks each file with the files that it sources, as the shell in its first line. */
const programs = globSync([
  'guest/dpm-guest',
  'guest/install.sh',
  'guest/deb/post*',
  'guest/dracut/*/*.sh',
  'guest/initramfs-tools/hooks/*',
  'guest/initramfs-tools/scripts/*/*',
  'test/guest/fake/*',
  'bridge/deb/*/{post*,prerm,dpm}',
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
