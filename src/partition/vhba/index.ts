export { HbaStorage } from './storage.ts';
