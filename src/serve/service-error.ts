import type { ServiceCode } from './nova-exceptions.ts';

/** An error of the service itself: the driver was not asked, or its answer is not awaited. */
export class ServiceError extends Error {
  readonly code: ServiceCode;

  constructor(code: ServiceCode, message: string) {
    super(message);
    this.code = code;
  }
}
