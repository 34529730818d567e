/** @public */
export interface DiagnosedPath {
  readonly initiatorWwpn: string;
  readonly targetWwpn: string;
  readonly lun: string;
  readonly deviceNumber: string | null;
}
