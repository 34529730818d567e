export { hasNetworkPort, networkFamily, networkPortsOf, nicCapacity } from './adapter-port.ts';
export { DpmNetwork } from './network.ts';
