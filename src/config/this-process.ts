/* eslint-disable no-restricted-globals -- the defaults of the library; commands pass what they know of their process */
import { homedir, hostname } from 'node:os';
import { nodeFiles } from './file-access.ts';

/** Returns what a function of the library uses of its process, unless its caller says otherwise. */
export function thisProcess() {
  return {
    env: process.env,
    cwd: process.cwd(),
    pid: process.pid,
    home: homedir(),
    hostname: hostname(),
    files: nodeFiles,
  };
}
