export { DpmNetwork } from './network.ts';
