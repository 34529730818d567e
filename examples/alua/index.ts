export { ALUA_TYPE } from './connection-info.ts';
export { AluaHostConnector } from './host-connector.ts';
export { AluaVolumeDriver } from './volume-driver.ts';
