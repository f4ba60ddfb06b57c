/**
 * Health checks by `@nestjs/terminus`: `nestjs-jstp/terminus`.
 * @module nestjs-jstp/terminus
 */
export {
  JstpHealthIndicator,
  type ClientCheckOptions,
  type ServerCheckOptions,
} from './jstp-health-indicator.js';
