import { conformanceInstance } from 'nova-dpm/conformance';
import type { VolumeDriverSample } from 'nova-dpm/conformance';
import { parseLun, parseWwpn } from 'nova-dpm';
import type { Wwpn } from 'nova-dpm';
import { ALUA_TYPE } from './connection-info.ts';

const [A, B] = ['500a09818d1e7a01', '500a09828d1e7a01'].map(wwpn) as [Wwpn, Wwpn]; // two elements
const [left, right] = conformanceInstance.initiators.map((port) => port.wwpn) as [Wwpn, Wwpn]; // it has two ports
const lun = parseLun('0007000000000000') ?? failed();

const data = { target_wwn: [A, B], target_lun: 7, volume_id: 'vol-1' };
const path = (initiatorWwpn: Wwpn, targetWwpn: Wwpn) => ({ initiatorWwpn, targetWwpn, lun });

/** Answers of the array for the conformance checks, with the expected paths. */
export const aluaSamples: readonly VolumeDriverSample[] = [
  {
    name: 'controller B owns the volume',
    connectionInfo: { driver_volume_type: ALUA_TYPE, data: { ...data, optimized_targets: [B] } },
    paths: [path(left, B), path(right, B), path(left, A), path(right, A)],
  },
  {
    name: 'each fabric has its own target port',
    connectionInfo: {
      driver_volume_type: ALUA_TYPE,
      data: { ...data, optimized_targets: [B], initiator_target_map: { [left]: [A], [right]: [B] } },
    },
    paths: [path(left, A), path(right, B)],
  },
  {
    name: 'both controllers alike',
    connectionInfo: { driver_volume_type: ALUA_TYPE, data },
  },
];

function wwpn(text: string): Wwpn {
  return parseWwpn(text) ?? failed();
}

function failed(): never {
  throw new Error('a sample is not of the form that it should have');
}
