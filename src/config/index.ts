export { nodeFiles } from './file-access.ts';
export type { FileAccess } from './file-access.ts';
export { loadHostConnectors, loadSettings } from './load.ts';
export type { LoadOptions } from './load.ts';
export { PATH_TOKEN_VARIABLE } from './sources.ts';
export type { Environment } from './sources.ts';
export type { Option, OptionValue, ValueType } from './option.ts';
export { configRows, configSample, formatSettings } from './sample.ts';
export { settingsSchema } from './schema.ts';
export type { SectionName, SectionValues } from './schema.ts';
export type {
  ApplicationCredentialAuth,
  CinderAuthSettings,
  CinderSettings,
  DpmSettings,
  NoAuth,
  PasswordAuth,
  Settings,
  UserSettings,
} from './settings.ts';
export { configShow } from './show.ts';
export type { ShownSetting } from './show.ts';
export { wwnnFromTemplate } from './value-types.ts';
export type { AdapterPort, HostConnectorSetting, VolumeDriverSetting } from './value-types.ts';
export type { SettingEntry } from './values.ts';
